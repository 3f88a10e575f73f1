#include "tests/fakeprovider/reply.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/strings.h"
#include "tests/fakeprovider/json_text.h"

namespace lmgate::fakeprovider {
namespace {

constexpr size_t kSaidBytesMax = 1024;
constexpr size_t kPlainFillerBytes = 9;  // eight digits and a space
constexpr size_t kLargeFillerBytes = 4096;
constexpr size_t kBytesPerToken = 4;

std::string MakeFiller(size_t number, size_t bytes) {
  std::string filler = absl::StrFormat("%08d ", number);
  filler.resize(bytes, 'x');
  return filler;
}

}  // namespace

Reply::Reply(std::string_view text, size_t filler_count, size_t filler_bytes)
    : filler_count_(filler_count), filler_bytes_(filler_bytes) {
  while (!text.empty()) {
    const size_t space = text.find(' ');
    const size_t next =
        space == std::string_view::npos ? text.size() : text.find_first_not_of(' ', space);
    const size_t end = std::min(next, text.size());
    words_.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::string Reply::Piece(size_t index) const {
  if (index < words_.size()) return words_[index];
  return MakeFiller(index - words_.size(), filler_bytes_);
}

std::string Reply::Text() const {
  std::string text;
  text.reserve(filler_count_ * filler_bytes_ + 256);
  for (size_t i = 0; i < piece_count(); ++i) text += Piece(i);
  return text;
}

bool Reply::Truncate(size_t pieces_max) {
  if (piece_count() <= pieces_max) return false;
  filler_count_ = pieces_max - std::min(pieces_max, words_.size());
  words_.resize(std::min(pieces_max, words_.size()));
  return true;
}

Reply MakeReply(std::string_view text, const Call& call) {
  const size_t number = call.fault.numbers[0];
  switch (call.fault.kind) {
    case FaultKind::kEcho:
      return Reply(EchoText(call));
    case FaultKind::kSize:
      return Reply(std::string(number % kLargeFillerBytes, 'x'), number / kLargeFillerBytes,
                   kLargeFillerBytes);
    case FaultKind::kHugeLine:
      return Reply(StrCat(text, " "), 1, number * 1024);
    case FaultKind::kStream:
      if (!call.is_stream) return Reply(text);
      return Reply("", number, call.fault.numbers[1]);
    case FaultKind::kCutAfter:
    case FaultKind::kCutMidChunk:
    case FaultKind::kResetAfter:
    case FaultKind::kStallAfter:
    case FaultKind::kErrorAfter:
      // Long enough that there is something left to cut off.
      return Reply(StrCat(text, " "), number, kPlainFillerBytes);
    default:
      return Reply(text);
  }
}

std::string SayBack(std::string_view said) {
  if (said.empty()) return "You said nothing.";
  return StrCat("You said: ", CutText(said, kSaidBytesMax));
}

std::string EchoText(const Call& call) {
  nlohmann::ordered_json headers = nlohmann::ordered_json::array();
  for (const auto& [name, value] : call.request.headers) {
    headers.push_back(nlohmann::ordered_json::array({name, MakeJsonSafe(value).text}));
  }
  const JsonSafeText body = MakeJsonSafe(call.request.body);
  const nlohmann::ordered_json echo = {
      {"method", call.request.method},  {"target", call.request.target},
      {"headers", std::move(headers)},  {"connection_id", call.connection_id},
      {"body_encoding", body.encoding}, {"body", body.text}};
  return DumpJson(echo);
}

size_t CountTokens(std::string_view text) {
  return (text.size() + kBytesPerToken - 1) / kBytesPerToken;
}

}  // namespace lmgate::fakeprovider

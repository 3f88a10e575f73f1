#include "tests/fakeprovider/responder.h"

#include <absl/strings/escaping.h>

#include <optional>
#include <string_view>
#include <utility>

#include "common/base/strings.h"
#include "tests/fakeprovider/anthropic.h"
#include "tests/fakeprovider/bedrock.h"
#include "tests/fakeprovider/control_api.h"
#include "tests/fakeprovider/gemini.h"
#include "tests/fakeprovider/gzip.h"
#include "tests/fakeprovider/json_text.h"
#include "tests/fakeprovider/openai.h"
#include "tests/fakeprovider/openai_error.h"
#include "tests/fakeprovider/reply.h"

namespace lmgate::fakeprovider {
namespace {

// Names of fail-N-CODE that are counted; further ones are healthy.
constexpr size_t kFailuresMax = 1000;
// The header x-fake-echo is base64 of the echo, unless that would burst the client's header limit.
constexpr size_t kEchoHeaderBytesMax = 8 * 1024;

// Every dialect has its file pair with one such function. Which one is meant is told by the path:
// see ReadCall.
Answer AnswerInDialect(const Call& call, const Options& options) {
  switch (call.dialect) {
    case ApiDialect::kAnthropic:
      return AnswerAnthropic(call, options);
    case ApiDialect::kGemini:
      return AnswerGemini(call, options);
    case ApiDialect::kBedrock:
      return AnswerBedrock(call, options);
    case ApiDialect::kOpenai:
      break;
  }
  return AnswerOpenai(call, options);
}

// What a fault does to an answer in any dialect, short of its delivery.
Answer Spoil(Answer answer, const Call& call) {
  answer.fault = call.fault;
  switch (call.fault.kind) {
    case FaultKind::kStatus:
      if (answer.status == 200) answer.status = static_cast<int>(call.fault.numbers[0]);
      return answer;
    case FaultKind::kMalformedJson:
      answer.body.resize(answer.body.size() / 2);
      return answer;
    case FaultKind::kGzip:
      return CompressAnswer(std::move(answer));
    case FaultKind::kHugeHeader:
      answer.headers.push_back(
          Header{.name = "x-huge", .value = std::string(call.fault.numbers[0] * 1024, 'h')});
      return answer;
    case FaultKind::kEcho: {
      const std::string echo = absl::Base64Escape(EchoText(call));
      if (echo.size() <= kEchoHeaderBytesMax) {
        answer.headers.push_back(Header{.name = "x-fake-echo", .value = echo});
      }
      return answer;
    }
    default:
      return answer;
  }
}

}  // namespace

Responder::Responder(const Options& options, Journal& journal, const Clock& clock)
    : options_(options), journal_(journal), clock_(clock) {}

Response Responder::Respond(const HttpRequest& request, uint64_t connection_id) {
  if (auto answer = AnswerControl(request, journal_)) {
    if (ClearsJournal(request)) ForgetFailures();
    return Response{.answer = *std::move(answer)};
  }
  Call call = ReadCall(request, parser_);
  call.connection_id = connection_id;
  call.number = ++requests_;
  call.received_at = clock_.Now();
  const uint64_t seq = AddToJournal(call);
  if (call.fault.kind == FaultKind::kFail) call.fault = CountFailure(call);
  Answer answer = Spoil(AnswerInDialect(call, options_), call);
  return Response{.answer = std::move(answer), .journal_seq = seq};
}

Answer Responder::Refuse(const absl::Status& reason) const {
  OpenaiError error{.status = 400, .message = std::string(ToStd(reason.message()))};
  if (absl::IsOutOfRange(reason)) error.status = 413;
  if (absl::IsResourceExhausted(reason)) error.status = 431;
  return MakeErrorAnswer(error);
}

Fault Responder::CountFailure(const Call& call) {
  if (failures_.size() >= kFailuresMax && !failures_.contains(call.model)) return Fault{};
  const auto [failures, status, unused] = call.fault.numbers;
  uint64_t& count = failures_[call.model];
  if (count == failures) return Fault{};
  ++count;
  return Fault{.kind = FaultKind::kStatus, .numbers = {status}};
}

uint64_t Responder::AddToJournal(const Call& call) {
  const HttpRequest& request = call.request;
  JournalEntry entry;
  entry.time = call.received_at;
  entry.connection_id = call.connection_id;
  entry.body_bytes = request.body.size();
  if (options_.journal_entries_max > 0) {
    entry.method = request.method;
    entry.target = request.target;
    entry.headers.reserve(request.headers.size());
    for (const auto& [name, value] : request.headers) entry.headers.emplace_back(name, value);
    entry.body = CutText(request.body, options_.journal_body_bytes_max);
    entry.body_is_cut = entry.body.size() < request.body.size();
    entry.model = call.model;
  }
  return journal_.Add(std::move(entry));
}

}  // namespace lmgate::fakeprovider

#include "dataplane/usage/usage_scanner.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace lmgate::usage {
namespace {

constexpr std::string_view kNeedle = "\"usage\"";
// Sums of four such numbers fit 64 bits, whatever a provider states.
constexpr int64_t kCountMax = std::numeric_limits<int64_t>::max() / 4;

int64_t IntegerOr0(simdjson::dom::element object, std::string_view name) {
  int64_t value = 0;
  if (object[name].get(value) != simdjson::SUCCESS) return 0;
  return std::clamp<int64_t>(value, 0, kCountMax);
}

int64_t NestedOr0(simdjson::dom::element object, std::string_view outer, std::string_view inner) {
  simdjson::dom::element nested;
  if (object[outer].get(nested) != simdjson::SUCCESS) return 0;
  return IntegerOr0(nested, inner);
}

// Chat completions, completions and embeddings name prompt_tokens; responses and Anthropic name
// input_tokens.
void ParseUsage(std::string_view text, TokenUsage* usage) {
  static thread_local simdjson::dom::parser parser;
  simdjson::dom::element object;
  if (parser.parse(text.data(), text.size()).get(object) != simdjson::SUCCESS ||
      !object.is_object()) {
    return;
  }
  TokenUsage read{.known = true};
  read.prompt_tokens = IntegerOr0(object, "prompt_tokens") + IntegerOr0(object, "input_tokens");
  read.completion_tokens =
      IntegerOr0(object, "completion_tokens") + IntegerOr0(object, "output_tokens");
  read.total_tokens = IntegerOr0(object, "total_tokens");
  if (read.total_tokens == 0) read.total_tokens = read.prompt_tokens + read.completion_tokens;
  read.cached_tokens = NestedOr0(object, "prompt_tokens_details", "cached_tokens") +
                       NestedOr0(object, "input_tokens_details", "cached_tokens") +
                       IntegerOr0(object, "cache_read_input_tokens");
  read.reasoning_tokens = NestedOr0(object, "completion_tokens_details", "reasoning_tokens") +
                          NestedOr0(object, "output_tokens_details", "reasoning_tokens");
  *usage = read;
}

}  // namespace

void UsageScanner::Restart() {
  state_ = State::kSearch;
  matched_ = 0;
  in_string_ = escaped_ = false;
  depth_ = 0;
  object_bytes_ = 0;
  carry_.clear();
}

void UsageScanner::Feed(std::string_view piece) {
  while (!piece.empty()) {
    switch (state_) {
      case State::kSearch:
        FeedSearch(&piece);
        break;
      case State::kColon:
        FeedColon(&piece);
        break;
      case State::kObject:
        FeedObject(&piece);
        break;
      case State::kDisabled:
        return;
    }
  }
}

void UsageScanner::FeedSearch(std::string_view* piece) {
  if (matched_ > 0) {
    // The needle has one quote at each end, so a failed continuation can only start anew at a
    // quote in this piece: the plain search below finds it.
    const size_t rest = std::min(kNeedle.size() - matched_, piece->size());
    if (std::memcmp(piece->data(), kNeedle.data() + matched_, rest) == 0) {
      matched_ = static_cast<unsigned char>(matched_ + rest);
      piece->remove_prefix(rest);
      if (matched_ == kNeedle.size()) state_ = State::kColon;
      return;
    }
    matched_ = 0;
  }
  const void* found = memmem(piece->data(), piece->size(), kNeedle.data(), kNeedle.size());
  if (found != nullptr) {
    const auto offset = static_cast<size_t>(static_cast<const char*>(found) - piece->data());
    piece->remove_prefix(offset + kNeedle.size());
    state_ = State::kColon;
    return;
  }
  // A needle that the piece's end cuts.
  const size_t longest = std::min(kNeedle.size() - 1, piece->size());
  for (size_t length = longest; length > 0; --length) {
    if (piece->substr(piece->size() - length) == kNeedle.substr(0, length)) {
      matched_ = static_cast<unsigned char>(length);
      break;
    }
  }
  *piece = {};
}

void UsageScanner::FeedColon(std::string_view* piece) {
  while (!piece->empty()) {
    const char c = piece->front();
    if (c == '{') {
      Restart();
      state_ = State::kObject;
      return;
    }
    if (c != ':' && c != ' ' && c != '\t' && c != '\n' && c != '\r') {
      Restart();  // `null`, or a value with the text "usage"
      return;
    }
    piece->remove_prefix(1);
  }
}

void UsageScanner::FeedObject(std::string_view* piece) {
  for (size_t i = 0; i < piece->size(); ++i) {
    const char c = (*piece)[i];
    if (++object_bytes_ > kObjectBytesMax) {
      piece->remove_prefix(i);
      Restart();
      return;
    }
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      continue;
    }
    if (c == '"') {
      in_string_ = true;
    } else if (c == '{') {
      ++depth_;
    } else if (c == '}' && --depth_ == 0) {
      if (carry_.empty()) {
        ParseUsage(piece->substr(0, i + 1), &usage_);
      } else {
        carry_.append(piece->substr(0, i + 1));
        ParseUsage(carry_, &usage_);
      }
      piece->remove_prefix(i + 1);
      Restart();
      return;
    }
  }
  carry_.append(*piece);
  *piece = {};
}

}  // namespace lmgate::usage

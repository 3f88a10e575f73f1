#include "dataplane/usage/usage_scanner.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <optional>

namespace lmgate::usage {
namespace {

constexpr std::string_view kNeedle = "\"usage\"";
// Sums of four such numbers fit 64 bits, whatever a provider states.
constexpr int64_t kCountMax = std::numeric_limits<int64_t>::max() / 4;

// nullopt = the object does not name it, or not as a number.
using Count = std::optional<int64_t>;

Count FindInteger(simdjson::dom::element object, std::string_view name) {
  int64_t value = 0;
  if (object[name].get(value) != simdjson::SUCCESS) return std::nullopt;
  return std::clamp<int64_t>(value, 0, kCountMax);
}

Count FindNested(simdjson::dom::element object, std::string_view outer, std::string_view inner) {
  simdjson::dom::element nested;
  if (object[outer].get(nested) != simdjson::SUCCESS) return std::nullopt;
  return FindInteger(nested, inner);
}

Count Sum(std::initializer_list<Count> counts) {
  Count sum;
  for (const Count& count : counts) {
    if (count.has_value()) sum = sum.value_or(0) + *count;
  }
  return sum;
}

void Replace(int64_t* field, Count count) { *field = count.value_or(*field); }

// Chat completions, completions and embeddings name prompt_tokens; responses and Anthropic name
// input_tokens. What the object does not name stays as an earlier one said: the message_delta of
// Anthropic's stream may have output_tokens only (Anthropic API reference, Streaming messages).
void MergeUsage(std::string_view text, TokenUsage* usage) {
  static thread_local simdjson::dom::parser parser;
  simdjson::dom::element object;
  if (parser.parse(text.data(), text.size()).get(object) != simdjson::SUCCESS ||
      !object.is_object()) {
    return;
  }
  const Count prompt =
      Sum({FindInteger(object, "prompt_tokens"), FindInteger(object, "input_tokens")});
  const Count completion =
      Sum({FindInteger(object, "completion_tokens"), FindInteger(object, "output_tokens")});
  usage->known = true;
  Replace(&usage->prompt_tokens, prompt);
  Replace(&usage->completion_tokens, completion);
  Replace(&usage->cached_tokens, Sum({FindNested(object, "prompt_tokens_details", "cached_tokens"),
                                      FindNested(object, "input_tokens_details", "cached_tokens"),
                                      FindInteger(object, "cache_read_input_tokens")}));
  Replace(&usage->reasoning_tokens,
          Sum({FindNested(object, "completion_tokens_details", "reasoning_tokens"),
               FindNested(object, "output_tokens_details", "reasoning_tokens")}));
  const int64_t total = FindInteger(object, "total_tokens").value_or(0);
  if (total > 0) {
    usage->total_tokens = total;
  } else if (prompt.has_value() || completion.has_value()) {
    // A total from before would not fit the new counts.
    usage->total_tokens = usage->prompt_tokens + usage->completion_tokens;
  }
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
        MergeUsage(piece->substr(0, i + 1), &usage_);
      } else {
        carry_.append(piece->substr(0, i + 1));
        MergeUsage(carry_, &usage_);
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

#include "dataplane/usage/usage_scanner.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>
#include <initializer_list>

#include "dataplane/usage/usage_object.h"

namespace lmgate::usage {
namespace {

constexpr std::string_view kNeedle = "\"usage\"";
using Count = UsageCounts::Count;

// Where the needle begins; npos = nowhere. This is the only look at every byte of an answer, and
// memmem takes two instructions for each.
size_t FindNeedle(std::string_view text) {
#ifdef __SSE2__
  constexpr size_t kBlock = 16;
  constexpr size_t kLast = kNeedle.size() - 1;
  if (text.size() >= kBlock + kLast) {
    // Two of its characters at their distance: rare enough for the comparison after it.
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i second = _mm_set1_epi8('u');
    const size_t last_block = text.size() - kBlock - kLast;
    for (size_t at = 0;; at = std::min(at + kBlock, last_block)) {
      const auto load = [&](size_t offset) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at + offset));
      };
      const __m128i candidates =
          _mm_and_si128(_mm_cmpeq_epi8(load(kLast), quote), _mm_cmpeq_epi8(load(1), second));
      auto mask = static_cast<unsigned>(_mm_movemask_epi8(candidates));
      for (; mask != 0; mask &= mask - 1) {
        const size_t found = at + static_cast<size_t>(std::countr_zero(mask));
        if (std::memcmp(text.data() + found, kNeedle.data(), kNeedle.size()) == 0) return found;
      }
      if (at == last_block) return std::string_view::npos;
    }
  }
#endif
  const void* found = memmem(text.data(), text.size(), kNeedle.data(), kNeedle.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

Count Sum(std::initializer_list<Count> counts) {
  Count sum;
  for (const Count& count : counts) {
    if (count.has_value()) sum = sum.value_or(0) + *count;
  }
  return sum;
}

void Replace(int64_t* field, Count count) { *field = count.value_or(*field); }

// What the object does not name stays as an earlier one said: the message_delta of Anthropic's
// stream may have output_tokens only (Anthropic API reference, Streaming messages).
void Merge(const UsageCounts& counts, chat::TokenUsage* usage) {
  const Count prompt = Sum({counts.prompt_tokens, counts.input_tokens});
  const Count completion = Sum({counts.completion_tokens, counts.output_tokens});
  usage->known = true;
  Replace(&usage->prompt_tokens, prompt);
  Replace(&usage->completion_tokens, completion);
  Replace(&usage->cached_tokens, Sum({counts.prompt_cached_tokens, counts.input_cached_tokens,
                                      counts.cache_read_input_tokens}));
  Replace(&usage->reasoning_tokens,
          Sum({counts.completion_reasoning_tokens, counts.output_reasoning_tokens}));
  const int64_t total = counts.total_tokens.value_or(0);
  if (total > 0) {
    usage->total_tokens = total;
  } else if (prompt.has_value() || completion.has_value()) {
    // A total from before would not fit the new counts.
    usage->total_tokens = usage->prompt_tokens + usage->completion_tokens;
  }
}

void MergeObject(std::string_view text, chat::TokenUsage* usage) {
  UsageCounts counts;
  if (ReadUsageObject(text, &counts) == text.size()) Merge(counts, usage);
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
  if (const size_t found = FindNeedle(*piece); found != std::string_view::npos) {
    piece->remove_prefix(found + kNeedle.size());
    state_ = State::kColon;
    return;
  }
  // A needle that the piece's end cuts.
  const size_t longest = std::min(kNeedle.size() - 1, piece->size());
  for (size_t length = longest; length > 0; --length) {
    const std::string_view end = piece->substr(piece->size() - length);
    if (end.front() == kNeedle.front() && end == kNeedle.substr(0, length)) {
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

// Most objects come in one piece and are read in one pass. Of the others, and of malformed ones,
// the end is looked for first.
void UsageScanner::FeedObject(std::string_view* piece) {
  if (object_bytes_ == 0) {
    UsageCounts counts;
    const auto bytes = ReadUsageObject(*piece, &counts);
    if (bytes.has_value() && *bytes <= kObjectBytesMax) {
      Merge(counts, &usage_);
      piece->remove_prefix(*bytes);
      Restart();
      return;
    }
  }
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
        MergeObject(piece->substr(0, i + 1), &usage_);
      } else {
        carry_.append(piece->substr(0, i + 1));
        MergeObject(carry_, &usage_);
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

#include "dataplane/usage/usage_object.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace lmgate::usage {
namespace {

using Count = UsageCounts::Count;

constexpr int64_t kCountMax = std::numeric_limits<int64_t>::max() / 4;
constexpr int kDepthMax = 16;

// Where a member of one object is put.
struct Member {
  std::string_view name;
  Count UsageCounts::*count = nullptr;
};
struct Details {
  std::string_view name;
  Member member;
};

constexpr Member kMembers[] = {
    {"prompt_tokens", &UsageCounts::prompt_tokens},
    {"input_tokens", &UsageCounts::input_tokens},
    {"completion_tokens", &UsageCounts::completion_tokens},
    {"output_tokens", &UsageCounts::output_tokens},
    {"total_tokens", &UsageCounts::total_tokens},
    {"cache_read_input_tokens", &UsageCounts::cache_read_input_tokens},
};
constexpr Details kDetails[] = {
    {"prompt_tokens_details", {"cached_tokens", &UsageCounts::prompt_cached_tokens}},
    {"input_tokens_details", {"cached_tokens", &UsageCounts::input_cached_tokens}},
    {"completion_tokens_details", {"reasoning_tokens", &UsageCounts::completion_reasoning_tokens}},
    {"output_tokens_details", {"reasoning_tokens", &UsageCounts::output_reasoning_tokens}},
};

// Same length first: that decides nearly always, inline.
bool Same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  const char* at() const { return at_; }

  bool ReadUsage(UsageCounts* counts) {
    return ReadObject(1, [&](std::string_view name) {
      for (const Member& member : kMembers) {
        if (Same(name, member.name)) return ReadCount(1, &(counts->*member.count));
      }
      for (const Details& details : kDetails) {
        if (Same(name, details.name)) return ReadDetails(details.member, counts);
      }
      return SkipValue(1);
    });
  }

 private:
  bool ReadDetails(const Member& member, UsageCounts* counts) {
    if (at_ == end_ || *at_ != '{') return SkipValue(1);
    return ReadObject(2, [&](std::string_view name) {
      return Same(name, member.name) ? ReadCount(2, &(counts->*member.count)) : SkipValue(2);
    });
  }

  // Calls `read_value(name)` at each member's value; it must leave the value behind.
  template <typename ReadValue>
  bool ReadObject(int depth, ReadValue read_value) {
    if (depth > kDepthMax || !Take('{')) return false;
    SkipSpace();
    if (Take('}')) return true;
    for (;;) {
      std::string_view name;
      if (!ReadString(&name)) return false;
      SkipSpace();
      if (!Take(':')) return false;
      SkipSpace();
      if (!read_value(name)) return false;
      SkipSpace();
      if (Take('}')) return true;
      if (!Take(',')) return false;
      SkipSpace();
    }
  }

  bool SkipArray(int depth) {
    if (depth > kDepthMax || !Take('[')) return false;
    SkipSpace();
    if (Take(']')) return true;
    for (;;) {
      if (!SkipValue(depth)) return false;
      SkipSpace();
      if (Take(']')) return true;
      if (!Take(',')) return false;
      SkipSpace();
    }
  }

  // `depth` of the object or array that holds the value.
  bool SkipValue(int depth) {
    if (at_ == end_) return false;
    switch (*at_) {
      case '{':
        return ReadObject(depth + 1, [&](std::string_view) { return SkipValue(depth + 1); });
      case '[':
        return SkipArray(depth + 1);
      case '"': {
        std::string_view ignored;
        return ReadString(&ignored);
      }
      case 't':
        return TakeWord("true");
      case 'f':
        return TakeWord("false");
      case 'n':
        return TakeWord("null");
      default: {
        Count ignored;
        return ReadNumber(&ignored);
      }
    }
  }

  bool ReadCount(int depth, Count* count) {
    count->reset();
    if (at_ != end_ && (*at_ == '-' || (*at_ >= '0' && *at_ <= '9'))) return ReadNumber(count);
    return SkipValue(depth);
  }

  // `count` is set when it is an integer.
  bool ReadNumber(Count* count) {
    const bool negative = Take('-');
    const char* const digits = at_;
    uint64_t value = 0;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') {
      value = value * 10 + static_cast<uint64_t>(*at_++ - '0');
    }
    // 18 digits cannot overflow; a longer one counts as the cap.
    const auto length = at_ - digits;
    if (length == 0 || (length > 1 && *digits == '0')) return false;
    if (at_ != end_ && (*at_ == '.' || *at_ == 'e' || *at_ == 'E')) return SkipFraction();
    if (negative) {
      *count = 0;
    } else {
      *count = length > 18 ? kCountMax : std::min<int64_t>(static_cast<int64_t>(value), kCountMax);
    }
    return true;
  }

  bool SkipFraction() {
    if (Take('.') && !SkipDigits()) return false;
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (!Take('+')) Take('-');
      return SkipDigits();
    }
    return true;
  }

  bool SkipDigits() {
    const char* const begin = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ != begin;
  }

  // `raw`: between the quotes, escapes as they stand.
  bool ReadString(std::string_view* raw) {
    if (!Take('"')) return false;
    const char* const begin = at_;
    SkipPlain();
    for (; at_ != end_; ++at_) {
      if (*at_ == '"') {
        *raw = std::string_view(begin, at_);
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(*at_) < 0x20) return false;
      if (*at_ == '\\' && ++at_ == end_) return false;
    }
    return false;
  }

  // To the first byte of a string that needs a look, or near the end.
  void SkipPlain() {
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i control_max = _mm_set1_epi8(0x1f);
    for (; end_ - at_ >= 16; at_ += 16) {
      const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at_));
      const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(chunk, control_max), chunk);
      const __m128i stop = _mm_or_si128(
          control, _mm_or_si128(_mm_cmpeq_epi8(chunk, quote), _mm_cmpeq_epi8(chunk, backslash)));
      const auto mask = static_cast<unsigned>(_mm_movemask_epi8(stop));
      if (mask != 0) {
        at_ += std::countr_zero(mask);
        return;
      }
    }
#endif
  }

  bool TakeWord(std::string_view word) {
    if (static_cast<size_t>(end_ - at_) < word.size()) return false;
    if (std::memcmp(at_, word.data(), word.size()) != 0) return false;
    at_ += word.size();
    return true;
  }

  bool Take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  void SkipSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }

  const char* at_;
  const char* end_;
};

}  // namespace

std::optional<size_t> ReadUsageObject(std::string_view text, UsageCounts* counts) {
  Reader reader(text);
  if (!reader.ReadUsage(counts)) return std::nullopt;
  return static_cast<size_t>(reader.at() - text.data());
}

}  // namespace lmgate::usage

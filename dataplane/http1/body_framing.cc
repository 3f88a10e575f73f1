#include "dataplane/http1/body_framing.h"

#include <algorithm>

#include "dataplane/http1/head_scanner.h"

namespace lmgate::http1 {
namespace {

// 15 hex digits are 60 bits: nothing can overflow.
constexpr size_t kDigitsMax = 15;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 ? c != '\t' : c == 0x7f; }
bool IsBlank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

// chunk-ext of RFC 9112, 7.1.1; "bad" white space is where its grammar has it. Nobody needs
// extensions, but readers differ in where a malformed one ends.
bool ChunkTracker::TakeExtension(char c) {
  switch (state_) {
    case State::kExtensionStart:
      if (c == ';') state_ = State::kExtensionName;
      return c == ';' || IsBlank(c);
    case State::kExtensionName:
      if (IsTokenChar(c)) state_ = State::kExtensionInName;
      return IsTokenChar(c) || IsBlank(c);
    case State::kExtensionInName:
      if (IsTokenChar(c)) return true;
      [[fallthrough]];
    case State::kExtensionAfterName:
      if (c == ';') {
        state_ = State::kExtensionName;
      } else if (c == '=') {
        state_ = State::kExtensionValue;
      } else {
        state_ = State::kExtensionAfterName;
        return IsBlank(c);
      }
      return true;
    case State::kExtensionValue:
      if (IsBlank(c)) return true;
      state_ = c == '"' ? State::kExtensionQuoted : State::kExtensionInValue;
      return c == '"' || IsTokenChar(c);
    case State::kExtensionQuoted:
      if (c == '"') state_ = State::kExtensionAfterValue;
      if (c == '\\') state_ = State::kExtensionEscaped;
      return !IsControl(c);
    case State::kExtensionEscaped:
      state_ = State::kExtensionQuoted;
      return !IsControl(c);
    case State::kExtensionInValue:
      if (IsTokenChar(c)) return true;
      [[fallthrough]];
    case State::kExtensionAfterValue:
      state_ = c == ';' ? State::kExtensionName : State::kExtensionStart;
      return c == ';' || IsBlank(c);
    default:
      return false;
  }
}

ChunkTracker::Step ChunkTracker::Next(std::string_view data) {
  size_t at = 0;
  const auto broken = [&] {
    state_ = State::kBroken;
    return Step{.status = Status::kInvalid, .consumed = at, .payload = {}};
  };
  // A whole size line without an extension, as nearly all are, in one go.
  if (state_ == State::kSize && digits_ == 0) {
    uint64_t size = 0;
    size_t end = 0;
    for (; end < data.size() && end < kDigitsMax; ++end) {
      const int value = HexValue(data[end]);
      if (value < 0) break;
      size = size * 16 + static_cast<uint64_t>(value);
    }
    if (size > 0 && data.substr(end).starts_with("\r\n")) {
      remaining_ = size;
      skipped_ = 0;
      state_ = State::kData;
      at = end + 2;
    }
  }
  while (at < data.size()) {
    const char c = data[at];
    switch (state_) {
      case State::kSize: {
        const int value = HexValue(c);
        if (value >= 0) {
          if (digits_ == kDigitsMax) return broken();
          remaining_ = remaining_ * 16 + static_cast<uint64_t>(value);
          ++digits_;
          ++at;
          break;
        }
        if (digits_ == 0) return broken();
        if (c == '\r') {
          state_ = State::kSizeLf;
        } else if (c == ';' || IsBlank(c)) {
          state_ = c == ';' ? State::kExtensionName : State::kExtensionStart;
          skipped_ = 0;
        } else {
          return broken();
        }
        ++at;
        break;
      }
      case State::kExtensionInName:
      case State::kExtensionInValue:
      case State::kExtensionAfterValue:
        if (c == '\r') {
          state_ = State::kSizeLf;
          ++at;
          break;
        }
        [[fallthrough]];
      case State::kExtensionStart:
      case State::kExtensionName:
      case State::kExtensionAfterName:
      case State::kExtensionValue:
      case State::kExtensionQuoted:
      case State::kExtensionEscaped:
        if (!TakeExtension(c) || ++skipped_ > kExtensionBytesMax) return broken();
        ++at;
        break;
      case State::kSizeLf:
        if (c != '\n') return broken();
        ++at;
        digits_ = 0;
        skipped_ = 0;
        if (remaining_ == 0) {
          state_ = State::kTrailerStart;
          return {.status = Status::kMore, .consumed = at, .payload = {}};
        }
        state_ = State::kData;
        break;
      case State::kData: {
        const size_t piece = static_cast<size_t>(std::min<uint64_t>(remaining_, data.size() - at));
        remaining_ -= piece;
        size_t end = at + piece;
        if (remaining_ == 0) {
          state_ = State::kDataCr;
          if (data.substr(end).starts_with("\r\n")) {
            state_ = State::kSize;
            end += 2;
          }
        }
        return {.status = Status::kMore, .consumed = end, .payload = data.substr(at, piece)};
      }
      case State::kDataCr:
        if (c != '\r') return broken();
        ++at;
        state_ = State::kDataLf;
        break;
      case State::kDataLf:
        if (c != '\n') return broken();
        ++at;
        state_ = State::kSize;
        break;
      case State::kTrailerStart:
        if (c == '\r') {
          state_ = State::kFinalLf;
          ++at;
          break;
        }
        if (!IsTokenChar(c)) return broken();
        state_ = State::kTrailerName;
        [[fallthrough]];
      case State::kTrailerName:
        if (c == ':') {
          state_ = State::kTrailerValue;
        } else if (!IsTokenChar(c)) {
          return broken();
        }
        if (++skipped_ > kTrailerBytesMax) return broken();
        ++at;
        break;
      case State::kTrailerValue:
        if (c == '\r') {
          state_ = State::kTrailerLf;
        } else if (IsControl(c)) {
          return broken();
        }
        if (++skipped_ > kTrailerBytesMax) return broken();
        ++at;
        break;
      case State::kTrailerLf:
        if (c != '\n') return broken();
        ++at;
        state_ = State::kTrailerStart;
        break;
      case State::kFinalLf:
        if (c != '\n') return broken();
        ++at;
        state_ = State::kDone;
        return {.status = Status::kDone, .consumed = at, .payload = {}};
      case State::kDone:
        return {.status = Status::kDone, .consumed = at, .payload = {}};
      case State::kBroken:
        return broken();
    }
  }
  return {.status = state_ == State::kDone ? Status::kDone : Status::kMore,
          .consumed = at,
          .payload = {}};
}

}  // namespace lmgate::http1

#pragma once

#include <absl/types/span.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace lmgate::fakeprovider {

enum class FaultKind {
  kNone,
  kRefuse,
  kSilent,
  kSilentAfterHeaders,
  kCutAfter,
  kCutMidChunk,
  kResetAfter,
  kStallAfter,
  kErrorAfter,
  kDrip,
  kBytewise,
  kDelay,
  kStatus,
  kStatusRetryAfter,
  kStatusRetryAfterMs,
  kFail,
  kInsufficientQuota,
  kContextLengthExceeded,
  kMalformedChunk,
  kMalformedJson,
  kOddChunks,
  kHugeLine,
  kHugeHeader,
  kStream,
  kSize,
  kEcho,
  kNoUsage,
  kChunked,
  kTrailers,
  kGzip,
  kClose,
  kHalfClose,
  kIdleClose,
  kIdleReset,
  kThenSilent,
  kEarlyHints,
  kUnaskedContinue,
  kWrongLength,
  kExtraBytes,
  kOverloaded,
  kToolInterleaved,
  kToolNoIndex,
  kFinishEarly,
};

// What the model name of a request asks to go wrong.
struct Fault {
  FaultKind kind = FaultKind::kNone;
  // The numbers of the name in its order: stream-3-20-500 gives {3, 20, 500}. Unused ones are 0.
  std::array<uint64_t, 3> numbers = {};
};

// One row of the table that --help and README.md show.
struct FaultRow {
  FaultKind kind;
  // Words joined by '-'; those in capitals stand for a decimal number (see NumberWords()).
  std::string_view pattern;
  std::string_view effect;
};

// A number that patterns use, with the range in which a name is a fault at all.
struct NumberWord {
  std::string_view word;
  uint64_t minimum;
  uint64_t maximum;
  std::string_view meaning;
};

absl::Span<const FaultRow> FaultTable();
absl::Span<const NumberWord> NumberWords();

// Names that match no row, or a row with a number out of its range, are healthy models.
Fault ParseFault(std::string_view model);

// The table for --help, one line a row, ending with a line feed.
std::string FaultHelp();

}  // namespace lmgate::fakeprovider

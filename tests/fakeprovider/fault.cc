#include "tests/fakeprovider/fault.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>

#include <optional>
#include <vector>

#include "common/base/strings.h"

namespace lmgate::fakeprovider {
namespace {

constexpr NumberWord kNumberWords[] = {
    {"N", 0, 1'000'000, "a count: events of a stream, bytes of a plain body, requests"},
    {"MS", 0, 3'600'000, "milliseconds"},
    {"S", 0, 86'400, "seconds"},
    {"GAPUS", 0, 60'000'000, "microseconds between two events"},
    {"CODE", 200, 599, "HTTP status"},
    {"KB", 1, 65'536, "KiB"},
    {"SIZE", 1, 1'048'576, "bytes of content in one event"},
    {"BYTES", 0, 67'108'864, "bytes of content"},
};

constexpr FaultRow kFaultTable[] = {
    {FaultKind::kRefuse, "refuse",
     "RST as soon as the request is read; nothing is answered (a true refusal is a closed port)"},
    {FaultKind::kSilent, "silent", "reads the request and never answers"},
    {FaultKind::kSilentAfterHeaders, "silent-after-headers", "answers the head, then nothing"},
    {FaultKind::kCutAfter, "cut-after-N",
     "stream: FIN after N events; plain: FIN after N bytes of the declared body"},
    {FaultKind::kCutMidChunk, "cut-mid-chunk-N",
     "stream: N events and half of the next HTTP chunk, then FIN; plain: as cut-after-N"},
    {FaultKind::kResetAfter, "reset-after-N", "as cut-after-N, but with RST"},
    {FaultKind::kStallAfter, "stall-after-N", "as cut-after-N, but silent for ever instead of FIN"},
    {FaultKind::kErrorAfter, "error-after-N",
     "stream: N events, an error event, a clean end without [DONE]; plain: 500"},
    {FaultKind::kDrip, "drip-MS", "stream: MS before each event; plain: MS before each body byte"},
    {FaultKind::kBytewise, "bytewise",
     "each byte its own TCP write; of a stream also its own HTTP chunk"},
    {FaultKind::kDelay, "delay-MS", "the whole answer MS later"},
    {FaultKind::kStatus, "status-CODE",
     "that status; from 300 on with an error body of the dialect"},
    {FaultKind::kStatusRetryAfter, "status-CODE-retry-after-S", "with the header retry-after: S"},
    {FaultKind::kStatusRetryAfterMs, "status-CODE-retry-after-ms-MS",
     "with the header retry-after-ms: MS"},
    {FaultKind::kFail, "fail-N-CODE",
     "the first N requests of exactly this name get CODE, later ones a healthy answer; "
     "DELETE /__journal starts again"},
    {FaultKind::kInsufficientQuota, "insufficient-quota",
     "429 with type and code insufficient_quota"},
    {FaultKind::kContextLengthExceeded, "context-length-exceeded",
     "400 with code context_length_exceeded"},
    {FaultKind::kMalformedChunk, "malformed-chunk",
     "valid HTTP chunks, then a chunk size that is no number (a plain answer is chunked too)"},
    {FaultKind::kMalformedJson, "malformed-json",
     "stream: the third event is not JSON, the others are good; plain: half of the JSON"},
    {FaultKind::kOddChunks, "odd-chunks",
     "stream: legal oddities (comments, CRLF, several events in one HTTP chunk, no choices, null "
     "delta, unknown fields, usage beside choices)"},
    {FaultKind::kHugeLine, "huge-line-KB", "one event, or plain answer, with KB of content"},
    {FaultKind::kHugeHeader, "huge-header-KB", "a response header x-huge of KB"},
    {FaultKind::kStream, "stream-N-SIZE-GAPUS",
     "stream: N events of SIZE bytes of content, one every GAPUS, each with its number as the "
     "first eight digits and seq, ts (monotonic ns) as fields; plain: healthy"},
    {FaultKind::kSize, "size-BYTES", "exactly that many bytes of content"},
    {FaultKind::kEcho, "echo",
     "the content is JSON of what arrived: method, target, headers, body (base64 if not UTF-8)"},
    {FaultKind::kNoUsage, "no-usage", "no usage, neither plain nor streamed"},
    {FaultKind::kChunked, "chunked", "plain: chunked instead of content-length"},
    {FaultKind::kTrailers, "trailers", "chunked, with the trailer x-fake-trailer"},
    {FaultKind::kGzip, "gzip", "content-encoding: gzip, asked for or not"},
    {FaultKind::kClose, "close", "connection: close, no length: the FIN ends the body"},
    {FaultKind::kHalfClose, "half-close",
     "a keep-alive answer, then FIN; what arrives later is read and never answered"},
    {FaultKind::kIdleClose, "idle-close-MS", "a keep-alive answer, then FIN after MS without data"},
    {FaultKind::kIdleReset, "idle-reset-MS", "a keep-alive answer, then RST after MS without data"},
    {FaultKind::kThenSilent, "then-silent",
     "a keep-alive answer; later requests on this connection are never answered"},
    {FaultKind::kEarlyHints, "early-hints", "103 before the answer"},
    {FaultKind::kUnaskedContinue, "unasked-continue",
     "100 before the answer, which no client expects without asking (undici refuses it)"},
    {FaultKind::kWrongLength, "wrong-length",
     "plain: content-length 100 too long, then silence; stream: healthy"},
    {FaultKind::kExtraBytes, "extra-bytes",
     "a whole second answer that nobody asked for follows the first"},
    {FaultKind::kOverloaded, "overloaded",
     "the dialect's error of a provider with too much to do: Anthropic 529, others 503"},
    {FaultKind::kToolInterleaved, "tool-interleaved",
     "chat stream: all tools are called, and the pieces of their arguments take turns"},
    {FaultKind::kToolNoIndex, "tool-no-index", "chat stream: pieces of calls have no index"},
    {FaultKind::kFinishEarly, "finish-early",
     "chat stream: the finish reason comes with the last piece of content or arguments"},
};

const NumberWord* FindNumberWord(std::string_view word) {
  for (const NumberWord& row : kNumberWords) {
    if (row.word == word) return &row;
  }
  return nullptr;
}

std::optional<uint64_t> ParseNumber(std::string_view text, const NumberWord& word) {
  uint64_t number = 0;
  // SimpleAtoi also takes signs and spaces: a name with them is a healthy model.
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  if (!absl::SimpleAtoi(ToAbsl(text), &number)) return std::nullopt;
  if (number < word.minimum || number > word.maximum) return std::nullopt;
  return number;
}

using Words = std::vector<absl::string_view>;

std::optional<Fault> MatchRow(const FaultRow& row, const Words& model) {
  const Words pattern = absl::StrSplit(ToAbsl(row.pattern), '-');
  if (pattern.size() != model.size()) return std::nullopt;
  Fault fault{.kind = row.kind};
  size_t count = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const NumberWord* number_word = FindNumberWord(ToStd(pattern[i]));
    if (number_word == nullptr) {
      if (model[i] != pattern[i]) return std::nullopt;
      continue;
    }
    const std::optional<uint64_t> number = ParseNumber(ToStd(model[i]), *number_word);
    if (!number.has_value()) return std::nullopt;
    fault.numbers[count++] = *number;
  }
  return fault;
}

}  // namespace

absl::Span<const FaultRow> FaultTable() { return kFaultTable; }
absl::Span<const NumberWord> NumberWords() { return kNumberWords; }

Fault ParseFault(std::string_view model) {
  const Words words = absl::StrSplit(ToAbsl(model), '-');
  for (const FaultRow& row : kFaultTable) {
    // Most rows are refused by their first letter: this runs for each request of a benchmark.
    if (model.empty() || model.front() != row.pattern.front()) continue;
    const std::optional<Fault> fault = MatchRow(row, words);
    if (fault.has_value()) return *fault;
  }
  return Fault{};
}

std::string FaultHelp() {
  std::string help;
  for (const FaultRow& row : kFaultTable) {
    absl::StrAppendFormat(&help, "  %-30s %s\n", std::string(row.pattern), std::string(row.effect));
  }
  help += "numbers:\n";
  for (const NumberWord& word : kNumberWords) {
    absl::StrAppendFormat(&help, "  %-30s %s, %d to %d\n", std::string(word.word),
                          std::string(word.meaning), word.minimum, word.maximum);
  }
  return help;
}

}  // namespace lmgate::fakeprovider

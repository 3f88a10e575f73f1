#pragma once

#include <absl/types/span.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/contract/dialect_name.h"

namespace lmgate::contract {

// What a request can mean, where it cannot be said in every dialect or is said differently.
enum class Feature : uint8_t {
  kSystemText,
  kLateSystemText,
  kImageData,
  kImageUrl,
  kImageDetail,
  kFileData,
  kFileUrl,
  kFileId,
  kAudio,
  kCitations,
  kTools,
  kToolStrict,
  kToolChoice,
  kToolChoiceNone,
  kToolChoiceSubset,
  kParallelToolCalls,
  kToolResultError,
  kToolResultImage,
  kMaxTokens,
  kTemperature,
  kTopP,
  kTopK,
  kStop,
  kN,
  kSeed,
  kPenalties,
  kLogitBias,
  kLogprobs,
  kJsonObject,
  kJsonSchema,
  kReasoning,
  kReasoningSignature,
  kVerbosity,
  kEndUser,
  kCache,
  kOpenAiFields,
  kOwnFields,
};
inline constexpr size_t kFeatureCount = static_cast<size_t>(Feature::kOwnFields) + 1;

// What becomes of it when a client of another dialect asks for it and the target speaks this one.
enum class Treatment : uint8_t {
  kMaps,      // the dialect says the same
  kEmulated,  // said by other means; the note says which
  kDropped,   // a hint that the dialect cannot carry: the request is served without it
  kRefused,   // 400, naming the field
};

struct FeatureRow {
  Feature feature;
  std::string_view name;  // as "image by URL"
  // How each dialect calls it: the field that an error names. Empty = it cannot say it.
  std::array<std::string_view, kDialectCount> field;
  std::array<Treatment, kDialectCount> treatment;
  // On what is emulated or clamped for a target of each dialect; may be empty, but where the
  // treatment is kEmulated.
  std::array<std::string_view, kDialectCount> note;
};

// The table by which the data plane translates and refuses, and that `lmctl dialects` prints.
absl::Span<const FeatureRow> DialectFeatures();
const FeatureRow& FindFeature(Feature feature);

// What becomes of it from a client of one dialect to a target of another, by their columns.
Treatment TreatmentBetween(const FeatureRow& row, size_t client, size_t target);

// Column of a dialect's name; kDialectCount = no such dialect.
size_t DialectColumn(std::string_view dialect);

// "maps", "emulated", "dropped", "refused".
std::string_view TreatmentName(Treatment treatment);

}  // namespace lmgate::contract

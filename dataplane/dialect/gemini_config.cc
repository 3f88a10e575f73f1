#include "dataplane/dialect/gemini_config.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/gemini_field.h"
#include "dataplane/dialect/gemini_model.h"
#include "dataplane/dialect/gemini_schema.h"
#include "dataplane/dialect/reasoning_effort.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::ReasoningRequest;
using chat::ResponseFormat;

constexpr std::string_view kPath = "generationConfig";
// Gemini API reference, GenerationConfig: "up to 5".
constexpr size_t kStopsMax = 5;
constexpr int64_t kCandidatesMax = 128;

std::string Lower(std::string_view text) { return absl::AsciiStrToLower(ToAbsl(text)); }

absl::Status ReadSampling(const Json& config, ChatRequest* request) {
  LMGATE_ASSIGN_OR_RETURN(request->max_tokens, ReadIntegerField(config, "maxOutputTokens", kPath));
  LMGATE_ASSIGN_OR_RETURN(request->temperature, ReadNumberField(config, "temperature", kPath));
  LMGATE_ASSIGN_OR_RETURN(request->top_p, ReadNumberField(config, "topP", kPath));
  LMGATE_ASSIGN_OR_RETURN(request->top_k, ReadIntegerField(config, "topK", kPath));
  LMGATE_ASSIGN_OR_RETURN(request->seed, ReadIntegerField(config, "seed", kPath));
  LMGATE_ASSIGN_OR_RETURN(request->presence_penalty,
                          ReadNumberField(config, "presencePenalty", kPath));
  LMGATE_ASSIGN_OR_RETURN(request->frequency_penalty,
                          ReadNumberField(config, "frequencyPenalty", kPath));
  LMGATE_ASSIGN_OR_RETURN(const auto count, ReadIntegerField(config, "candidateCount", kPath));
  if (count.value_or(1) < 0 || count.value_or(1) > kCandidatesMax) {
    return BadField("generationConfig.candidateCount", "is out of range");
  }
  request->n = std::max<int64_t>(count.value_or(1), 1);  // 0 of proto3 is "not said"
  for (const Json* const stop : ListOf(FindField(config, "stopSequences"))) {
    if (!stop->is_string()) {
      return BadField("generationConfig.stopSequences", "must be a list of strings");
    }
    request->stop.push_back(stop->get<std::string>());
  }
  return absl::OkStatus();
}

absl::Status ReadFormat(const Json& config, ChatRequest* request) {
  LMGATE_ASSIGN_OR_RETURN(const auto written, ReadTextField(config, "responseMimeType", kPath));
  const std::string type = Lower(written.value_or(""));
  if (!type.empty() && type != "text/plain" && type != "application/json") {
    request->own_fields.emplace_back("generationConfig.responseMimeType");
    return absl::OkStatus();
  }
  ResponseFormat& format = request->response_format;
  if (type == "application/json") format.kind = ResponseFormat::Kind::kJsonObject;
  if (type == "text/plain") return absl::OkStatus();
  const Json* schema = FindField(config, "responseJsonSchema");
  if (schema == nullptr) schema = Find(config, "_responseJsonSchema");
  if (schema != nullptr) {
    format.schema = DumpJson(*schema);
  } else if (schema = FindField(config, "responseSchema"); schema != nullptr) {
    format.schema = DumpJson(JsonSchemaOfGemini(*schema));
  }
  if (schema != nullptr && !schema->is_object()) {
    return BadField("generationConfig.responseSchema", "must be an object");
  }
  if (schema != nullptr) format.kind = ResponseFormat::Kind::kJsonSchema;
  return absl::OkStatus();
}

absl::Status ReadThinking(const Json& config, ChatRequest* request) {
  const Json* const thinking = FindField(config, "thinkingConfig");
  if (thinking == nullptr) return absl::OkStatus();
  constexpr std::string_view kThinkingPath = "generationConfig.thinkingConfig";
  if (!thinking->is_object()) return BadField(kThinkingPath, "must be an object");
  ReasoningRequest& reasoning = request->reasoning;
  LMGATE_ASSIGN_OR_RETURN(const auto want,
                          ReadBoolField(*thinking, "includeThoughts", kThinkingPath));
  LMGATE_ASSIGN_OR_RETURN(const auto budget,
                          ReadIntegerField(*thinking, "thinkingBudget", kThinkingPath));
  LMGATE_ASSIGN_OR_RETURN(const auto level,
                          ReadTextField(*thinking, "thinkingLevel", kThinkingPath));
  reasoning.want_text = want.value_or(false);
  const std::string effort = Lower(level.value_or(""));
  if (!effort.empty() && effort != "thinking_level_unspecified") {
    constexpr std::string_view kLevels[] = {"minimal", "low", "medium", "high"};
    if (std::find(std::begin(kLevels), std::end(kLevels), effort) == std::end(kLevels)) {
      return BadField("generationConfig.thinkingConfig.thinkingLevel",
                      "must be MINIMAL, LOW, MEDIUM or HIGH");
    }
    reasoning.mode = ReasoningRequest::Mode::kEffort;
    reasoning.effort = effort;
  } else if (budget.has_value() && *budget == 0) {
    reasoning.mode = ReasoningRequest::Mode::kOff;
  } else if (budget.has_value() && *budget < 0) {
    reasoning.mode = ReasoningRequest::Mode::kAdaptive;
  } else if (budget.has_value()) {
    reasoning.mode = ReasoningRequest::Mode::kBudget;
    reasoning.budget_tokens = *budget;
  }
  return absl::OkStatus();
}

void ReadResolution(const Json& config, ChatRequest* request) {
  const std::string resolution = FindTextField(config, "mediaResolution");
  std::string detail;
  if (resolution.ends_with("_LOW")) detail = "low";
  if (resolution.ends_with("_HIGH")) detail = "high";
  if (detail.empty()) return;
  for (chat::Turn& turn : request->turns) {
    for (chat::Part& part : turn.parts) {
      if (part.kind == chat::PartKind::kImage && part.detail.empty()) part.detail = detail;
    }
  }
}

// Text only, which every provider answers with.
bool IsTextOnly(const Json& modalities) {
  const auto list = ListOf(&modalities);
  return std::all_of(list.begin(), list.end(), [](const Json* modality) {
    return modality->is_string() && Lower(modality->get<std::string>()) == "text";
  });
}

void ReadOthers(const Json& config, ChatRequest* request) {
  constexpr std::string_view kRead[] = {
      "maxOutputTokens", "temperature", "topP", "topK", "seed", "presencePenalty", "candidateCount",
      "frequencyPenalty", "stopSequences", "responseMimeType", "responseSchema",
      "responseJsonSchema", "thinkingConfig", "mediaResolution",
      // How the input is priced or read; every provider has its own way.
      "audioTimestamp", "enableEnhancedCivicAnswers"};
  for (const auto& [key, value] : config.items()) {
    const std::string name = FieldName(key);
    if (value.is_null() || std::find(std::begin(kRead), std::end(kRead), name) != std::end(kRead)) {
      continue;
    }
    if (name == "responseModalities" && IsTextOnly(value)) continue;
    if (value.is_boolean() && !value.get<bool>()) continue;  // "responseLogprobs": false
    request->own_fields.push_back(FieldPath(kPath, name));
  }
}

void WriteSampling(const ChatRequest& request, Json* config) {
  if (request.max_tokens.has_value()) (*config)["maxOutputTokens"] = *request.max_tokens;
  if (request.temperature.has_value()) (*config)["temperature"] = *request.temperature;
  if (request.top_p.has_value()) (*config)["topP"] = *request.top_p;
  if (request.top_k.has_value()) (*config)["topK"] = *request.top_k;
  if (!request.stop.empty()) (*config)["stopSequences"] = request.stop;
  if (request.n > 1) (*config)["candidateCount"] = request.n;
  // An int32 there; a seed that is larger stays a seed.
  if (request.seed.has_value()) (*config)["seed"] = static_cast<int32_t>(*request.seed);
  if (request.presence_penalty.has_value()) {
    (*config)["presencePenalty"] = *request.presence_penalty;
  }
  if (request.frequency_penalty.has_value()) {
    (*config)["frequencyPenalty"] = *request.frequency_penalty;
  }
}

void WriteFormat(const ResponseFormat& format, const GeminiModel& model, Json* config) {
  if (format.kind == ResponseFormat::Kind::kText) return;
  (*config)["responseMimeType"] = "application/json";
  if (format.kind != ResponseFormat::Kind::kJsonSchema) return;
  absl::StatusOr<Json> schema = ParseObject(format.schema);
  if (!schema.ok()) return;
  if (model.takes_json_schema()) {
    (*config)["responseJsonSchema"] = *std::move(schema);
  } else {
    (*config)["responseSchema"] = GeminiSchemaOf(*schema);
  }
}

// High is what Google's own chat endpoint makes of it: 24576 (Gemini API docs, OpenAI
// compatibility).
int64_t BudgetOf(std::string_view effort, const GeminiModel& model) {
  constexpr int64_t kHigh = 24576;
  const int64_t budget = BudgetOfEffort(effort);
  if (effort == "high") return kHigh;
  return model.pro ? budget : std::min(budget, kHigh);
}

// The bounds are those of the Gemini API reference, Thinking.
int64_t FitBudget(int64_t budget, const GeminiModel& model) {
  if (budget < 0) return -1;
  if (model.pro) return std::clamp<int64_t>(budget, 128, 32768);
  if (budget == 0) return 0;
  return std::clamp<int64_t>(budget, model.lite ? 512 : 1, 24576);
}

std::string_view EffortOf(int64_t budget) {
  return budget < BudgetOfEffort("minimal") ? "minimal" : EffortOfBudget(budget);
}

// The first Pro of the third knows low and high only, the later ones no minimal.
std::string_view LevelOf(std::string_view effort, const GeminiModel& model) {
  if (effort == "none" || effort == "minimal") return model.pro ? "LOW" : "MINIMAL";
  if (effort == "low") return "LOW";
  if (effort == "medium" && !(model.pro && model.minor == 0)) return "MEDIUM";
  return "HIGH";
}

Json WriteThinking(const ReasoningRequest& reasoning, const GeminiModel& model) {
  using Mode = ReasoningRequest::Mode;
  Json thinking = Json::object();
  if (!model.takes_json_schema()) return thinking;  // it does not think
  const bool off = reasoning.mode == Mode::kOff ||
                   (reasoning.mode == Mode::kEffort && reasoning.effort == "none") ||
                   (reasoning.mode == Mode::kBudget && reasoning.budget_tokens == 0);
  const bool by_effort = reasoning.mode == Mode::kEffort ||
                         (reasoning.mode == Mode::kAdaptive && !reasoning.effort.empty());
  if (model.is_third()) {
    std::string effort;
    if (reasoning.mode == Mode::kBudget && reasoning.budget_tokens > 0) {
      effort = EffortOf(reasoning.budget_tokens);
    }
    if (by_effort) effort = reasoning.effort;
    if (off) effort = "none";
    if (!effort.empty()) thinking["thinkingLevel"] = LevelOf(effort, model);
  } else if (off) {
    thinking["thinkingBudget"] = FitBudget(0, model);
  } else if (by_effort) {
    thinking["thinkingBudget"] = FitBudget(BudgetOf(reasoning.effort, model), model);
  } else if (reasoning.mode == Mode::kBudget) {
    thinking["thinkingBudget"] = FitBudget(reasoning.budget_tokens, model);
  } else if (reasoning.mode == Mode::kAdaptive) {
    thinking["thinkingBudget"] = -1;
  }
  if (reasoning.want_text && !off) thinking["includeThoughts"] = true;
  return thinking;
}

}  // namespace

absl::Status ReadGeminiConfig(const Json& config, ChatRequest* request) {
  if (!config.is_object()) return BadField(kPath, "must be an object");
  LMGATE_RETURN_IF_ERROR(ReadSampling(config, request));
  LMGATE_RETURN_IF_ERROR(ReadFormat(config, request));
  LMGATE_RETURN_IF_ERROR(ReadThinking(config, request));
  ReadResolution(config, request);
  ReadOthers(config, request);
  return absl::OkStatus();
}

absl::StatusOr<Json> WriteGeminiConfig(const ChatRequest& request, std::string_view name) {
  if (request.stop.size() > kStopsMax) {
    return BadField("stopSequences", StrCat("at most ", kStopsMax, " with this provider"));
  }
  const GeminiModel model = GeminiModelOf(name);
  Json config = Json::object();
  WriteSampling(request, &config);
  WriteFormat(request.response_format, model, &config);
  Json thinking = WriteThinking(request.reasoning, model);
  if (!thinking.empty()) config["thinkingConfig"] = std::move(thinking);
  return config;
}

}  // namespace lmgate::dialect

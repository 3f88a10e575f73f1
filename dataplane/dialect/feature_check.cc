#include "dataplane/dialect/feature_check.h"

#include <set>

#include "common/base/strings.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using contract::Feature;
using contract::Treatment;
using Features = std::set<Feature>;

void AddMedia(const Part& part, Features* used) {
  if (part.kind == PartKind::kAudio) {
    used->insert(Feature::kAudio);
    return;
  }
  const bool image = part.kind == PartKind::kImage;
  if (!part.file_id.empty()) {
    used->insert(Feature::kFileId);
  } else if (!part.data.empty()) {
    used->insert(image ? Feature::kImageData : Feature::kFileData);
  } else {
    used->insert(image ? Feature::kImageUrl : Feature::kFileUrl);
  }
  if (!part.detail.empty()) used->insert(Feature::kImageDetail);
  if (part.cites) used->insert(Feature::kCitations);
}

void AddPart(const Part& part, Features* used) {
  if (part.cache) used->insert(Feature::kCache);
  switch (part.kind) {
    case PartKind::kImage:
    case PartKind::kFile:
    case PartKind::kAudio:
      AddMedia(part, used);
      break;
    case PartKind::kToolCall:
      used->insert(Feature::kTools);
      break;
    case PartKind::kToolResult:
      used->insert(Feature::kTools);
      if (part.is_error) used->insert(Feature::kToolResultError);
      for (const Part& inner : part.parts) {
        if (inner.kind == PartKind::kImage) used->insert(Feature::kToolResultImage);
        AddPart(inner, used);
      }
      break;
    case PartKind::kReasoning:
      used->insert(Feature::kReasoningSignature);
      break;
    case PartKind::kText:
    case PartKind::kRefusal:
      break;
  }
}

void AddTools(const ChatRequest& request, Features* used) {
  using Mode = chat::ToolChoice::Mode;
  for (const chat::Tool& tool : request.tools) {
    used->insert(Feature::kTools);
    if (tool.strict == true) used->insert(Feature::kToolStrict);
    if (tool.cache) used->insert(Feature::kCache);
  }
  switch (request.tool_choice.mode) {
    case Mode::kDefault:
      break;
    case Mode::kAuto:
    case Mode::kAny:
    case Mode::kOne:
      used->insert(Feature::kToolChoice);
      break;
    case Mode::kNone:
      used->insert(Feature::kToolChoiceNone);
      break;
    case Mode::kSubsetAuto:
    case Mode::kSubsetAny:
      used->insert(Feature::kToolChoiceSubset);
      break;
  }
  if (request.parallel_tool_calls == false) used->insert(Feature::kParallelToolCalls);
}

void AddParameters(const ChatRequest& request, Features* used) {
  const auto add = [used](bool is_used, Feature feature) {
    if (is_used) used->insert(feature);
  };
  add(request.max_tokens.has_value(), Feature::kMaxTokens);
  add(request.temperature.has_value(), Feature::kTemperature);
  add(request.top_p.has_value(), Feature::kTopP);
  add(request.top_k.has_value(), Feature::kTopK);
  add(!request.stop.empty(), Feature::kStop);
  add(request.n > 1, Feature::kN);
  add(request.seed.has_value(), Feature::kSeed);
  add(request.presence_penalty.has_value() || request.frequency_penalty.has_value(),
      Feature::kPenalties);
  add(!request.logit_bias.empty(), Feature::kLogitBias);
  add(request.top_logprobs.has_value(), Feature::kLogprobs);
  using Format = chat::ResponseFormat::Kind;
  add(request.response_format.kind == Format::kJsonObject, Feature::kJsonObject);
  add(request.response_format.kind == Format::kJsonSchema, Feature::kJsonSchema);
  add(request.reasoning.mode != chat::ReasoningRequest::Mode::kDefault, Feature::kReasoning);
  add(!request.verbosity.empty(), Feature::kVerbosity);
  add(!request.end_user.empty(), Feature::kEndUser);
  add(!request.openai_fields.empty(), Feature::kOpenAiFields);
  add(!request.own_fields.empty(), Feature::kOwnFields);
}

}  // namespace

std::vector<std::string> MediaFields(const ChatRequest& request, Feature feature) {
  std::vector<std::string> fields;
  const auto add = [&](const Part& part) {
    if (part.field.empty()) return;
    Features used;
    AddMedia(part, &used);
    if (used.contains(feature)) fields.push_back(part.field);
  };
  for (const chat::Turn& turn : request.turns) {
    for (const Part& part : turn.parts) {
      add(part);
      for (const Part& inner : part.parts) add(inner);
    }
  }
  return fields;
}

std::vector<Feature> UsedFeatures(const ChatRequest& request) {
  Features used;
  if (!request.system.empty()) used.insert(Feature::kSystemText);
  for (const Part& part : request.system) AddPart(part, &used);
  for (const chat::Turn& turn : request.turns) {
    if (turn.role == chat::Role::kSystem) used.insert(Feature::kLateSystemText);
    for (const Part& part : turn.parts) AddPart(part, &used);
  }
  AddTools(request, &used);
  AddParameters(request, &used);
  return {used.begin(), used.end()};
}

absl::Status CheckFeatures(const ChatRequest& request, std::string_view client,
                           std::string_view backend) {
  const size_t client_column = contract::DialectColumn(client);
  const size_t backend_column = contract::DialectColumn(backend);
  for (const Feature feature : UsedFeatures(request)) {
    const contract::FeatureRow& row = contract::FindFeature(feature);
    if (contract::TreatmentBetween(row, client_column, backend_column) != Treatment::kRefused) {
      continue;
    }
    std::string_view field = row.field[client_column];
    const std::vector<std::string> media = MediaFields(request, feature);
    if (!media.empty()) field = media.front();
    std::string_view name = row.name;
    if (feature == Feature::kOwnFields) {
      field = request.own_fields.front();
      name = "such a field";
    }
    return BadField(field, StrCat("cannot be translated: the model's provider speaks ", backend,
                                  ", which has no place for ", name));
  }
  return absl::OkStatus();
}

}  // namespace lmgate::dialect

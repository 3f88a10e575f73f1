#include <absl/strings/ascii.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "common/base/percent_encode.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/gemini.h"
#include "dataplane/dialect/gemini_config.h"
#include "dataplane/dialect/gemini_contents.h"
#include "dataplane/dialect/gemini_field.h"
#include "dataplane/dialect/gemini_model.h"
#include "dataplane/dialect/gemini_schema.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Tool;
using chat::ToolChoice;

absl::Status ReadFunction(const Json& function, const std::string& path, ChatRequest* request) {
  if (!function.is_object()) return BadField(path, "must be an object");
  Tool tool;
  LMGATE_ASSIGN_OR_RETURN(const auto name, ReadTextField(function, "name", path));
  if (name.value_or("").empty()) return BadField(FieldPath(path, "name"), "is missing");
  LMGATE_ASSIGN_OR_RETURN(const auto description, ReadTextField(function, "description", path));
  tool.name = *name;
  tool.description = description.value_or("");
  const Json* const schema = FindField(function, "parametersJsonSchema");
  const Json* const subset = FindField(function, "parameters");
  for (const Json* const given : {schema, subset}) {
    if (given != nullptr && !given->is_object()) {
      return BadField(FieldPath(path, "parameters"), "must be an object");
    }
  }
  if (schema != nullptr) {
    tool.parameters = DumpJson(*schema);
  } else if (subset != nullptr) {
    tool.parameters = DumpJson(JsonSchemaOfGemini(*subset));
  }
  request->tools.push_back(std::move(tool));
  return absl::OkStatus();
}

// Functions; tools that run at Google (googleSearch, codeExecution …) are its own.
absl::Status ReadTools(const Json& tools, ChatRequest* request) {
  size_t number = 0;
  for (const Json* const tool : ListOf(&tools)) {
    const std::string path = StrCat("tools[", number++, "]");
    if (!tool->is_object()) return BadField(path, "must be an object");
    for (const auto& [key, value] : tool->items()) {
      const std::string name = FieldName(key);
      if (name != "functionDeclarations" && !value.is_null()) {
        request->own_fields.push_back(FieldPath(path, name));
      }
    }
    size_t function_number = 0;
    for (const Json* const function : ListOf(FindField(*tool, "functionDeclarations"))) {
      const std::string function_path =
          StrCat(path, ".functionDeclarations[", function_number++, "]");
      LMGATE_RETURN_IF_ERROR(ReadFunction(*function, function_path, request));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ToolChoice> ReadChoice(const Json& calling, const std::string& path) {
  ToolChoice choice;
  LMGATE_ASSIGN_OR_RETURN(const auto written, ReadTextField(calling, "mode", path));
  for (const Json* const name : ListOf(FindField(calling, "allowedFunctionNames"))) {
    if (!name->is_string()) {
      return BadField(FieldPath(path, "allowedFunctionNames"), "must be a list of strings");
    }
    choice.names.push_back(name->get<std::string>());
  }
  const std::string mode = absl::AsciiStrToUpper(written.value_or(""));
  const bool some = !choice.names.empty();
  if (mode == "NONE") {
    choice = {.mode = ToolChoice::Mode::kNone};
  } else if (mode == "ANY") {
    choice.mode = !some                      ? ToolChoice::Mode::kAny
                  : choice.names.size() == 1 ? ToolChoice::Mode::kOne
                                             : ToolChoice::Mode::kSubsetAny;
  } else if (mode == "AUTO" || mode == "VALIDATED") {
    choice.mode = some ? ToolChoice::Mode::kSubsetAuto : ToolChoice::Mode::kAuto;
  } else if (mode.empty() || mode == "MODE_UNSPECIFIED") {
    choice.mode = some ? ToolChoice::Mode::kSubsetAuto : ToolChoice::Mode::kDefault;
  } else {
    return BadField(FieldPath(path, "mode"), "must be AUTO, ANY, NONE or VALIDATED");
  }
  return choice;
}

absl::Status ReadToolConfig(const Json& config, ChatRequest* request) {
  if (!config.is_object()) return BadField("toolConfig", "must be an object");
  for (const auto& [key, value] : config.items()) {
    const std::string name = FieldName(key);
    const bool off = value.is_null() || (value.is_boolean() && !value.get<bool>());
    if (name != "functionCallingConfig" && !off) {
      request->own_fields.push_back(FieldPath("toolConfig", name));
    }
  }
  const Json* const calling = FindField(config, "functionCallingConfig");
  if (calling == nullptr) return absl::OkStatus();
  constexpr std::string_view kPath = "toolConfig.functionCallingConfig";
  if (!calling->is_object()) return BadField(kPath, "must be an object");
  LMGATE_ASSIGN_OR_RETURN(request->tool_choice, ReadChoice(*calling, std::string(kPath)));
  return absl::OkStatus();
}

// The rest: hints that the answer does not depend on, or what only Google has.
void ReadOthers(const Json& body, ChatRequest* request) {
  constexpr std::string_view kKnown[] = {
      "contents", "systemInstruction", "tools",  "toolConfig",  "generationConfig",
      "model",    "safetySettings",    "labels", "serviceTier", "store"};
  for (const auto& [key, value] : body.items()) {
    const std::string name = FieldName(key);
    if (value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty()) ||
        std::find(std::begin(kKnown), std::end(kKnown), name) != std::end(kKnown)) {
      continue;
    }
    request->own_fields.push_back(name);
  }
}

// A name may say where the model is: "models/…", "tunedModels/…", "publishers/google/models/…".
std::string PathOf(std::string_view model, bool stream) {
  bool is_path = false;
  for (const std::string_view root : {"models/", "tunedModels/", "publishers/", "projects/"}) {
    is_path = is_path || model.starts_with(root);
  }
  return StrCat(is_path ? "/" : "/models/", PercentEncode(model, is_path ? "/" : ""),
                stream ? ":streamGenerateContent" : ":generateContent");
}

bool HasParameters(const Json& schema) {
  if (!schema.is_object() || schema.empty()) return false;
  const Json* const properties = Find(schema, "properties");
  if (properties != nullptr && properties->is_object() && !properties->empty()) return true;
  for (const std::string_view key : {"$ref", "anyOf", "oneOf", "allOf", "patternProperties"}) {
    if (Find(schema, key) != nullptr) return true;
  }
  // A map: its members have names of the model's choice.
  const Json* const others = Find(schema, "additionalProperties");
  if (others != nullptr && others->is_object()) return true;
  return FindString(schema, "type") != "object" && FindString(schema, "type") != "OBJECT" &&
         Find(schema, "type") != nullptr;
}

Json WriteFunction(const Tool& tool, const GeminiModel& model) {
  Json function = Json::object();
  function["name"] = tool.name;
  if (!tool.description.empty()) function["description"] = tool.description;
  const absl::StatusOr<Json> schema = ParseObject(tool.parameters);
  // The first models refuse an object without properties.
  if (!schema.ok() || !HasParameters(*schema)) return function;
  if (model.takes_json_schema()) {
    function["parametersJsonSchema"] = *schema;
    return function;
  }
  Json subset = GeminiSchemaOf(*schema);
  if (HasParameters(subset)) function["parameters"] = std::move(subset);
  return function;
}

// The tools that the model may call.
Json WriteTools(const ChatRequest& request, const GeminiModel& model) {
  const ToolChoice& choice = request.tool_choice;
  // VALIDATED came with 2.5: before it a choice among some means that there are no others.
  const bool filter = choice.mode == ToolChoice::Mode::kSubsetAuto && !model.takes_json_schema();
  Json functions = Json::array();
  for (const Tool& tool : request.tools) {
    const bool named =
        std::find(choice.names.begin(), choice.names.end(), tool.name) != choice.names.end();
    if (!filter || named) functions.push_back(WriteFunction(tool, model));
  }
  return functions;
}

Json WriteChoice(const ToolChoice& choice, const GeminiModel& model) {
  Json calling = Json::object();
  switch (choice.mode) {
    case ToolChoice::Mode::kDefault:
      return calling;
    case ToolChoice::Mode::kAuto:
      calling["mode"] = "AUTO";
      return calling;
    case ToolChoice::Mode::kNone:
      calling["mode"] = "NONE";
      return calling;
    case ToolChoice::Mode::kSubsetAuto:
      calling["mode"] = model.takes_json_schema() ? "VALIDATED" : "AUTO";
      if (model.takes_json_schema()) calling["allowedFunctionNames"] = choice.names;
      return calling;
    case ToolChoice::Mode::kAny:
    case ToolChoice::Mode::kOne:
    case ToolChoice::Mode::kSubsetAny:
      break;
  }
  calling["mode"] = "ANY";
  if (!choice.names.empty()) calling["allowedFunctionNames"] = choice.names;
  return calling;
}

Json WriteSystem(const ChatRequest& request) {
  Json parts = Json::array();
  for (const chat::Part& part : request.system) {
    if (!part.text.empty()) parts.push_back(Json{{"text", part.text}});
  }
  return parts;
}

}  // namespace

std::string_view Gemini::name() const { return "gemini"; }

absl::StatusOr<ChatRequest> Gemini::DecodeRequest(const RequestSource& source) const {
  LMGATE_ASSIGN_OR_RETURN(const Json whole, ParseObject(source.body));
  // countTokens takes the contents alone, or a whole request (Gemini API reference, Counting
  // tokens).
  const Json* const counted =
      source.count_only ? FindField(whole, "generateContentRequest") : nullptr;
  if (counted != nullptr && !counted->is_object()) {
    return BadField("generateContentRequest", "must be an object");
  }
  const Json& body = counted != nullptr ? *counted : whole;
  ChatRequest request;
  request.model = source.model.empty() ? FindString(body, "model") : std::string(source.model);
  request.stream = source.stream;
  const Json* const contents = FindField(body, "contents");
  if (contents == nullptr) return BadField("contents", "is missing");
  LMGATE_RETURN_IF_ERROR(ReadGeminiContents(*contents, &request));
  if (const Json* const system = FindField(body, "systemInstruction")) {
    LMGATE_RETURN_IF_ERROR(ReadGeminiSystem(*system, &request));
  }
  if (const Json* const tools = FindField(body, "tools")) {
    LMGATE_RETURN_IF_ERROR(ReadTools(*tools, &request));
  }
  if (const Json* const config = FindField(body, "toolConfig")) {
    LMGATE_RETURN_IF_ERROR(ReadToolConfig(*config, &request));
  }
  if (const Json* const config = FindField(body, "generationConfig")) {
    LMGATE_RETURN_IF_ERROR(ReadGeminiConfig(*config, &request));
  }
  ReadOthers(body, &request);
  return request;
}

absl::StatusOr<UpstreamBody> Gemini::EncodeRequest(const ChatRequest& request,
                                                   const BackendTraits& traits) const {
  const GeminiModel model = GeminiModelOf(traits.model);
  Json body = Json::object();
  LMGATE_ASSIGN_OR_RETURN(body["contents"], WriteGeminiContents(request, traits.model));
  Json system = WriteSystem(request);
  if (!system.empty()) body["systemInstruction"]["parts"] = std::move(system);
  Json functions = WriteTools(request, model);
  if (!functions.empty()) {
    Json tool = Json::object();
    tool["functionDeclarations"] = std::move(functions);
    body["tools"] = Json::array({std::move(tool)});
    Json calling = WriteChoice(request.tool_choice, model);
    if (!calling.empty()) body["toolConfig"]["functionCallingConfig"] = std::move(calling);
  }
  LMGATE_ASSIGN_OR_RETURN(Json config, WriteGeminiConfig(request, traits.model));
  if (!config.empty()) body["generationConfig"] = std::move(config);
  UpstreamBody upstream;
  upstream.path = PathOf(traits.model, request.stream);
  if (request.stream) upstream.query = "alt=sse";
  upstream.body = DumpJson(body);
  return upstream;
}

}  // namespace lmgate::dialect

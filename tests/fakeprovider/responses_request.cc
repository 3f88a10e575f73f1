#include "tests/fakeprovider/responses_request.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "tests/fakeprovider/media_url.h"
#include "tests/fakeprovider/openai_error.h"
#include "tests/fakeprovider/openai_schema.h"
#include "tests/fakeprovider/signature.h"

namespace lmgate::fakeprovider {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kIdBytesMax = 64;
constexpr int64_t kOutputTokensMin = 16;

struct Item {
  enum class Kind { kSystem, kUser, kAssistant, kReasoning, kCall, kResult };
  Kind kind;
  std::string text = {};
  bool has_text = false;
  std::string call_id = {};
  std::string id = {};
};

class Reader {
 public:
  explicit Reader(const dom::object& body) : body_(body) {}

  absl::StatusOr<ResponsesPrompt> Read();

 private:
  absl::Status CheckMembers();
  absl::Status ReadTools();
  absl::Status ReadTool(const dom::object& tool, std::string_view param);
  absl::Status ReadToolChoice();
  absl::Status ReadFormat();
  absl::Status ReadReasoning();
  absl::Status ReadInput();
  absl::Status ReadItem(const dom::object& object, const std::string& param);
  absl::Status ReadMessage(const dom::object& object, const std::string& param);
  absl::Status ReadParts(const dom::array& parts, const std::string& param, Item* item);
  absl::Status ReadReasoningItem(const dom::object& object, const std::string& param);
  absl::Status ReadCall(const dom::object& object, const std::string& param);
  absl::Status ReadResult(const dom::object& object, const std::string& param);
  absl::Status CheckItems();
  void EndPrompt();

  const dom::object& body_;
  ResponsesPrompt read_;
  Prompt& prompt_ = read_.prompt;
  std::vector<Item> items_;
};

absl::StatusOr<ResponsesPrompt> Reader::Read() {
  LMGATE_RETURN_IF_ERROR(CheckMembers());
  LMGATE_RETURN_IF_ERROR(ReadTools());
  LMGATE_RETURN_IF_ERROR(ReadToolChoice());
  LMGATE_RETURN_IF_ERROR(ReadFormat());
  LMGATE_RETURN_IF_ERROR(ReadReasoning());
  LMGATE_RETURN_IF_ERROR(ReadInput());
  LMGATE_RETURN_IF_ERROR(CheckItems());
  EndPrompt();
  return ResponsesPrompt{.prompt = std::move(prompt_), .wants_encrypted = read_.wants_encrypted};
}

absl::Status Reader::CheckMembers() {
  const std::string_view unknown = FindUnknownMember(body_, {"model",
                                                             "input",
                                                             "instructions",
                                                             "tools",
                                                             "tool_choice",
                                                             "parallel_tool_calls",
                                                             "max_output_tokens",
                                                             "max_tool_calls",
                                                             "temperature",
                                                             "top_p",
                                                             "top_logprobs",
                                                             "text",
                                                             "reasoning",
                                                             "include",
                                                             "store",
                                                             "metadata",
                                                             "user",
                                                             "safety_identifier",
                                                             "prompt_cache_key",
                                                             "prompt_cache_retention",
                                                             "service_tier",
                                                             "stream",
                                                             "stream_options",
                                                             "previous_response_id",
                                                             "conversation",
                                                             "truncation",
                                                             "background",
                                                             "prompt",
                                                             "context_management"});
  if (!unknown.empty()) return RefuseUnknown(unknown);
  // The fake remembers nothing.
  if (const auto id = FindString(body_, "previous_response_id")) {
    return RefuseParam("previous_response_id", "previous_response_not_found",
                       StrCat("Previous response with id '", *id, "' not found."));
  }
  if (FindElement(body_, "stream_options").has_value() && !IsTrue(body_, "stream")) {
    return RefuseParam("stream_options", "",
                       "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
  }
  if (const auto options = FindObject(body_, "stream_options")) {
    const std::string_view option = FindUnknownMember(*options, {"include_obfuscation"});
    if (!option.empty()) return RefuseUnknown(StrCat("stream_options.", option));
  }
  double number = 0;
  const auto temperature = FindElement(body_, "temperature");
  if (temperature.has_value() &&
      (temperature->get(number) != simdjson::SUCCESS || number < 0 || number > 2)) {
    return RefuseParam("temperature", "decimal_above_max_value",
                       "Invalid 'temperature': expected a value between 0 and 2.");
  }
  prompt_.token_limit = FindInteger(body_, "max_output_tokens");
  if (prompt_.token_limit.has_value() && *prompt_.token_limit < kOutputTokensMin) {
    return RefuseParam("max_output_tokens", "integer_below_min_value",
                       StrCat("Invalid 'max_output_tokens': integer below minimum value. Expected "
                              "a value >= 16, but got ",
                              *prompt_.token_limit, " instead."));
  }
  prompt_.uses_cache = FindElement(body_, "prompt_cache_key").has_value();
  if (FindElement(body_, "parallel_tool_calls").has_value()) {
    prompt_.parallel = IsTrue(body_, "parallel_tool_calls");
  }
  for (const dom::element element : FindEntries(body_, "include")) {
    std::string_view wanted;
    if (element.get(wanted) == simdjson::SUCCESS && wanted == "reasoning.encrypted_content") {
      read_.wants_encrypted = true;
    }
  }
  if (const auto instructions = FindElement(body_, "instructions")) {
    if (!instructions->is_string()) return RefuseType("instructions", "a string");
    prompt_.system = FindString(body_, "instructions").value_or("");
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadTools() {
  const auto tools = FindElement(body_, "tools");
  if (!tools.has_value()) return absl::OkStatus();
  if (!tools->is_array()) return RefuseType("tools", "an array of objects");
  size_t index = 0;
  for (const dom::element element : dom::array(*tools)) {
    const std::string param = StrCat("tools[", index++, "]");
    dom::object tool;
    if (element.get(tool) != simdjson::SUCCESS) return RefuseType(param, "an object");
    LMGATE_RETURN_IF_ERROR(ReadTool(tool, param));
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadTool(const dom::object& tool, std::string_view param) {
  const auto type = FindString(tool, "type");
  if (!type.has_value()) return RefuseMissing(StrCat(param, ".type"));
  if (*type != "function") return absl::OkStatus();  // runs at the provider
  const auto name = FindString(tool, "name");
  if (!name.has_value()) return RefuseMissing(StrCat(param, ".name"));
  const std::string_view unknown = FindUnknownMember(
      tool, {"type", "name", "description", "parameters", "strict", "defer_loading"});
  if (!unknown.empty()) return RefuseUnknown(StrCat(param, ".", unknown));
  if (!IsOpenaiName(*name)) {
    return RefuseParam(StrCat(param, ".name"), "invalid_value",
                       StrCat("Invalid '", param,
                              ".name': string does not match pattern. Expected a string that "
                              "matches the pattern '^[a-zA-Z0-9_-]+$'."));
  }
  const auto schema = FindElement(tool, "parameters");
  if (IsTrue(tool, "strict") && schema.has_value()) {
    const std::string fault = FindStrictFault(*schema);
    if (!fault.empty()) {
      return RefuseParam(StrCat(param, ".parameters"), "invalid_function_parameters",
                         StrCat("Invalid schema for function '", *name, "': ", fault));
    }
  }
  prompt_.tools.push_back(ToolSpec{.name = std::string(*name), .schema = schema});
  return absl::OkStatus();
}

absl::Status Reader::ReadToolChoice() {
  const auto choice = FindElement(body_, "tool_choice");
  if (!choice.has_value()) return absl::OkStatus();
  const bool has_tools = FindEntries(body_, "tools").size() > 0;
  if (const auto word = FindString(body_, "tool_choice")) {
    if (*word != "auto" && *word != "none" && *word != "required") {
      return RefuseValue("tool_choice", *word);
    }
    if (*word == "required" && !has_tools) {
      return RefuseParam("tool_choice", "",
                         "Tool choice 'required' must be specified with 'tools' parameter.");
    }
    prompt_.may_call = *word != "none";
    return absl::OkStatus();
  }
  const auto object = FindObject(body_, "tool_choice");
  if (!object.has_value()) return RefuseType("tool_choice", "a string or an object");
  const auto type = FindString(*object, "type");
  if (!type.has_value()) return RefuseMissing("tool_choice.type");
  if (*type != "function") return absl::OkStatus();
  const auto name = FindString(*object, "name");
  if (!name.has_value()) return RefuseMissing("tool_choice.name");
  prompt_.forced = *name;
  for (const ToolSpec& tool : prompt_.tools) {
    if (tool.name == *name) return absl::OkStatus();
  }
  return RefuseParam("tool_choice", "",
                     StrCat("Tool choice 'function' not found in 'tools' parameter."));
}

absl::Status Reader::ReadFormat() {
  const auto text = FindObject(body_, "text");
  if (!text.has_value()) return absl::OkStatus();
  const std::string_view unknown = FindUnknownMember(*text, {"format", "verbosity"});
  if (!unknown.empty()) return RefuseUnknown(StrCat("text.", unknown));
  const auto format = FindObject(*text, "format");
  if (!format.has_value()) return absl::OkStatus();
  const std::string_view type = FindString(*format, "type").value_or("");
  if (type == "text") return absl::OkStatus();
  if (type == "json_object") {
    prompt_.wants_json_object = true;
    return absl::OkStatus();
  }
  if (type != "json_schema") return RefuseValue("text.format.type", type);
  const std::string_view member =
      FindUnknownMember(*format, {"type", "name", "description", "schema", "strict"});
  if (!member.empty()) return RefuseUnknown(StrCat("text.format.", member));
  if (!FindString(*format, "name").has_value()) return RefuseMissing("text.format.name");
  if (!IsOpenaiName(*FindString(*format, "name"))) {
    return RefuseValue("text.format.name", *FindString(*format, "name"));
  }
  prompt_.schema = FindElement(*format, "schema");
  if (!prompt_.schema.has_value()) return RefuseMissing("text.format.schema");
  if (!IsTrue(*format, "strict")) return absl::OkStatus();
  const std::string fault = FindStrictFault(*prompt_.schema);
  if (fault.empty()) return absl::OkStatus();
  return RefuseParam(
      "text.format.schema", "invalid_json_schema",
      StrCat("Invalid schema for response_format '", *FindString(*format, "name"), "': ", fault));
}

absl::Status Reader::ReadReasoning() {
  const auto reasoning = FindObject(body_, "reasoning");
  if (!reasoning.has_value()) return absl::OkStatus();
  const std::string_view unknown =
      FindUnknownMember(*reasoning, {"effort", "summary", "generate_summary"});
  if (!unknown.empty()) return RefuseUnknown(StrCat("reasoning.", unknown));
  const std::string_view effort = FindString(*reasoning, "effort").value_or("medium");
  for (const std::string_view word : {"none", "minimal", "low", "medium", "high", "xhigh", "max"}) {
    if (effort != word) continue;
    prompt_.reasons = effort != "none";
    prompt_.hides_reasoning = !FindElement(*reasoning, "summary").has_value();
    return absl::OkStatus();
  }
  return RefuseValue("reasoning.effort", effort);
}

absl::Status Reader::ReadInput() {
  const auto input = FindElement(body_, "input");
  if (!input.has_value()) return RefuseMissing("input");
  if (const auto text = FindString(body_, "input")) {
    items_.push_back(Item{.kind = Item::Kind::kUser, .text = std::string(*text), .has_text = true});
    return absl::OkStatus();
  }
  if (!input->is_array()) return RefuseType("input", "a string or an array");
  size_t index = 0;
  for (const dom::element element : dom::array(*input)) {
    const std::string param = StrCat("input[", index++, "]");
    dom::object object;
    if (element.get(object) != simdjson::SUCCESS) return RefuseType(param, "an object");
    LMGATE_RETURN_IF_ERROR(ReadItem(object, param));
  }
  if (items_.empty()) return RefuseParam("input", "empty_array", "Invalid 'input': empty array.");
  return absl::OkStatus();
}

absl::Status Reader::ReadItem(const dom::object& object, const std::string& param) {
  const std::string_view type = FindString(object, "type").value_or("message");
  if (type == "message") return ReadMessage(object, param);
  if (type == "reasoning") return ReadReasoningItem(object, param);
  if (type == "function_call") return ReadCall(object, param);
  if (type == "function_call_output") return ReadResult(object, param);
  const std::string_view id = FindString(object, "id").value_or("");
  if (type == "item_reference") {
    return absl::NotFoundError(StrCat("Item with id '", id, "' not found."));
  }
  return RefuseValue(StrCat(param, ".type"), type);
}

// Ids of items have the prefix of their kind.
absl::Status CheckItemId(const dom::object& object, const std::string& param,
                         std::string_view prefix) {
  const auto id = FindString(object, "id");
  if (!id.has_value() || id->starts_with(prefix)) return absl::OkStatus();
  return RefuseParam(StrCat(param, ".id"), "invalid_value",
                     StrCat("Invalid '", param, ".id': '", *id,
                            "'. Expected an ID that begins with '", prefix, "'."));
}

absl::Status Reader::ReadMessage(const dom::object& object, const std::string& param) {
  const std::string_view unknown =
      FindUnknownMember(object, {"type", "role", "content", "id", "status", "phase"});
  if (!unknown.empty()) return RefuseUnknown(StrCat(param, ".", unknown));
  const std::string_view role = FindString(object, "role").value_or("");
  Item item{.kind = Item::Kind::kUser};
  if (role == "assistant") {
    item.kind = Item::Kind::kAssistant;
    LMGATE_RETURN_IF_ERROR(CheckItemId(object, param, "msg"));
  } else if (role == "system" || role == "developer") {
    item.kind = Item::Kind::kSystem;
  } else if (role != "user") {
    return RefuseValue(StrCat(param, ".role"), role);
  }
  if (const auto text = FindString(object, "content")) {
    item.text = *text;
    item.has_text = true;
  } else if (const auto parts = FindArray(object, "content")) {
    LMGATE_RETURN_IF_ERROR(ReadParts(*parts, StrCat(param, ".content"), &item));
  } else {
    return RefuseMissing(StrCat(param, ".content"));
  }
  items_.push_back(std::move(item));
  return absl::OkStatus();
}

absl::Status Reader::ReadParts(const dom::array& parts, const std::string& param, Item* item) {
  size_t index = 0;
  for (const dom::element element : parts) {
    const std::string in = StrCat(param, "[", index++, "]");
    dom::object part;
    if (element.get(part) != simdjson::SUCCESS) return RefuseType(in, "an object");
    const std::string_view type = FindString(part, "type").value_or("");
    const bool is_own = item->kind == Item::Kind::kAssistant;
    if ((is_own && type == "output_text") || (!is_own && type == "input_text")) {
      const auto text = FindString(part, "text");
      if (!text.has_value()) return RefuseMissing(StrCat(in, ".text"));
      item->has_text = true;
      AppendText(&item->text, *text);
      continue;
    }
    if (is_own && type == "refusal") {
      if (!FindString(part, "refusal").has_value()) return RefuseMissing(StrCat(in, ".refusal"));
      continue;
    }
    if (!is_own && type == "input_image") {
      const std::string_view unknown =
          FindUnknownMember(part, {"type", "image_url", "file_id", "detail"});
      if (!unknown.empty()) return RefuseUnknown(StrCat(in, ".", unknown));
      const auto url = FindString(part, "image_url");
      if (!url.has_value()) return RefuseType(StrCat(in, ".image_url"), "an image URL");
      const auto mark = FindMediaMark("image", *url);
      if (!mark.has_value()) {
        return RefuseParam(StrCat(in, ".image_url"), "invalid_value",
                           StrCat("Invalid '", in, ".image_url'. Expected a valid URL."));
      }
      AppendText(&item->text, *mark);
      continue;
    }
    if (!is_own && type == "input_file") {
      const std::string_view unknown = FindUnknownMember(
          part, {"type", "file_data", "filename", "file_id", "file_url", "detail"});
      if (!unknown.empty()) return RefuseUnknown(StrCat(in, ".", unknown));
      const auto url = FindString(part, "file_url");
      const auto mark =
          FindMediaMark("document", url.value_or(FindString(part, "file_data").value_or("")));
      if (!mark.has_value()) {
        return RefuseParam(StrCat(in, ".file_data"), "invalid_value",
                           StrCat("Invalid '", in, ".file_data'. Expected a data URL."));
      }
      if (!url.has_value() && !FindString(part, "filename").has_value()) {
        return RefuseMissing(StrCat(in, ".filename"));
      }
      AppendText(&item->text, *mark);
      continue;
    }
    return RefuseParam(StrCat(in), "invalid_value",
                       StrCat("Invalid value: '", type, "'. Supported values are: ",
                              is_own ? "'output_text' and 'refusal'."
                                     : "'input_text', 'input_image' and 'input_file'."));
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadReasoningItem(const dom::object& object, const std::string& param) {
  const std::string_view unknown = FindUnknownMember(
      object, {"type", "id", "summary", "content", "encrypted_content", "status"});
  if (!unknown.empty()) return RefuseUnknown(StrCat(param, ".", unknown));
  if (!FindArray(object, "summary").has_value()) return RefuseMissing(StrCat(param, ".summary"));
  LMGATE_RETURN_IF_ERROR(CheckItemId(object, param, "rs"));
  const auto encrypted = FindString(object, "encrypted_content");
  const std::string_view id = FindString(object, "id").value_or("");
  const auto store = FindElement(body_, "store");
  if (!encrypted.has_value() && store.has_value() && !IsTrue(body_, "store")) {
    return absl::NotFoundError(
        StrCat("Item with id '", id,
               "' not found. Items are not persisted when `store` is set to false. Try again with "
               "`store` set to true, or remove this item from your input."));
  }
  if (encrypted.has_value() && *encrypted != EncryptReasoning()) {
    return RefuseParam(
        "", "invalid_encrypted_content",
        StrCat("The encrypted content ", encrypted->substr(0, 8), "... could not be verified."));
  }
  items_.push_back(Item{.kind = Item::Kind::kReasoning, .id = std::string(id)});
  return absl::OkStatus();
}

absl::Status CheckCallId(const dom::object& object, const std::string& param) {
  const auto id = FindString(object, "call_id");
  if (!id.has_value() || id->empty()) return RefuseMissing(StrCat(param, ".call_id"));
  if (id->size() <= kIdBytesMax) return absl::OkStatus();
  return RefuseParam(StrCat(param, ".call_id"), "string_above_max_length",
                     StrCat("Invalid '", param,
                            ".call_id': string too long. Expected a string "
                            "with maximum length 64, but got a string with length ",
                            id->size(), " instead."));
}

absl::Status Reader::ReadCall(const dom::object& object, const std::string& param) {
  const std::string_view unknown =
      FindUnknownMember(object, {"type", "id", "call_id", "name", "arguments", "status"});
  if (!unknown.empty()) return RefuseUnknown(StrCat(param, ".", unknown));
  LMGATE_RETURN_IF_ERROR(CheckItemId(object, param, "fc"));
  LMGATE_RETURN_IF_ERROR(CheckCallId(object, param));
  if (!IsOpenaiName(FindString(object, "name").value_or(""))) {
    return RefuseValue(StrCat(param, ".name"), FindString(object, "name").value_or(""));
  }
  if (!FindString(object, "arguments").has_value()) {
    return RefuseType(StrCat(param, ".arguments"), "a string");
  }
  items_.push_back(
      Item{.kind = Item::Kind::kCall, .call_id = std::string(*FindString(object, "call_id"))});
  return absl::OkStatus();
}

absl::Status Reader::ReadResult(const dom::object& object, const std::string& param) {
  const std::string_view unknown =
      FindUnknownMember(object, {"type", "id", "call_id", "output", "status"});
  if (!unknown.empty()) return RefuseUnknown(StrCat(param, ".", unknown));
  LMGATE_RETURN_IF_ERROR(CheckItemId(object, param, "fc"));
  LMGATE_RETURN_IF_ERROR(CheckCallId(object, param));
  Item item{.kind = Item::Kind::kResult, .call_id = std::string(*FindString(object, "call_id"))};
  if (const auto text = FindString(object, "output")) {
    item.text = *text;
  } else if (const auto parts = FindArray(object, "output")) {
    LMGATE_RETURN_IF_ERROR(ReadParts(*parts, StrCat(param, ".output"), &item));
  } else {
    return RefuseMissing(StrCat(param, ".output"));
  }
  items_.push_back(std::move(item));
  return absl::OkStatus();
}

absl::Status Reader::CheckItems() {
  std::set<std::string> calls;
  std::set<std::string> results;
  for (size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    const bool has_follower =
        i + 1 < items_.size() &&
        (items_[i + 1].kind == Item::Kind::kAssistant || items_[i + 1].kind == Item::Kind::kCall ||
         items_[i + 1].kind == Item::Kind::kReasoning);
    if (item.kind == Item::Kind::kReasoning && !has_follower) {
      return RefuseParam("input", "",
                         StrCat("Item '", item.id,
                                "' of type 'reasoning' was provided without its required "
                                "following item."));
    }
    if (item.kind == Item::Kind::kCall && !calls.insert(item.call_id).second) {
      return RefuseParam("input", "", StrCat("Duplicate call_id: '", item.call_id, "'."));
    }
    if (item.kind != Item::Kind::kResult) continue;
    if (!calls.contains(item.call_id)) {
      return RefuseParam(
          "input", "",
          StrCat("No tool call found for function call output with call_id ", item.call_id, "."));
    }
    results.insert(item.call_id);
  }
  for (const std::string& call : calls) {
    if (results.contains(call)) continue;
    return RefuseParam("input", "", StrCat("No tool output found for function call ", call, "."));
  }
  return absl::OkStatus();
}

// What comes after the last thing that the model said is the turn of the user; if that is nothing,
// the last message of the user is.
void Reader::EndPrompt() {
  UserTurn last;
  bool is_over = true;
  for (const Item& item : items_) {
    prompt_.input_tokens += CountTokens(item.text);
    switch (item.kind) {
      case Item::Kind::kSystem:
        AppendText(&prompt_.system, item.text, "\n\n");
        break;
      case Item::Kind::kUser:
        if (is_over) last = UserTurn{};
        is_over = false;
        last.has_text |= item.has_text;
        AppendText(&last.text, item.text);
        break;
      case Item::Kind::kResult:
        if (is_over) last = UserTurn{};
        is_over = false;
        last.results.push_back(ToolResult{.text = item.text});
        break;
      default:
        is_over = true;
        break;
    }
  }
  EndWithTurn(std::move(last), &prompt_);
}

}  // namespace

absl::StatusOr<ResponsesPrompt> ReadResponsesPrompt(const dom::object& body) {
  return Reader(body).Read();
}

std::string EncryptReasoning() { return StrCat("gAAAA", SignReasoning("openai", "encrypted")); }

}  // namespace lmgate::fakeprovider

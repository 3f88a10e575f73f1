#include "dataplane/dialect/structured_output.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::PartKind;
using Kind = ChatEvent::Kind;

constexpr std::string_view kWrappers[] = {"parameters", "input", "json", "arguments", "response"};

bool HasTool(const chat::ChatRequest& request, std::string_view name) {
  return std::any_of(request.tools.begin(), request.tools.end(),
                     [name](const chat::Tool& tool) { return tool.name == name; });
}

// The member that holds an answer that is no object.
constexpr std::string_view kValue = "value";
constexpr std::string_view kDefinitions[] = {"$defs", "definitions"};

// The schema has moved from the root to a member: what refers to it goes along, but for the
// definitions, which stay at the root.
void MoveReferences(Json* schema) {
  for (auto& [name, value] : schema->items()) {
    if (value.is_structured()) MoveReferences(&value);
    if (name != "$ref" || !value.is_string()) continue;
    const std::string target = value.get<std::string>();
    bool stays = !target.starts_with('#');
    for (const std::string_view definitions : kDefinitions) {
      stays = stays || target.starts_with(StrCat("#/", definitions, "/"));
    }
    if (!stays) value = StrCat("#/properties/", kValue, target.substr(1));
  }
}

// Bytes of `{"value":` and the white space around it at the front of `text`; 0 = more is needed to
// know, npos = it does not begin so.
size_t FindValue(std::string_view text) {
  constexpr std::string_view kTokens[] = {"{", "\"value\"", ":"};
  size_t at = 0;
  const auto skip_space = [&] {
    while (at < text.size() && std::string_view(" \t\r\n").find(text[at]) != std::string_view::npos)
      ++at;
  };
  for (const std::string_view token : kTokens) {
    skip_space();
    const std::string_view found = text.substr(at, token.size());
    if (!token.starts_with(found)) return std::string_view::npos;
    if (found.size() < token.size()) return 0;
    at += token.size();
  }
  skip_space();
  return at;
}

}  // namespace

bool HasObjectRoot(const std::string& schema) {
  const absl::StatusOr<Json> json = ParseObject(schema);
  if (!json.ok()) return true;  // others say better what is wrong with it
  if (const Json* const type = Find(*json, "type")) return *type == "object";
  for (const std::string_view name : {"anyOf", "oneOf", "items", "prefixItems", "enum", "const"}) {
    if (Find(*json, name) != nullptr) return false;
  }
  return true;
}

void WrapRoot(chat::ResponseFormat* format) {
  absl::StatusOr<Json> schema = ParseObject(format->schema);
  if (!schema.ok()) return;
  Json root = Json::object();
  root["type"] = "object";
  root["properties"] = Json::object();
  root["required"] = Json::array({kValue});
  root["additionalProperties"] = false;
  MoveReferences(&*schema);
  for (const std::string_view definitions : kDefinitions) {
    const Json* const found = Find(*schema, definitions);
    if (found == nullptr) continue;
    root[std::string(definitions)] = *found;
    schema->erase(std::string(definitions));
  }
  schema->erase("$schema");
  root["properties"][std::string(kValue)] = *std::move(schema);
  format->schema = DumpJson(root);
}

std::string RootFilter::Unwrap(std::string piece, Text* text) {
  constexpr size_t kHeldBytesMax = 256;  // of white space, mostly
  if (text->passes) return piece;
  if (!text->begun) {
    text->held += piece;
    const size_t value = FindValue(text->held);
    if (value == 0 && text->held.size() <= kHeldBytesMax) return {};
    if (value == 0 || value == std::string_view::npos) {
      text->passes = true;
      return std::exchange(text->held, {});
    }
    text->begun = true;
    piece = text->held.substr(value);
    text->end.Feed(std::string_view(text->held).substr(0, value));
    text->held.clear();
  }
  if (text->end.whole()) return {};
  const size_t taken = text->end.FeedToEnd(piece);
  piece.resize(text->end.whole() ? taken - 1 : taken);
  return piece;
}

void RootFilter::Add(ChatEvent event, std::vector<ChatEvent>* out) {
  const bool of_text = event.part_kind == PartKind::kText &&
                       (event.kind == Kind::kPartOpen || event.kind == Kind::kPartDelta ||
                        event.kind == Kind::kPartClose);
  if (!of_text) {
    out->push_back(std::move(event));
    return;
  }
  const std::pair<int, int> key(event.choice, event.part);
  if (event.kind == Kind::kPartDelta) {
    event.text = Unwrap(std::move(event.text), &texts_[key]);
    if (event.text.empty() && event.citations.empty()) return;
  }
  if (event.kind == Kind::kPartClose) {
    const auto text = texts_.find(key);
    if (text != texts_.end() && !text->second.held.empty()) {
      ChatEvent rest{.kind = Kind::kPartDelta, .choice = event.choice, .part = event.part};
      rest.text = std::move(text->second.held);
      out->push_back(std::move(rest));
    }
    if (text != texts_.end()) texts_.erase(text);
  }
  out->push_back(std::move(event));
}

std::string SchemaToolName(const chat::ChatRequest& request) {
  std::string name = "json_answer";
  while (HasTool(request, name)) name += "_";
  return name;
}

void AddSchemaTool(const std::string& name, chat::ChatRequest* request) {
  using Mode = chat::ToolChoice::Mode;
  chat::ResponseFormat format = std::exchange(request->response_format, {});
  chat::Tool tool;
  tool.name = name;
  tool.description = "Gives the final answer. Call it once, with the whole answer.";
  if (!format.description.empty()) StrAppend(&tool.description, " ", format.description);
  tool.parameters = std::move(format.schema);
  const bool only = request->tools.empty() || request->tool_choice.mode == Mode::kNone;
  if (only) {
    request->tool_choice = {.mode = Mode::kOne, .names = {name}};
  } else if (request->tool_choice.mode != Mode::kOne) {
    request->tool_choice = {.mode = Mode::kAny, .names = {}};
  }
  request->tools.push_back(std::move(tool));
}

void AddJsonInstruction(chat::ChatRequest* request) {
  request->response_format = {};
  request->system.push_back(chat::TextPart(
      "Answer with one JSON object and nothing else: no text around it, no code fence."));
}

void AddSchemaInstruction(chat::ChatRequest* request) {
  const chat::ResponseFormat format = std::exchange(request->response_format, {});
  std::string text =
      "Answer with one JSON value that matches the schema below and nothing else: no text around "
      "it, no code fence.\n";
  if (!format.description.empty()) StrAppend(&text, format.description, "\n");
  request->system.push_back(chat::TextPart(StrCat(text, format.schema)));
}

SchemaToolFilter::SchemaToolFilter(std::string name, const std::string& schema)
    : name_(std::move(name)) {
  const absl::StatusOr<Json> json = ParseObject(schema);
  const Json* const members = json.ok() ? Find(*json, "properties") : nullptr;
  for (const std::string_view wrapper : kWrappers) {
    if (members == nullptr || Find(*members, wrapper) == nullptr) wrappers_.emplace_back(wrapper);
  }
}

SchemaToolFilter::Choice& SchemaToolFilter::ChoiceOf(int choice) {
  const auto at = static_cast<size_t>(choice);
  if (choices_.size() <= at) choices_.resize(at + 1);
  return choices_[at];
}

// By the first member's name, as soon as it is there.
bool SchemaToolFilter::Decide(Call* call) const {
  const std::string_view text = call->held;
  size_t at = text.find_first_not_of(" \t\r\n");
  if (at == std::string_view::npos) return false;
  if (text[at] != '{') return true;
  at = text.find_first_not_of(" \t\r\n", at + 1);
  if (at == std::string_view::npos) return false;
  if (text[at] != '"') return true;
  const size_t end = text.find('"', at + 1);
  if (end == std::string_view::npos) return false;
  const std::string_view member = text.substr(at + 1, end - at - 1);
  call->wrapped = std::find(wrappers_.begin(), wrappers_.end(), member) != wrappers_.end();
  return true;
}

// What of the call may go out by now.
void SchemaToolFilter::Say(Call* call, std::vector<ChatEvent>* out) const {
  if (!call->said) out->push_back(call->open);
  call->said = true;
  if (!call->decided) call->decided = Decide(call);
  const bool too_long = call->held.size() > kHeldBytesMax;
  if (too_long) call->wrapped = false;
  const bool waits = !too_long && (!call->decided || call->wrapped);
  if (waits && !call->closed) return;
  if (call->wrapped) {
    const absl::StatusOr<Json> json = ParseObject(call->held);
    if (json.ok() && json->size() == 1 && json->front().is_object()) {
      call->held = DumpJson(json->front());
    }
  }
  ChatEvent event = call->open;
  event.kind = Kind::kPartDelta;
  event.text = std::exchange(call->held, {});
  if (!event.text.empty()) out->push_back(event);
  if (!call->closed) return;
  event.kind = Kind::kPartClose;
  event.text.clear();
  out->push_back(std::move(event));
}

void SchemaToolFilter::SayNext(Choice* choice, std::vector<ChatEvent>* out) const {
  while (!choice->calls.empty()) {
    Say(&choice->calls.front(), out);
    if (!choice->calls.front().closed) return;
    choice->calls.erase(choice->calls.begin());
  }
}

void SchemaToolFilter::Add(ChatEvent event, std::vector<ChatEvent>* out) {
  const bool of_part = event.kind == Kind::kPartOpen || event.kind == Kind::kPartDelta ||
                       event.kind == Kind::kPartClose;
  if (event.kind == Kind::kFinish) {
    const Choice& choice = ChoiceOf(event.choice);
    if (choice.answered && !choice.other_calls && event.finish == chat::FinishReason::kToolCalls) {
      event.finish = chat::FinishReason::kStop;
    }
  }
  if (!of_part || event.part_kind != PartKind::kToolCall) {
    out->push_back(std::move(event));
    return;
  }
  Choice& choice = ChoiceOf(event.choice);
  if (event.kind == Kind::kPartOpen) {
    if (event.name != name_) {
      choice.other_calls = true;
      out->push_back(std::move(event));
      return;
    }
    choice.answered = true;
    event.part_kind = PartKind::kText;
    event.id.clear();
    event.name.clear();
    event.signature = {};
    choice.calls.push_back({.open = std::move(event)});
    if (choice.calls.size() == 1) SayNext(&choice, out);
    return;
  }
  const auto call =
      std::find_if(choice.calls.begin(), choice.calls.end(),
                   [&event](const Call& each) { return each.open.part == event.part; });
  if (call == choice.calls.end()) {
    out->push_back(std::move(event));
    return;
  }
  call->held += event.text;
  if (event.kind == Kind::kPartClose) call->closed = true;
  if (call == choice.calls.begin()) SayNext(&choice, out);
}

}  // namespace lmgate::dialect

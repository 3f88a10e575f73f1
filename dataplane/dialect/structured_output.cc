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

}  // namespace

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

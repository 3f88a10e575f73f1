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

SchemaToolFilter::Call& SchemaToolFilter::CallOf(int choice) {
  const auto at = static_cast<size_t>(choice);
  if (calls_.size() <= at) calls_.resize(at + 1);
  return calls_[at];
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

void SchemaToolFilter::Add(ChatEvent event, std::vector<ChatEvent>* out) {
  const bool of_part = event.kind == Kind::kPartOpen || event.kind == Kind::kPartDelta ||
                       event.kind == Kind::kPartClose;
  if (event.kind == Kind::kFinish) {
    const Call& call = CallOf(event.choice);
    if (call.answered && !call.other_calls && event.finish == chat::FinishReason::kToolCalls) {
      event.finish = chat::FinishReason::kStop;
    }
  }
  if (!of_part || event.part_kind != PartKind::kToolCall) {
    out->push_back(std::move(event));
    return;
  }
  Call& call = CallOf(event.choice);
  if (event.kind == Kind::kPartOpen) {
    if (event.name != name_) {
      call.other_calls = true;
      out->push_back(std::move(event));
      return;
    }
    call.part = event.part;
    call.open = call.answered = true;
    call.decided = call.wrapped = false;
    call.held.clear();
    event.part_kind = PartKind::kText;
    event.id.clear();
    event.name.clear();
    event.signature = {};
    out->push_back(std::move(event));
    return;
  }
  if (!call.open || event.part != call.part) {
    out->push_back(std::move(event));
    return;
  }
  event.part_kind = PartKind::kText;
  if (event.kind == Kind::kPartDelta) {
    call.held += event.text;
    if (!call.decided) call.decided = Decide(&call);
    if (!call.decided || call.wrapped) return;
    event.text = std::exchange(call.held, {});
    out->push_back(std::move(event));
    return;
  }
  call.open = false;
  if (!call.held.empty()) {
    ChatEvent rest = event;
    rest.kind = Kind::kPartDelta;
    rest.text = std::move(call.held);
    const absl::StatusOr<Json> json = ParseObject(rest.text);
    if (call.wrapped && json.ok() && json->size() == 1 && json->front().is_object()) {
      rest.text = DumpJson(json->front());
    }
    call.held.clear();
    out->push_back(std::move(rest));
  }
  out->push_back(std::move(event));
}

}  // namespace lmgate::dialect

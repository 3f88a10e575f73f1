#include "tests/fakeprovider/responses.h"

#include <absl/strings/str_format.h>

#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/event_script.h"
#include "tests/fakeprovider/json_text.h"
#include "tests/fakeprovider/openai_error.h"
#include "tests/fakeprovider/responses_request.h"

namespace lmgate::fakeprovider {
namespace {

namespace dom = simdjson::dom;

// One answer: what is said and how the objects of this call name it.
struct ResponsesAnswer {
  const Call& call;
  const Said& said;
  bool encrypts = false;

  std::string Id(std::string_view prefix, size_t index = 0) const {
    return absl::StrFormat("%s_fake%08d%02d", std::string(prefix), call.number, index);
  }
};

// The member as the request has it, else `otherwise`.
std::string Echo(const dom::object& body, std::string_view name, std::string_view otherwise) {
  const auto element = FindElement(body, name);
  return element.has_value() ? std::string(simdjson::minify(*element)) : std::string(otherwise);
}

std::string MakeUsage(const ResponsesAnswer& answer) {
  const Said& said = answer.said;
  if (answer.call.fault.kind == FaultKind::kNoUsage) return "null";
  return StrCat(R"({"input_tokens":)", said.input_tokens,
                R"(,"input_tokens_details":{"cached_tokens":)", said.cached_tokens,
                R"(},"output_tokens":)", said.output_tokens,
                R"(,"output_tokens_details":{"reasoning_tokens":)", said.reasoning_tokens,
                R"(},"total_tokens":)", said.input_tokens + said.output_tokens, "}");
}

// What differs between the response objects of one answer.
struct ResponseState {
  std::string_view status;
  std::string_view output = "[]";
  std::string_view error = "null";
  std::string_view incomplete = "null";
  std::string_view usage = "null";
};

std::string MakeResponse(const ResponsesAnswer& answer, const ResponseState& state) {
  const dom::object& body = *answer.call.json;
  const auto created = absl::ToUnixSeconds(answer.call.received_at);
  return StrCat(
      R"({"id":")", answer.Id("resp"), R"(","object":"response","created_at":)", created,
      R"(,"status":")", state.status, R"(","background":false,"completed_at":)",
      state.status == "completed" ? StrCat(created) : "null", R"(,"error":)", state.error,
      R"(,"incomplete_details":)", state.incomplete, R"(,"instructions":)",
      Echo(body, "instructions", "null"), R"(,"max_output_tokens":)",
      Echo(body, "max_output_tokens", "null"), R"(,"max_tool_calls":null,"model":)",
      QuoteJson(answer.call.model), R"(,"output":)", state.output, R"(,"parallel_tool_calls":)",
      Echo(body, "parallel_tool_calls", "true"),
      R"(,"previous_response_id":null,"prompt_cache_key":)", Echo(body, "prompt_cache_key", "null"),
      R"(,"reasoning":)", Echo(body, "reasoning", R"({"effort":null,"summary":null})"),
      R"(,"safety_identifier":null,"service_tier":"default","store":)", Echo(body, "store", "true"),
      R"(,"temperature":)", Echo(body, "temperature", "1.0"), R"(,"text":)",
      Echo(body, "text", R"({"format":{"type":"text"},"verbosity":"medium"})"),
      R"(,"tool_choice":)", Echo(body, "tool_choice", R"("auto")"), R"(,"tools":)",
      Echo(body, "tools", "[]"), R"(,"top_logprobs":0,"top_p":)", Echo(body, "top_p", "1.0"),
      R"(,"truncation":"disabled","usage":)", state.usage, R"(,"user":null,"metadata":)",
      Echo(body, "metadata", "{}"), "}");
}

std::string MakeSummaryPart(std::string_view text) {
  return StrCat(R"({"type":"summary_text","text":)", QuoteJson(text), "}");
}

std::string MakeReasoningItem(const ResponsesAnswer& answer, std::string_view summary) {
  return StrCat(
      R"({"id":")", answer.Id("rs"), R"(","type":"reasoning","summary":[)", summary, "]",
      answer.encrypts ? StrCat(R"(,"encrypted_content":)", QuoteJson(EncryptReasoning())) : "",
      "}");
}

std::string MakeCallItem(const ResponsesAnswer& answer, size_t index, std::string_view status,
                         std::string_view arguments) {
  const SaidCall& made = answer.said.calls[index];
  return StrCat(R"({"id":")", answer.Id("fc", index), R"(","type":"function_call","status":")",
                status, R"(","arguments":)", QuoteJson(arguments), R"(,"call_id":")", made.id,
                R"(","name":)", QuoteJson(made.name), "}");
}

std::string MakeTextPart(const ResponsesAnswer& answer, std::string_view text) {
  if (answer.said.finish == Finish::kRefusal) {
    return StrCat(R"({"type":"refusal","refusal":)", QuoteJson(text), "}");
  }
  return StrCat(R"({"type":"output_text","annotations":[],"logprobs":[],"text":)", QuoteJson(text),
                "}");
}

std::string MakeMessageItem(const ResponsesAnswer& answer, std::string_view status,
                            std::string_view content) {
  return StrCat(R"({"id":")", answer.Id("msg"), R"(","type":"message","status":")", status,
                R"(","role":"assistant","content":[)", content, "]}");
}

std::string_view LastStatus(const Said& said) {
  return said.finish == Finish::kLength ? "incomplete" : "completed";
}

std::string MakeOutput(const ResponsesAnswer& answer) {
  const Said& said = answer.said;
  std::string items;
  if (said.has_reasoning) {
    items =
        MakeReasoningItem(answer, said.reasoning.empty() ? "" : MakeSummaryPart(said.reasoning));
  }
  for (size_t i = 0; i < said.calls.size(); ++i) {
    AppendText(&items, MakeCallItem(answer, i, "completed", said.calls[i].arguments), ",");
  }
  if (said.calls.empty()) {
    AppendText(&items,
               MakeMessageItem(answer, LastStatus(said), MakeTextPart(answer, said.reply.Text())),
               ",");
  }
  return StrCat("[", items, "]");
}

std::string MakeWholeResponse(const ResponsesAnswer& answer) {
  const bool is_cut = answer.said.finish == Finish::kLength;
  return MakeResponse(answer, {.status = LastStatus(answer.said),
                               .output = MakeOutput(answer),
                               .incomplete = is_cut ? R"({"reason":"max_output_tokens"})" : "null",
                               .usage = MakeUsage(answer)});
}

std::string MakeEvent(std::string_view type, size_t sequence, std::string_view members) {
  return MakeNamedEvent(
      type, StrCat(R"({"type":")", type, R"(","sequence_number":)", sequence, members, "}"));
}

// Writes events with their numbers. Every event is one of the script, so that its number is its
// place.
class EventWriter {
 public:
  EventWriter(const ResponsesAnswer& answer, EventScript* script)
      : answer_(answer), script_(script), events_(&script->before) {}

  void Add(std::string_view type, std::string_view members) {
    events_->push_back(MakeEvent(type, sequence_++, members));
  }
  void AddResponse(std::string_view type, std::string_view response) {
    Add(type, StrCat(R"(,"response":)", response));
  }
  void WriteReasoning();
  void WriteCall(size_t index);
  void WriteMessage(Reply reply);

 private:
  void AddItem(std::string_view type, std::string_view item) {
    Add(type, StrCat(R"(,"output_index":)", output_index_, R"(,"item":)", item));
  }
  // ,"item_id":…,"output_index":…
  std::string ItemMembers(std::string_view id) const {
    return StrCat(R"(,"item_id":")", id, R"(","output_index":)", output_index_);
  }

  const ResponsesAnswer& answer_;
  EventScript* script_;
  std::vector<std::string>* events_;
  size_t sequence_ = 0;
  size_t output_index_ = 0;
};

void EventWriter::WriteReasoning() {
  const std::string& text = answer_.said.reasoning;
  AddItem("response.output_item.added", MakeReasoningItem(answer_, ""));
  const std::string in = StrCat(ItemMembers(answer_.Id("rs")), R"(,"summary_index":0)");
  if (!text.empty()) {
    Add("response.reasoning_summary_part.added", StrCat(in, R"(,"part":)", MakeSummaryPart("")));
    const Reply words(text);
    for (size_t i = 0; i < words.piece_count(); ++i) {
      Add("response.reasoning_summary_text.delta",
          StrCat(in, R"(,"delta":)", QuoteJson(words.Piece(i))));
    }
    Add("response.reasoning_summary_text.done", StrCat(in, R"(,"text":)", QuoteJson(text)));
    Add("response.reasoning_summary_part.done", StrCat(in, R"(,"part":)", MakeSummaryPart(text)));
  }
  AddItem("response.output_item.done",
          MakeReasoningItem(answer_, text.empty() ? "" : MakeSummaryPart(text)));
  ++output_index_;
}

void EventWriter::WriteCall(size_t index) {
  const SaidCall& made = answer_.said.calls[index];
  const std::string in = ItemMembers(answer_.Id("fc", index));
  AddItem("response.output_item.added", MakeCallItem(answer_, index, "in_progress", ""));
  for (const std::string& part : SplitArguments(made.arguments)) {
    Add("response.function_call_arguments.delta", StrCat(in, R"(,"delta":)", QuoteJson(part)));
  }
  Add("response.function_call_arguments.done",
      StrCat(in, R"(,"name":)", QuoteJson(made.name), R"(,"arguments":)",
             QuoteJson(made.arguments)));
  AddItem("response.output_item.done", MakeCallItem(answer_, index, "completed", made.arguments));
  ++output_index_;
}

void EventWriter::WriteMessage(Reply reply) {
  const bool refuses = answer_.said.finish == Finish::kRefusal;
  const std::string text = reply.Text();
  const std::string in = StrCat(ItemMembers(answer_.Id("msg")), R"(,"content_index":0)");
  AddItem("response.output_item.added", MakeMessageItem(answer_, "in_progress", ""));
  Add("response.content_part.added", StrCat(in, R"(,"part":)", MakeTextPart(answer_, "")));
  script_->piece_count = reply.piece_count();
  script_->piece = [reply = std::move(reply), in, refuses, first = sequence_,
                    fault = answer_.call.fault](size_t i) {
    return MakeEvent(refuses ? "response.refusal.delta" : "response.output_text.delta", first + i,
                     StrCat(in, R"(,"delta":)", QuoteJson(reply.Piece(i)),
                            refuses ? "" : R"(,"logprobs":[])", FindEventStamp(fault, i)));
  };
  sequence_ += script_->piece_count;
  events_ = &script_->after;
  if (refuses) {
    Add("response.refusal.done", StrCat(in, R"(,"refusal":)", QuoteJson(text)));
  } else {
    Add("response.output_text.done",
        StrCat(in, R"(,"text":)", QuoteJson(text), R"(,"logprobs":[])"));
  }
  const std::string part = MakeTextPart(answer_, text);
  Add("response.content_part.done", StrCat(in, R"(,"part":)", part));
  AddItem("response.output_item.done", MakeMessageItem(answer_, LastStatus(answer_.said), part));
  ++output_index_;
}

EventSpoils MakeSpoils(const ResponsesAnswer& answer) {
  const std::string failed = StrCat(
      R"(,"response":)",
      MakeResponse(answer, {.status = "failed",
                            .error = R"({"code":"server_error",)"
                                     R"("message":"The fake provider fails on purpose."})"}));
  EventSpoils spoils;
  spoils.malformed = MakeNamedEvent("response.output_item.added", R"({"type":"response.out)");
  spoils.error = [failed](size_t index) { return MakeEvent("response.failed", index, failed); };
  spoils.odd = [](size_t index) {
    return StrCat(": a comment keeps the connection alive\n\n",
                  index == 2 ? "id: 2\nretry: 1000\n" : "");
  };
  return spoils;
}

Answer AnswerStream(const ResponsesAnswer& answer) {
  EventScript script;
  EventWriter writer(answer, &script);
  const std::string started = MakeResponse(answer, {.status = "in_progress"});
  writer.AddResponse("response.created", started);
  writer.AddResponse("response.in_progress", started);
  if (answer.said.has_reasoning) writer.WriteReasoning();
  for (size_t i = 0; i < answer.said.calls.size(); ++i) writer.WriteCall(i);
  if (answer.said.calls.empty()) writer.WriteMessage(answer.said.reply);
  writer.AddResponse(
      answer.said.finish == Finish::kLength ? "response.incomplete" : "response.completed",
      MakeWholeResponse(answer));
  return MakeEventAnswer(std::move(script), MakeSpoils(answer), answer.call);
}

}  // namespace

Answer AnswerResponses(const Call& call) {
  const auto read = ReadResponsesPrompt(*call.json);
  if (!read.ok()) return MakeErrorAnswer(ToOpenaiError(read.status()));
  const Said said = MakeSaid(read->prompt, call, "call_");
  const ResponsesAnswer answer{.call = call, .said = said, .encrypts = read->wants_encrypted};
  if (call.is_stream) return AnswerStream(answer);
  return Answer{.body = MakeWholeResponse(answer)};
}

}  // namespace lmgate::fakeprovider

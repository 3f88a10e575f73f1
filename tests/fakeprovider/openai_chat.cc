#include "tests/fakeprovider/openai_chat.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/event_script.h"
#include "tests/fakeprovider/json_text.h"
#include "tests/fakeprovider/openai_chat_request.h"
#include "tests/fakeprovider/openai_error.h"
#include "tests/fakeprovider/openai_object.h"
#include "tests/fakeprovider/openai_stream.h"
#include "tests/fakeprovider/prompt.h"

namespace lmgate::fakeprovider {
namespace {

std::string_view FinishReason(Finish finish) {
  switch (finish) {
    case Finish::kLength:
      return "length";
    case Finish::kToolCalls:
      return "tool_calls";
    default:
      return "stop";
  }
}

std::string MakeUsageJson(const Said& said, size_t choice_count) {
  return MakeUsage({.prompt = said.input_tokens,
                    .cached = said.cached_tokens,
                    .completion = said.output_tokens * choice_count,
                    .reasoning = said.reasoning_tokens * choice_count});
}

std::string MakeToolCallsJson(const std::vector<SaidCall>& calls) {
  std::string json;
  for (const SaidCall& call : calls) {
    StrAppend(&json, json.empty() ? "" : ",", R"({"id":")", call.id,
              R"(","type":"function","function":{"name":)", QuoteJson(call.name),
              R"(,"arguments":)", QuoteJson(call.arguments), "}}");
  }
  return StrCat("[", json, "]");
}

Answer AnswerPlain(const Call& call, const Said& said) {
  const bool refuses = said.finish == Finish::kRefusal;
  const std::string text = said.calls.empty() ? QuoteJson(said.reply.Text()) : std::string("null");
  const std::string message = StrCat(
      R"({"role":"assistant","content":)", refuses ? "null" : text,
      said.has_reasoning ? StrCat(R"(,"reasoning_content":)", QuoteJson(said.reasoning)) : "",
      said.calls.empty() ? "" : StrCat(R"(,"tool_calls":)", MakeToolCallsJson(said.calls)),
      R"(,"refusal":)", refuses ? text : "null", R"(,"annotations":[]})");
  const size_t choice_count = ChoiceCount(call);
  std::string choices;
  for (size_t i = 0; i < choice_count; ++i) {
    StrAppend(&choices, i == 0 ? "" : ",", R"({"index":)", i, R"(,"message":)", message,
              R"(,"logprobs":null,"finish_reason":")", FinishReason(said.finish), R"("})");
  }
  const std::string usage = call.fault.kind == FaultKind::kNoUsage
                                ? ""
                                : StrCat(R"(,"usage":)", MakeUsageJson(said, choice_count));
  return Answer{.body =
                    StrCat("{", MakeObjectStart(call, "chatcmpl-", "chat.completion"),
                           R"(,"service_tier":"default","choices":[)", choices, "]", usage, "}")};
}

// The deltas of one call: id and name first, then the arguments in parts.
std::vector<std::string> MakeCallDeltas(const SaidCall& call, size_t index, bool has_index) {
  const std::string start =
      StrCat(R"({"tool_calls":[{)", has_index ? StrCat(R"("index":)", index, ",") : std::string());
  std::vector<std::string> deltas = {StrCat(start, R"("id":")", call.id,
                                            R"(","type":"function","function":{"name":)",
                                            QuoteJson(call.name), R"(,"arguments":""}}]})")};
  for (const std::string& part : SplitArguments(call.arguments)) {
    deltas.push_back(StrCat(start, R"("function":{"arguments":)", QuoteJson(part), "}}]}"));
  }
  return deltas;
}

// What comes before the text or instead of it.
std::vector<std::string> MakeDeltas(const Said& said, const Fault& fault) {
  std::vector<std::string> deltas;
  const Reply words(said.reasoning);
  for (size_t i = 0; i < words.piece_count(); ++i) {
    deltas.push_back(StrCat(R"({"reasoning_content":)", QuoteJson(words.Piece(i)), "}"));
  }
  std::vector<std::vector<std::string>> calls;
  for (const SaidCall& call : said.calls) {
    calls.push_back(MakeCallDeltas(call, calls.size(), fault.kind != FaultKind::kToolNoIndex));
  }
  if (fault.kind != FaultKind::kToolInterleaved) {
    for (auto& call : calls) std::move(call.begin(), call.end(), std::back_inserter(deltas));
    return deltas;
  }
  bool has_more = true;
  for (size_t i = 0; has_more; ++i) {
    has_more = false;
    for (const auto& call : calls) {
      if (i >= call.size()) continue;
      deltas.push_back(call[i]);
      has_more = true;
    }
  }
  return deltas;
}

// The events of one streamed answer: for each choice in turn the role, then the k-th delta of each,
// then the finish of each; usage if wanted; [DONE].
struct ChatStream {
  std::string start;                // of each chunk, up to the choices
  std::vector<std::string> deltas;  // before the text
  Reply reply = Reply("");
  bool has_calls = false;
  bool refuses = false;
  std::string finish_reason = {};
  bool finishes_early = false;  // with the last delta
  size_t choice_count = 1;
  std::string usage;  // empty = not wanted
  Fault fault = {};

  size_t delta_count() const { return deltas.size() + reply.piece_count(); }
  // The role comes at 0.
  size_t finish_step() const {
    return delta_count() + (finishes_early && delta_count() > 0 ? 0 : 1);
  }
  size_t event_count() const {
    return (finish_step() + 1) * choice_count + (usage.empty() ? 0 : 1) + 1;
  }
  std::string Delta(size_t step) const;
  std::string Event(size_t index) const;
};

std::string ChatStream::Delta(size_t step) const {
  if (step == 0) {
    return StrCat(R"({"role":"assistant","content":)", has_calls ? "null" : R"("")",
                  R"(,"refusal":null})");
  }
  if (step <= deltas.size()) return deltas[step - 1];
  if (step > delta_count()) return "{}";
  return StrCat(refuses ? R"({"refusal":)" : R"({"content":)",
                QuoteJson(reply.Piece(step - 1 - deltas.size())), "}");
}

std::string ChatStream::Event(size_t index) const {
  const size_t step = index / choice_count;
  if (index + 1 == event_count()) return std::string(kOpenaiDone);
  if (step > finish_step()) return StrCat(start, R"("choices":[],"usage":)", usage, "}\n\n");
  const bool is_text = step > deltas.size() && step <= delta_count();
  const std::string finish = step == finish_step() ? StrCat("\"", finish_reason, "\"") : "null";
  return StrCat(start, R"("choices":[{"index":)", index % choice_count, R"(,"delta":)", Delta(step),
                R"(,"logprobs":null,"finish_reason":)", finish, "}]",
                usage.empty() ? "" : R"(,"usage":null)",
                is_text ? FindEventStamp(fault, step - 1 - deltas.size()) : "", "}\n\n");
}

Answer AnswerStream(const Call& call, Said said) {
  const size_t choice_count = ChoiceCount(call);
  ChatStream stream{
      .start = StrCat("data: {", MakeObjectStart(call, "chatcmpl-", "chat.completion.chunk"),
                      R"(,"service_tier":"default",)"),
      .deltas = MakeDeltas(said, call.fault),
      .reply = std::move(said.reply),
      .has_calls = !said.calls.empty(),
      .refuses = said.finish == Finish::kRefusal,
      .finish_reason = std::string(FinishReason(said.finish)),
      .finishes_early = call.fault.kind == FaultKind::kFinishEarly,
      .choice_count = choice_count,
      .usage = WantsStreamedUsage(call) ? MakeUsageJson(said, choice_count) : "",
      .fault = call.fault};
  Answer answer{.content_type = "text/event-stream; charset=utf-8"};
  answer.event_count = stream.event_count();
  answer.event = [stream = std::move(stream)](size_t index) { return stream.Event(index); };
  return SpoilStream(std::move(answer), call);
}

}  // namespace

Answer AnswerChat(const Call& call) {
  const auto prompt = ReadChatPrompt(*call.json, call.model);
  if (!prompt.ok()) return MakeErrorAnswer(ToOpenaiError(prompt.status()));
  Said said = MakeSaid(*prompt, call, "call_");
  if (call.is_stream) return AnswerStream(call, std::move(said));
  return AnswerPlain(call, said);
}

}  // namespace lmgate::fakeprovider

#include "tests/fakeprovider/openai_completion.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/event_script.h"
#include "tests/fakeprovider/json_text.h"
#include "tests/fakeprovider/openai_object.h"
#include "tests/fakeprovider/openai_stream.h"
#include "tests/fakeprovider/reply.h"

namespace lmgate::fakeprovider {
namespace {

// OpenAI API reference, completions, names none; enough for any test.
constexpr size_t kPromptsMax = 128;

std::vector<std::string> ReadPrompts(const simdjson::dom::object& json) {
  if (const auto text = FindString(json, "prompt")) return {std::string(*text)};
  std::vector<std::string> prompts;
  const auto entries = FindArray(json, "prompt");
  if (!entries.has_value()) return {""};
  for (const simdjson::dom::element entry : *entries) {
    std::string_view text;
    if (prompts.size() == kPromptsMax) break;
    if (entry.get(text) == simdjson::SUCCESS) prompts.emplace_back(text);
  }
  if (prompts.empty()) prompts.emplace_back();  // token numbers: nothing to say back
  return prompts;
}

// One choice, whole or as it streams.
struct Choice {
  Reply reply;
  std::string_view finish_reason;
};

std::string MakeChoiceJson(size_t index, std::string_view text, std::string_view finish_reason) {
  return StrCat(R"({"text":)", QuoteJson(text), R"(,"index":)", index,
                R"(,"logprobs":null,"finish_reason":)",
                finish_reason.empty() ? "null" : StrCat("\"", finish_reason, "\""), "}");
}

// The pieces of the choices one after the other, the last one of each with its finish reason; usage
// if wanted; [DONE].
struct CompletionStream {
  std::string start;
  std::vector<Choice> choices;
  std::string usage;  // empty = not wanted
  bool is_stamped = false;

  size_t event_count() const;
  std::string Event(size_t index) const;
};

size_t CompletionStream::event_count() const {
  size_t count = usage.empty() ? 1 : 2;
  for (const Choice& choice : choices) count += choice.reply.piece_count() + 1;
  return count;
}

std::string CompletionStream::Event(size_t index) const {
  for (size_t i = 0; i < choices.size(); ++i) {
    const size_t pieces = choices[i].reply.piece_count();
    if (index > pieces) {
      index -= pieces + 1;
      continue;
    }
    const std::string json = index < pieces ? MakeChoiceJson(i, choices[i].reply.Piece(index), "")
                                            : MakeChoiceJson(i, "", choices[i].finish_reason);
    const std::string stamp = is_stamped && index < pieces
                                  ? FindEventStamp(Fault{.kind = FaultKind::kStream}, index)
                                  : "";
    return StrCat(start, R"("choices":[)", json, "]", usage.empty() ? "" : R"(,"usage":null)",
                  stamp, "}\n\n");
  }
  if (index == 0 && !usage.empty()) {
    return StrCat(start, R"("choices":[],"usage":)", usage, "}\n\n");
  }
  return std::string(kOpenaiDone);
}

}  // namespace

Answer AnswerCompletion(const Call& call) {
  std::vector<Choice> choices;
  size_t prompt_tokens = 0;
  size_t completion_tokens = 0;
  const size_t choice_count = ChoiceCount(call);
  for (const std::string& prompt : ReadPrompts(*call.json)) {
    prompt_tokens += CountTokens(prompt);
    for (size_t i = 0; i < choice_count; ++i) {
      LimitedReply limited = LimitReply(MakeReply(SayBack(prompt), call), call);
      completion_tokens += limited.reply.piece_count();
      choices.push_back(
          Choice{.reply = std::move(limited.reply), .finish_reason = limited.finish_reason});
    }
  }
  const std::string start = StrCat("{", MakeObjectStart(call, "cmpl-", "text_completion"), ",");
  const std::string usage = MakeUsage({.prompt = prompt_tokens, .completion = completion_tokens});
  if (call.is_stream) {
    CompletionStream stream{.start = StrCat("data: ", start),
                            .choices = std::move(choices),
                            .usage = WantsStreamedUsage(call) ? usage : "",
                            .is_stamped = call.fault.kind == FaultKind::kStream};
    Answer answer{.content_type = "text/event-stream; charset=utf-8"};
    answer.event_count = stream.event_count();
    answer.event = [stream = std::move(stream)](size_t index) { return stream.Event(index); };
    return SpoilStream(std::move(answer), call);
  }
  std::string choices_json;
  for (size_t i = 0; i < choices.size(); ++i) {
    StrAppend(&choices_json, i == 0 ? "" : ",",
              MakeChoiceJson(i, choices[i].reply.Text(), choices[i].finish_reason));
  }
  return Answer{.body = StrCat(start, R"("choices":[)", choices_json, "]",
                               call.fault.kind == FaultKind::kNoUsage ? "" : ",\"usage\":",
                               call.fault.kind == FaultKind::kNoUsage ? "" : usage, "}")};
}

}  // namespace lmgate::fakeprovider

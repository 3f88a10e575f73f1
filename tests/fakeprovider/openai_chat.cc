#include "tests/fakeprovider/openai_chat.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/json_text.h"
#include "tests/fakeprovider/openai_error.h"
#include "tests/fakeprovider/openai_object.h"
#include "tests/fakeprovider/openai_stream.h"
#include "tests/fakeprovider/reply.h"
#include "tests/fakeprovider/sample_value.h"

namespace lmgate::fakeprovider {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kToolCallsMax = 8;
// Arguments are streamed in parts: at least this many, and of at most so many bytes.
constexpr size_t kArgumentPartsMin = 3;
constexpr size_t kArgumentPartBytesMax = 8;
// Of the user's text as a string argument.
constexpr size_t kArgumentTextBytesMax = 100;

struct Message {
  std::string role;
  std::string text;
};

struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;  // JSON
};

// What the model says: calls of tools, or else text.
struct ChatReply {
  std::vector<ToolCall> tool_calls = {};
  Reply reply = Reply("");
  std::string finish_reason = {};
  size_t prompt_tokens = 0;

  size_t completion_tokens() const;
};

size_t ChatReply::completion_tokens() const {
  size_t tokens = reply.piece_count();
  for (const ToolCall& call : tool_calls) tokens += CountTokens(call.name + call.arguments);
  return tokens;
}

// The text of a message; parts that are none are named by their type.
std::string ReadContent(const dom::object& message) {
  if (const auto text = FindString(message, "content")) return std::string(*text);
  std::string joined;
  const auto parts = FindArray(message, "content");
  if (!parts.has_value()) return joined;
  for (const dom::element element : *parts) {
    dom::object part;
    if (element.get(part) != simdjson::SUCCESS) continue;
    if (!joined.empty()) joined += ' ';
    const auto text = FindString(part, "text");
    joined += text.has_value() ? *text : StrCat("[", FindString(part, "type").value_or("?"), "]");
  }
  return joined;
}

std::vector<Message> ReadMessages(const dom::array& messages) {
  std::vector<Message> read;
  for (const dom::element element : messages) {
    dom::object message;
    if (element.get(message) != simdjson::SUCCESS) continue;
    read.push_back(Message{.role = std::string(FindString(message, "role").value_or("")),
                           .text = ReadContent(message)});
  }
  return read;
}

std::string FindLastText(const std::vector<Message>& messages, std::string_view role) {
  const auto found = std::find_if(messages.rbegin(), messages.rend(),
                                  [role](const Message& message) { return message.role == role; });
  return found == messages.rend() ? "" : found->text;
}

// Results of all tools that were called together.
std::string JoinToolResults(const std::vector<Message>& messages) {
  std::string joined;
  auto first = messages.end();
  while (first != messages.begin() && std::prev(first)->role == "tool") --first;
  for (; first != messages.end(); ++first) {
    StrAppend(&joined, joined.empty() ? "" : "; ", first->text);
  }
  return joined;
}

std::string_view FindForcedTool(const Call& call) {
  const auto choice = FindObject(*call.json, "tool_choice");
  if (!choice.has_value()) return {};
  const auto function = FindObject(*choice, "function");
  return function.has_value() ? FindString(*function, "name").value_or("") : std::string_view();
}

std::vector<ToolCall> MakeToolCalls(const Call& call, std::string_view said) {
  std::vector<ToolCall> calls;
  const auto tools = FindArray(*call.json, "tools");
  if (!tools.has_value() || FindString(*call.json, "tool_choice") == "none") return calls;
  const size_t calls_max = IsTrue(*call.json, "parallel_tool_calls") ? kToolCallsMax : 1;
  const std::string_view forced = FindForcedTool(call);
  for (const dom::element element : *tools) {
    dom::object function;
    if (calls.size() == calls_max) break;
    if (element.at_key("function").get(function) != simdjson::SUCCESS) continue;
    const std::string_view name = FindString(function, "name").value_or("");
    if (!forced.empty() && name != forced) continue;
    dom::element schema;
    const bool has_schema = function.at_key("parameters").get(schema) == simdjson::SUCCESS;
    calls.push_back(ToolCall{
        .id = absl::StrFormat("call_fake%08d%02d", call.number, calls.size()),
        .name = std::string(name),
        .arguments =
            has_schema ? MakeSampleValue(schema, CutText(said, kArgumentTextBytesMax)) : "{}"});
  }
  return calls;
}

// Text, or the JSON that response_format asks for.
std::string MakeText(const Call& call, std::string_view said) {
  const auto format = FindObject(*call.json, "response_format");
  const std::string_view type =
      format.has_value() ? FindString(*format, "type").value_or("") : std::string_view();
  if (type == "json_object") return StrCat(R"({"said":)", QuoteJson(said), "}");
  if (type == "json_schema") {
    dom::element schema;
    if (format->at_key("json_schema").at_key("schema").get(schema) == simdjson::SUCCESS) {
      return MakeSampleValue(schema, CutText(said, kArgumentTextBytesMax));
    }
  }
  return SayBack(said);
}

ChatReply MakeChatReply(const Call& call, const std::vector<Message>& messages) {
  ChatReply chat;
  for (const Message& message : messages) chat.prompt_tokens += CountTokens(message.text);
  const std::string_view last_role = messages.back().role;
  const std::string said = FindLastText(messages, "user");
  if (last_role == "user") chat.tool_calls = MakeToolCalls(call, said);
  if (!chat.tool_calls.empty()) {
    chat.finish_reason = "tool_calls";
    return chat;
  }
  const std::string text = last_role == "tool"
                               ? StrCat("The tool said: ", JoinToolResults(messages))
                               : MakeText(call, said);
  LimitedReply limited = LimitReply(MakeReply(text, call), call);
  chat.reply = std::move(limited.reply);
  chat.finish_reason = limited.finish_reason;
  return chat;
}

std::string MakeToolCallsJson(const std::vector<ToolCall>& calls) {
  std::string json;
  for (const ToolCall& call : calls) {
    StrAppend(&json, json.empty() ? "" : ",", R"({"id":")", call.id,
              R"(","type":"function","function":{"name":)", QuoteJson(call.name),
              R"(,"arguments":)", QuoteJson(call.arguments), "}}");
  }
  return StrCat("[", json, "]");
}

Answer AnswerPlain(const Call& call, const ChatReply& chat) {
  const std::string message =
      chat.tool_calls.empty()
          ? StrCat(R"({"role":"assistant","content":)", QuoteJson(chat.reply.Text()),
                   R"(,"refusal":null,"annotations":[]})")
          : StrCat(R"({"role":"assistant","content":null,"tool_calls":)",
                   MakeToolCallsJson(chat.tool_calls), R"(,"refusal":null,"annotations":[]})");
  const size_t choice_count = ChoiceCount(call);
  std::string choices;
  for (size_t i = 0; i < choice_count; ++i) {
    StrAppend(&choices, i == 0 ? "" : ",", R"({"index":)", i, R"(,"message":)", message,
              R"(,"logprobs":null,"finish_reason":")", chat.finish_reason, R"("})");
  }
  const std::string usage =
      call.fault.kind == FaultKind::kNoUsage
          ? ""
          : StrCat(R"(,"usage":)",
                   MakeUsage(chat.prompt_tokens, chat.completion_tokens() * choice_count));
  return Answer{.body =
                    StrCat("{", MakeObjectStart(call, "chatcmpl-", "chat.completion"),
                           R"(,"service_tier":"default","choices":[)", choices, "]", usage, "}")};
}

// The deltas of tool calls: id and name first, then the arguments in parts.
std::vector<std::string> MakeToolDeltas(const std::vector<ToolCall>& calls) {
  std::vector<std::string> deltas;
  for (size_t i = 0; i < calls.size(); ++i) {
    deltas.push_back(StrCat(R"({"tool_calls":[{"index":)", i, R"(,"id":")", calls[i].id,
                            R"(","type":"function","function":{"name":)", QuoteJson(calls[i].name),
                            R"(,"arguments":""}}]})"));
    std::string_view arguments = calls[i].arguments;
    const size_t part_bytes =
        std::clamp<size_t>(arguments.size() / kArgumentPartsMin, 1, kArgumentPartBytesMax);
    while (!arguments.empty()) {
      size_t end = std::min(part_bytes, arguments.size());
      // Never between the bytes of one UTF-8 character.
      while (end < arguments.size() &&
             (static_cast<unsigned char>(arguments[end]) & 0xC0) == 0x80) {
        ++end;
      }
      deltas.push_back(StrCat(R"({"tool_calls":[{"index":)", i, R"(,"function":{"arguments":)",
                              QuoteJson(arguments.substr(0, end)), "}}]}"));
      arguments.remove_prefix(end);
    }
  }
  return deltas;
}

// The events of one streamed answer: for each choice in turn the role, then the k-th delta of each,
// then the finish of each; usage if wanted; [DONE].
struct ChatStream {
  std::string start;  // of each chunk, up to the choices
  Reply reply = Reply("");
  std::vector<std::string> tool_deltas;  // empty = text
  std::string finish_reason = {};
  size_t choice_count = 1;
  std::string usage;  // empty = not wanted
  bool is_stamped = false;

  size_t delta_count() const {
    return tool_deltas.empty() ? reply.piece_count() : tool_deltas.size();
  }
  size_t event_count() const {
    return (delta_count() + 2) * choice_count + (usage.empty() ? 0 : 1) + 1;
  }
  std::string Event(size_t index) const;
};

std::string ChatStream::Event(size_t index) const {
  const size_t step = index / choice_count;
  if (index + 1 == event_count()) return std::string(kOpenaiDone);
  if (step > delta_count() + 1) {
    return StrCat(start, R"("choices":[],"usage":)", usage, "}\n\n");
  }
  std::string delta = "{}";
  std::string stamp;
  if (step == 0) {
    delta = StrCat(R"({"role":"assistant","content":)", tool_deltas.empty() ? R"("")" : "null",
                   R"(,"refusal":null})");
  } else if (step <= delta_count() && tool_deltas.empty()) {
    delta = StrCat(R"({"content":)", QuoteJson(reply.Piece(step - 1)), "}");
    if (is_stamped) stamp = MakeEventStamp(step - 1);
  } else if (step <= delta_count()) {
    delta = tool_deltas[step - 1];
  }
  const std::string finish = step == delta_count() + 1 ? StrCat("\"", finish_reason, "\"") : "null";
  return StrCat(start, R"("choices":[{"index":)", index % choice_count, R"(,"delta":)", delta,
                R"(,"logprobs":null,"finish_reason":)", finish, "}]",
                usage.empty() ? "" : R"(,"usage":null)", stamp, "}\n\n");
}

Answer AnswerStream(const Call& call, ChatReply chat) {
  const size_t choice_count = ChoiceCount(call);
  const std::string usage =
      WantsStreamedUsage(call)
          ? MakeUsage(chat.prompt_tokens, chat.completion_tokens() * choice_count)
          : "";
  ChatStream stream{
      .start = StrCat("data: {", MakeObjectStart(call, "chatcmpl-", "chat.completion.chunk"),
                      R"(,"service_tier":"default",)"),
      .reply = std::move(chat.reply),
      .tool_deltas = MakeToolDeltas(chat.tool_calls),
      .finish_reason = std::move(chat.finish_reason),
      .choice_count = choice_count,
      .usage = usage,
      .is_stamped = call.fault.kind == FaultKind::kStream};
  Answer answer{.content_type = "text/event-stream; charset=utf-8"};
  answer.event_count = stream.event_count();
  answer.event = [stream = std::move(stream)](size_t index) { return stream.Event(index); };
  return answer;
}

}  // namespace

Answer AnswerChat(const Call& call) {
  const auto array = FindArray(*call.json, "messages");
  if (!array.has_value()) {
    return MakeErrorAnswer(OpenaiError{.message = "Missing required parameter: 'messages'.",
                                       .param = "messages",
                                       .code = "missing_required_parameter"});
  }
  const std::vector<Message> messages = ReadMessages(*array);
  if (messages.empty()) {
    return MakeErrorAnswer(OpenaiError{.message = "Invalid 'messages': expected at least one.",
                                       .param = "messages",
                                       .code = "empty_array"});
  }
  ChatReply chat = MakeChatReply(call, messages);
  if (call.is_stream) return SpoilStream(AnswerStream(call, std::move(chat)), call);
  return AnswerPlain(call, chat);
}

}  // namespace lmgate::fakeprovider

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/dialect/error_shape.h"
#include "dataplane/dialect/openai_chat.h"
#include "dataplane/dialect/openai_chat_chunks.h"
#include "dataplane/dialect/openai_chat_wire.h"
#include "dataplane/dialect/provider_error.h"
#include "dataplane/dialect/seal.h"
#include "dataplane/dialect/sse_reader.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::PartKind;
using Kind = ChatEvent::Kind;

// "data: [DONE]" ends the stream: OpenAI API reference, Chat, streaming.
constexpr std::string_view kDone = "[DONE]";
constexpr std::string_view kIncomplete = "the provider's answer ended before it was complete";

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// OpenAI's own code where it has one: clients compare it.
std::string_view CodeOf(const chat::ProviderError& error) {
  switch (error.kind) {
    case chat::ErrorKind::kContextTooLong:
      return "context_length_exceeded";
    case chat::ErrorKind::kRateLimit:
      return "rate_limit_exceeded";
    case chat::ErrorKind::kQuota:
      return "insufficient_quota";
    default:
      return error.code;
  }
}

class ChatEventDecoder : public EventDecoder {
 public:
  explicit ChatEventDecoder(const AnswerContext& context) : chunks_(context) {}

  void Feed(std::string_view bytes, std::vector<ChatEvent>* events) override {
    SseReader::Event event;
    while (!chunks_.ended() && reader_.Next(&bytes, &event)) {
      Take(event, "the provider sent a chunk that is not JSON", events);
    }
    if (reader_.broken()) chunks_.Fail({.message = "the provider's chunk is too large"}, events);
  }

  void Finish(std::vector<ChatEvent>* events) override {
    SseReader::Event event;
    if (!chunks_.ended() && reader_.Finish(&event)) Take(event, kIncomplete, events);
    // Some servers leave out [DONE]: the finish reasons are an end as well.
    if (chunks_.finished()) chunks_.End(events);
    chunks_.Fail({.message = std::string(kIncomplete)}, events);
  }

 private:
  void Take(const SseReader::Event& event, std::string_view otherwise,
            std::vector<ChatEvent>* events) {
    const std::string_view data = Trim(event.data);
    if (data.empty()) return;
    if (data == kDone) {
      chunks_.End(events);
      return;
    }
    const absl::StatusOr<Json> chunk = ParseJson(data);
    if (!chunk.ok()) {
      chunks_.Fail({.message = std::string(otherwise)}, events);
    } else if (event.type == "error" && Find(*chunk, "error") == nullptr) {
      chunks_.Fail(ErrorOfObject(*chunk, {}), events);
    } else {
      chunks_.Add(*chunk, events);
    }
  }

  SseReader reader_;
  ChatChunkReader chunks_;
};

class ChatEventEncoder : public EventEncoder {
 public:
  explicit ChatEventEncoder(const AnswerContext& context) : context_(context) {}

  void Encode(const ChatEvent& event, std::string* out) override {
    switch (event.kind) {
      case Kind::kStart:
        Start(event);
        ChoiceOf(0, out);
        return;
      case Kind::kPartOpen:
        OpenPart(event, out);
        return;
      case Kind::kPartDelta:
        AddToPart(event, out);
        return;
      case Kind::kPartClose:
        ClosePart(event, out);
        return;
      case Kind::kUsage:
        usage_ = event.usage;
        return;
      case Kind::kFinish: {
        const Choice& choice = ChoiceOf(event.choice, out);
        AppendChunk(event.choice, Json::object(),
                    ChatFinish(event.finish, choice.refused, context_), out);
        return;
      }
      case Kind::kError:
        AppendError(event.error, out);
        return;
      case Kind::kEnd:
        if (context_.include_usage && usage_.known) {
          AppendSseEvent({}, StrCat(Head(), R"([],"usage":)", DumpJson(ChatUsage(usage_)), "}"),
                         out);
        }
        AppendSseEvent({}, kDone, out);
        return;
    }
  }

  std::string_view content_type() const override { return "text/event-stream"; }

 private:
  struct Call {
    int index = 0;
    bool blank = true;  // no arguments yet
  };
  struct Choice {
    std::map<int, Call> calls;  // by part, until it closes
    int next_call = 0;
    int next_detail = 0;
    chat::Part reasoning;  // the open one, for its entry in reasoning_details
    int64_t text_points = 0;
    int64_t text_base = 0;
    bool refused = false;
  };

  void Start(const ChatEvent& event) {
    Json head = Json::object();
    head["id"] = ChatAnswerId(event.id, context_);
    head["object"] = "chat.completion.chunk";
    head["created"] = event.created > 0 ? event.created : context_.created;
    head["model"] = event.name.empty() ? context_.model : event.name;
    head_ = DumpJson(head);
    head_.pop_back();
    head_.append(R"(,"choices":)");
  }

  // The chunk up to the value of `choices`; the same in all of an answer.
  const std::string& Head() {
    if (head_.empty()) Start(ChatEvent{});
    return head_;
  }

  // Its first use says the role.
  Choice& ChoiceOf(int index, std::string* out) {
    const auto [found, added] = choices_.try_emplace(index);
    if (added) {
      Json delta = Json::object();
      delta["role"] = "assistant";
      delta["content"] = "";
      delta["refusal"] = nullptr;
      AppendChunk(index, delta, {}, out);
    }
    return found->second;
  }

  void OpenPart(const ChatEvent& event, std::string* out) {
    Choice& choice = ChoiceOf(event.choice, out);
    if (event.part_kind == PartKind::kText) choice.text_base = choice.text_points;
    if (event.part_kind == PartKind::kReasoning) choice.reasoning = {};
    if (event.part_kind != PartKind::kToolCall) return;
    const int index = choice.next_call++;
    // Of several calls the first: the model asks for the others again when it has the result.
    if (context_.request.calls_functions && index > 0) return;
    choice.calls[event.part] = Call{.index = index};
    Json function = Json::object();
    function["name"] = event.name;
    function["arguments"] = "";
    if (context_.request.calls_functions) {
      AppendDelta(event.choice, "function_call", std::move(function), out);
      return;
    }
    Json call = Json::object();
    call["index"] = index;
    call["id"] = event.id;
    call["type"] = "function";
    call["function"] = std::move(function);
    Json extra = ExtraContent(SealSignature(event.signature, {}));
    if (!extra.is_null()) call["extra_content"] = std::move(extra);
    AppendCall(event.choice, std::move(call), out);
  }

  void AddToPart(const ChatEvent& event, std::string* out) {
    Choice& choice = ChoiceOf(event.choice, out);
    switch (event.part_kind) {
      case PartKind::kToolCall: {
        const auto call = choice.calls.find(event.part);
        if (call == choice.calls.end() || event.text.empty()) return;
        if (!Trim(event.text).empty()) call->second.blank = false;
        AppendArguments(event.choice, call->second.index, event.text, out);
        return;
      }
      case PartKind::kReasoning:
        if (!event.signature.data.empty()) choice.reasoning.signature = event.signature;
        if (event.text.empty()) return;
        choice.reasoning.text.append(event.text);
        AppendDelta(event.choice, "reasoning_content", event.text, out);
        return;
      case PartKind::kRefusal:
        choice.refused = true;
        if (!event.text.empty()) AppendDelta(event.choice, "refusal", event.text, out);
        return;
      default:
        choice.text_points += chat::CodePoints(event.text);
        if (!event.text.empty() || !event.logprobs.empty()) {
          AppendChunk(event.choice, Json{{"content", event.text}}, {}, out, event.logprobs);
        }
        if (event.citations.empty()) return;
        AppendDelta(event.choice, "annotations",
                    ChatAnnotations(event.citations, choice.text_base, choice.text_points), out);
    }
  }

  void ClosePart(const ChatEvent& event, std::string* out) {
    Choice& choice = ChoiceOf(event.choice, out);
    if (event.part_kind == PartKind::kReasoning) {
      chat::Part part = std::exchange(choice.reasoning, {});
      if (!event.signature.data.empty()) part.signature = event.signature;
      Json detail = ChatReasoningDetail(part, choice.next_detail);
      if (detail.is_null()) return;
      ++choice.next_detail;
      Json details = Json::array();
      details.push_back(std::move(detail));
      AppendDelta(event.choice, "reasoning_details", std::move(details), out);
      return;
    }
    const auto call = choice.calls.find(event.part);
    if (call == choice.calls.end()) return;
    // Clients parse the arguments: no text at all is not JSON.
    if (call->second.blank) AppendArguments(event.choice, call->second.index, "{}", out);
    choice.calls.erase(call);
  }

  void AppendError(const chat::ProviderError& error, std::string* out) {
    const ErrorWord word = ErrorWordOf(ErrorShape::kOpenAi, error.kind);
    ErrorText text;
    text.status = word.status;
    text.word = word.word;
    text.code = CodeOf(error);
    text.message = error.message.empty() ? "the provider failed" : std::string_view(error.message);
    AppendSseEvent({}, ErrorBody(ErrorShape::kOpenAi, text), out);
  }

  void AppendArguments(int choice, int index, std::string_view text, std::string* out) {
    Json function = Json::object();
    function["arguments"] = text;
    if (context_.request.calls_functions) {
      AppendDelta(choice, "function_call", std::move(function), out);
      return;
    }
    Json call = Json::object();
    call["index"] = index;
    call["function"] = std::move(function);
    AppendCall(choice, std::move(call), out);
  }

  void AppendCall(int choice, Json call, std::string* out) {
    Json calls = Json::array();
    calls.push_back(std::move(call));
    AppendDelta(choice, "tool_calls", std::move(calls), out);
  }

  void AppendDelta(int choice, std::string_view name, Json value, std::string* out) {
    Json delta = Json::object();
    delta[std::string(name)] = std::move(value);
    AppendChunk(choice, delta, {}, out);
  }

  void AppendChunk(int choice, const Json& delta, std::string_view finish, std::string* out,
                   std::string_view logprobs = {}) {
    std::string chunk =
        StrCat(Head(), R"([{"index":)", choice, R"(,"delta":)", DumpJson(delta),
               logprobs.empty() ? R"(,"logprobs":null)" : R"(,"logprobs":{"content":[)", logprobs,
               logprobs.empty() ? "" : R"(],"refusal":null})", R"(,"finish_reason":)",
               finish.empty() ? "null" : "\"", finish, finish.empty() ? "}]" : "\"}]");
    if (context_.include_usage) chunk.append(R"(,"usage":null)");
    chunk.push_back('}');
    AppendSseEvent({}, chunk, out);
  }

  const AnswerContext& context_;
  std::string head_;
  std::map<int, Choice> choices_;
  chat::TokenUsage usage_ = {};
};

}  // namespace

std::unique_ptr<EventDecoder> OpenAiChat::NewEventDecoder(const AnswerContext& context) const {
  return std::make_unique<ChatEventDecoder>(context);
}

std::unique_ptr<EventEncoder> OpenAiChat::NewEventEncoder(const AnswerContext& context) const {
  return std::make_unique<ChatEventEncoder>(context);
}

}  // namespace lmgate::dialect

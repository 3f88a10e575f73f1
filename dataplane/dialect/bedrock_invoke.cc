#include "dataplane/dialect/bedrock_invoke.h"

#include <absl/strings/escaping.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/base/percent_encode.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/anthropic.h"
#include "dataplane/dialect/aws_event_stream.h"
#include "dataplane/dialect/claude_model.h"
#include "dataplane/dialect/provider_error.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::ChatRequest;
using chat::ErrorKind;
using chat::Part;
using chat::PartKind;
using chat::ProviderError;

// Bedrock API reference, Anthropic Claude Messages API: the only value.
constexpr std::string_view kVersion = "bedrock-2023-05-31";

// Bedrock wants the definition of each tool that the history names.
void AddMissingTools(ChatRequest* request) {
  if (!request->tools.empty()) return;
  std::vector<std::string> names;
  for (const chat::Turn& turn : request->turns) {
    for (const Part& part : turn.parts) {
      if (part.kind != PartKind::kToolCall) continue;
      if (std::find(names.begin(), names.end(), part.name) == names.end()) {
        names.push_back(part.name);
      }
    }
  }
  for (std::string& name : names) {
    chat::Tool tool;
    tool.name = std::move(name);
    request->tools.push_back(std::move(tool));
  }
  if (!request->tools.empty()) request->tool_choice = {.mode = chat::ToolChoice::Mode::kNone};
}

// The exceptions that a stream knows (Bedrock API reference, ResponseStream).
std::string_view ExceptionOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kRateLimit:
    case ErrorKind::kQuota:
      return "throttlingException";
    case ErrorKind::kBadRequest:
    case ErrorKind::kTooLarge:
    case ErrorKind::kContextTooLong:
      return "validationException";
    case ErrorKind::kOverloaded:
      return "serviceUnavailableException";
    case ErrorKind::kTimeout:
      return "modelTimeoutException";
    case ErrorKind::kServer:
      return "internalServerException";
    case ErrorKind::kCredential:
    case ErrorKind::kForbidden:
    case ErrorKind::kNotFound:
      break;
  }
  return "modelStreamErrorException";
}

class FrameDecoder : public EventDecoder {
 public:
  explicit FrameDecoder(const AnswerContext& context) : reader_(context) {}

  void Feed(std::string_view bytes, std::vector<ChatEvent>* events) override {
    if (reader_.ended()) return;
    frames_.Feed(bytes);
    while (!reader_.ended()) {
      const absl::StatusOr<std::optional<EventFrame>> frame = frames_.Next();
      if (!frame.ok()) {
        Fail(ToStd(frame.status().message()), events);
        return;
      }
      if (!frame->has_value()) return;
      Read(**frame, events);
    }
  }

  void Finish(std::vector<ChatEvent>* events) override { reader_.Finish(events); }

 private:
  void Read(const EventFrame& frame, std::vector<ChatEvent>* events) {
    const absl::StatusOr<Json> payload = ParseObject(frame.payload);
    const Json nothing = Json::object();
    const Json& object = payload.ok() ? *payload : nothing;
    if (frame.message_type == "exception" || frame.message_type == "error") {
      reader_.Fail(ErrorOfObject(object, frame.exception_type), events);
      return;
    }
    if (frame.event_type != "chunk") return;
    std::string json;
    if (!absl::Base64Unescape(FindString(object, "bytes"), &json)) {
      Fail("a chunk of the provider is not base64", events);
      return;
    }
    reader_.Read("", json, events);
  }

  void Fail(std::string_view message, std::vector<ChatEvent>* events) {
    ProviderError error;
    error.message = message;
    reader_.Fail(std::move(error), events);
  }

  EventFrameReader frames_;
  AnthropicEventReader reader_;
};

class FrameEncoder : public EventEncoder {
 public:
  explicit FrameEncoder(const AnswerContext& context) : writer_(context) {}

  void Encode(const ChatEvent& event, std::string* out) override {
    if (failed_) return;
    if (event.kind == ChatEvent::Kind::kError) {
      AppendException(event.error, out);
      return;
    }
    const AnthropicEventWriter::Written written = writer_.Write(event);
    for (const AnthropicEvent& each : written.events) {
      EventFrame frame{.message_type = "event", .event_type = "chunk"};
      frame.content_type = "application/json";
      frame.payload = DumpJson(Json{{"bytes", absl::Base64Escape(each.json)}});
      AppendEventFrame(frame, out);
    }
    if (written.failed) AppendException(written.error, out);
  }

  std::string_view content_type() const override { return "application/vnd.amazon.eventstream"; }
  std::string_view keep_alive() const override { return {}; }

 private:
  void AppendException(const ProviderError& error, std::string* out) {
    failed_ = true;
    EventFrame frame{.message_type = "exception"};
    frame.exception_type = ExceptionOf(error.kind);
    frame.content_type = "application/json";
    const std::string_view message =
        error.message.empty() ? "the provider failed" : std::string_view(error.message);
    frame.payload = DumpJson(Json{{"message", message}});
    AppendEventFrame(frame, out);
  }

  AnthropicEventWriter writer_;
  bool failed_ = false;
};

}  // namespace

std::string_view BedrockInvoke::name() const { return "bedrock"; }

absl::StatusOr<ChatRequest> BedrockInvoke::DecodeRequest(const RequestSource& source) const {
  LMGATE_ASSIGN_OR_RETURN(const Json body, ParseObject(source.body));
  // Both are the path's; a body that says otherwise would be believed by nobody.
  for (const std::string_view name : {"model", "stream"}) {
    if (Find(body, name) != nullptr) {
      return BadField(name, "extra inputs are not permitted: the path says it");
    }
  }
  LMGATE_ASSIGN_OR_RETURN(const std::optional<std::string> version,
                          ReadString(body, "anthropic_version", "anthropic_version"));
  if (!version.has_value()) return BadField("anthropic_version", "is required");
  LMGATE_ASSIGN_OR_RETURN(ChatRequest request, ReadAnthropicRequest(body));
  if (const Json* const betas = Find(body, "anthropic_beta")) {
    LMGATE_RETURN_IF_ERROR(ReadBetas(*betas, "anthropic_beta", &request));
  }
  request.model = source.model;
  request.stream = source.stream;
  return request;
}

absl::StatusOr<UpstreamBody> BedrockInvoke::EncodeRequest(const ChatRequest& request,
                                                          const BackendTraits& traits) const {
  ChatRequest complete = request;
  AddMissingTools(&complete);
  LMGATE_ASSIGN_OR_RETURN(Json written, WriteAnthropicRequest(complete, traits));
  written.erase("metadata");  // a hint that not every model's endpoint takes
  if (!ClaudeModelOf(traits.model).takes_bedrock_schema && written.contains("tools")) {
    for (Json& tool : written["tools"]) tool.erase("strict");
  }
  Json body = {{"anthropic_version", kVersion}};
  const std::vector<std::string> betas = BetasOf(complete);
  if (!betas.empty()) body["anthropic_beta"] = betas;
  body.update(written);
  UpstreamBody upstream;
  upstream.path = StrCat("/model/", PercentEncode(traits.model),
                         request.stream ? "/invoke-with-response-stream" : "/invoke");
  upstream.body = DumpJson(body);
  upstream.headers = {
      {"accept", request.stream ? "application/vnd.amazon.eventstream" : "application/json"}};
  return upstream;
}

absl::StatusOr<chat::ChatResponse> BedrockInvoke::DecodeResponse(
    std::string_view body, const AnswerContext& context) const {
  return Anthropic().DecodeResponse(body, context);
}

std::string BedrockInvoke::EncodeResponse(const chat::ChatResponse& response,
                                          const AnswerContext& context) const {
  return Anthropic().EncodeResponse(response, context);
}

std::unique_ptr<EventDecoder> BedrockInvoke::NewEventDecoder(const AnswerContext& context) const {
  return std::make_unique<FrameDecoder>(context);
}

std::unique_ptr<EventEncoder> BedrockInvoke::NewEventEncoder(const AnswerContext& context) const {
  return std::make_unique<FrameEncoder>(context);
}

}  // namespace lmgate::dialect

#include "tests/fakeprovider/bedrock.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_format.h>

#include <utility>

#include "common/base/strings.h"
#include "tests/fakeprovider/anthropic_message.h"
#include "tests/fakeprovider/anthropic_request.h"
#include "tests/fakeprovider/aws_frame.h"
#include "tests/fakeprovider/aws_signature.h"
#include "tests/fakeprovider/converse.h"
#include "tests/fakeprovider/converse_request.h"
#include "tests/fakeprovider/event_script.h"
#include "tests/fakeprovider/fault_error.h"
#include "tests/fakeprovider/json_text.h"

namespace lmgate::fakeprovider {
namespace {

constexpr std::string_view kStreamType = "application/vnd.amazon.eventstream";

// AWS, "Troubleshooting Amazon Bedrock API error codes".
std::string_view ErrorName(int status) {
  switch (status) {
    case 401:
      return "UnrecognizedClientException";
    case 403:
      return "AccessDeniedException";
    case 404:
      return "ResourceNotFoundException";
    case 408:
      return "ModelTimeoutException";
    case 424:
      return "ModelErrorException";
    case 429:
      return "ThrottlingException";
    case 503:
      return "ServiceUnavailableException";
    default:
      return status >= 500 ? "InternalServerException" : "ValidationException";
  }
}

Answer MakeError(int status, std::string_view name, std::string_view message) {
  Answer answer{.status = status, .body = StrCat(R"({"message":)", QuoteJson(message), "}")};
  answer.headers.push_back(
      Header{.name = "x-amzn-errortype",
             .value = StrCat(name, ":http://internal.amazon.com/coral/com.amazon.bedrock/")});
  return answer;
}

Answer MakeError(int status, std::string_view message) {
  return MakeError(status, ErrorName(status), message);
}

Answer MakeFaultAnswer(const FaultError& error) {
  switch (error.cause) {
    case ErrorCause::kQuota:
      return MakeError(400, "ServiceQuotaExceededException", error.Message());
    case ErrorCause::kContext:
      return MakeError(400, "Input is too long for requested model.");
    case ErrorCause::kOverloaded:
      return MakeError(503, error.Message());
    case ErrorCause::kStatus:
      break;
  }
  Answer answer = MakeError(error.status, error.Message());
  answer.headers.insert(answer.headers.end(), error.headers.begin(), error.headers.end());
  return answer;
}

// Nullopt = the caller may enter.
std::optional<Answer> RefuseCaller(const Call& call, const Options& options) {
  const bool is_open = options.api_key.empty() && options.aws_keys.access_key_id.empty();
  const std::string_view authorization = call.request.FindHeader("authorization");
  if (is_open) return std::nullopt;
  if (authorization.starts_with("Bearer ")) {
    if (!options.api_key.empty() && authorization == StrCat("Bearer ", options.api_key)) {
      return std::nullopt;
    }
    return MakeError(403, "AccessDeniedException",
                     "Authentication failed: Please make sure your API Key is valid.");
  }
  const absl::Status checked = CheckAwsSignature(call.request, options.aws_keys, call.received_at);
  if (checked.ok()) return std::nullopt;
  const std::string_view name = absl::IsUnauthenticated(checked)
                                    ? "MissingAuthenticationTokenException"
                                : absl::IsNotFound(checked) ? "UnrecognizedClientException"
                                                            : "InvalidSignatureException";
  return MakeError(403, name, ToStd(checked.message()));
}

// An event of InvokeModelWithResponseStream: the JSON is inside base64.
std::string MakeChunk(std::string_view type, std::string_view json) {
  static_cast<void>(type);
  return MakeAwsEvent(
      "chunk", StrCat(R"({"bytes":")", absl::Base64Escape(ToAbsl(json)), R"(","p":"abcdefgh"})"));
}

Answer MakeAwsStream(EventScript script, EventSpoils spoils, const Call& call) {
  spoils.has_lines = false;
  spoils.error = [](size_t) {
    return MakeAwsException("internalServerException", "The fake provider fails on purpose.");
  };
  Answer answer = MakeEventAnswer(std::move(script), std::move(spoils), call);
  answer.content_type = kStreamType;
  return answer;
}

Answer AnswerConverse(const Call& call) {
  const auto read = ReadConversePrompt(*call.json);
  if (!read.ok()) return MakeError(400, ToStd(read.status().message()));
  Said said = MakeSaid(read->prompt, call, "tooluse_");
  if (!call.is_stream) {
    return Answer{.body = MakeConverseJson(said, call, read->wants_stop_sequence)};
  }
  EventSpoils spoils;
  spoils.malformed = MakeAwsEvent("contentBlockDelta", R"({"contentBlockInd)");
  spoils.odd = [](size_t index) {
    return index == 1 || index == 2 ? MakeOddAwsEvent() : std::string();
  };
  return MakeAwsStream(MakeConverseScript(std::move(said), call, read->wants_stop_sequence),
                       std::move(spoils), call);
}

Answer AnswerInvoke(const Call& call) {
  const AnthropicRules rules{.is_bedrock = true,
                             .has_beta = FindElement(*call.json, "anthropic_beta").has_value()};
  const auto prompt = ReadAnthropicPrompt(*call.json, rules);
  if (!prompt.ok()) return MakeError(400, ToStd(prompt.status().message()));
  Said said = MakeSaid(*prompt, call, "toolu_bdrk_");
  if (!call.is_stream) {
    Answer answer{.body = MakeMessageJson(said, call)};
    answer.headers.push_back({"x-amzn-bedrock-input-token-count", StrCat(said.input_tokens)});
    answer.headers.push_back({"x-amzn-bedrock-output-token-count", StrCat(said.output_tokens)});
    return answer;
  }
  const std::string metrics =
      call.fault.kind == FaultKind::kNoUsage
          ? ""
          : StrCat(R"(,"amazon-bedrock-invocationMetrics":{"inputTokenCount":)",
                   said.input_tokens - said.cached_tokens, R"(,"outputTokenCount":)",
                   said.output_tokens, R"(,"invocationLatency":1,"firstByteLatency":1,)",
                   R"("cacheReadInputTokenCount":)", said.cached_tokens,
                   R"(,"cacheWriteInputTokenCount":0})");
  EventSpoils spoils;
  spoils.malformed = MakeChunk("", R"({"type":"content_blo)");
  spoils.odd = [](size_t index) {
    return StrCat(index == 1 ? MakeOddAwsEvent() : "", MakeOddMessageEvents(index, MakeChunk));
  };
  Answer answer = MakeAwsStream(MakeMessageScript(std::move(said), call, MakeChunk, metrics),
                                std::move(spoils), call);
  answer.headers.push_back({"x-amzn-bedrock-content-type", "application/json"});
  return answer;
}

Answer AnswerEndpoint(const Call& call, const Options& options) {
  if (auto refusal = RefuseCaller(call, options)) return *std::move(refusal);
  if (const auto error = FindFaultError(call)) return MakeFaultAnswer(*error);
  const bool converses = call.operation == "converse" || call.operation == "converse-stream";
  const bool invokes =
      call.operation == "invoke" || call.operation == "invoke-with-response-stream";
  if (call.request.method != "POST" || (!converses && !invokes)) {
    return MakeError(404, "UnknownOperationException", "The operation is unknown.");
  }
  if (!call.json.has_value()) {
    return MakeError(400, "Malformed input request, please reformat your input and try again.");
  }
  return converses ? AnswerConverse(call) : AnswerInvoke(call);
}

}  // namespace

Answer AnswerBedrock(const Call& call, const Options& options) {
  Answer answer = AnswerEndpoint(call, options);
  answer.headers.push_back(
      {"x-amzn-requestid", absl::StrFormat("00000000-0000-4000-8000-%012d", call.number)});
  return answer;
}

}  // namespace lmgate::fakeprovider

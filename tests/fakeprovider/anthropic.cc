#include "tests/fakeprovider/anthropic.h"

#include <absl/strings/str_format.h>

#include <utility>

#include "common/base/strings.h"
#include "tests/fakeprovider/anthropic_message.h"
#include "tests/fakeprovider/anthropic_request.h"
#include "tests/fakeprovider/event_script.h"
#include "tests/fakeprovider/fault_error.h"
#include "tests/fakeprovider/json_text.h"

namespace lmgate::fakeprovider {
namespace {

constexpr std::string_view kMessagesPath = "/v1/messages";
constexpr std::string_view kCountPath = "/v1/messages/count_tokens";
constexpr std::string_view kModelsPath = "/v1/models";

std::string RequestId(const Call& call) { return absl::StrFormat("req_fake%08d", call.number); }

Answer MakeError(const Call& call, int status, std::string_view message) {
  std::string body = MakeAnthropicErrorJson(status, message);
  body.pop_back();
  StrAppend(&body, R"(,"request_id":")", RequestId(call), R"("})");
  return Answer{.status = status, .body = std::move(body)};
}

Answer MakeFaultAnswer(const Call& call, const FaultError& error) {
  int status = error.status;
  if (error.cause == ErrorCause::kQuota) status = 402;
  if (error.cause == ErrorCause::kContext) status = 400;
  if (error.cause == ErrorCause::kOverloaded) status = 529;
  Answer answer = MakeError(call, status,
                            error.cause == ErrorCause::kContext
                                ? "prompt is too long: 8193 tokens > 8192 maximum"
                                : error.Message());
  answer.headers = error.headers;
  return answer;
}

bool MayEnter(const Call& call, const Options& options) {
  return options.api_key.empty() || call.request.FindHeader("x-api-key") == options.api_key ||
         call.request.FindHeader("authorization") == StrCat("Bearer ", options.api_key);
}

std::string MakeModelJson(std::string_view id) {
  return StrCat(R"({"type":"model","id":)", QuoteJson(id), R"(,"display_name":)", QuoteJson(id),
                R"(,"created_at":"2025-02-19T00:00:00Z"})");
}

Answer AnswerModels(const Call& call, const Options& options) {
  if (call.request.path != kModelsPath) return Answer{.body = MakeModelJson(call.model)};
  std::string data;
  for (const std::string& model : options.models) {
    StrAppend(&data, data.empty() ? "" : ",", MakeModelJson(model));
  }
  const std::string first = options.models.empty() ? "null" : QuoteJson(options.models.front());
  const std::string last = options.models.empty() ? "null" : QuoteJson(options.models.back());
  return Answer{.body = StrCat(R"({"data":[)", data, R"(],"has_more":false,"first_id":)", first,
                               R"(,"last_id":)", last, "}")};
}

Answer AnswerStream(const Call& call, Said said) {
  EventSpoils spoils;
  spoils.malformed = MakeNamedEvent("content_block_delta", R"({"type":"content_blo)");
  spoils.error = [](size_t) {
    return MakeNamedEvent("error",
                          MakeAnthropicErrorJson(500, "The fake provider fails on purpose."));
  };
  spoils.odd = [](size_t index) {
    return StrCat(": a comment keeps the connection alive\n\n",
                  MakeOddMessageEvents(index, MakeNamedEvent));
  };
  return MakeEventAnswer(MakeMessageScript(std::move(said), call, MakeNamedEvent),
                         std::move(spoils), call);
}

Answer AnswerMessages(const Call& call) {
  if (call.request.method != "POST") return MakeError(call, 405, "Method Not Allowed");
  if (call.request.FindHeader("anthropic-version").empty()) {
    return MakeError(call, 400, "anthropic-version: header is required");
  }
  if (!call.json.has_value()) {
    return MakeError(call, 400, "The request body is not valid JSON.");
  }
  if (call.model.empty()) return MakeError(call, 400, "model: Field required");
  const AnthropicRules rules{.has_beta = !call.request.FindHeader("anthropic-beta").empty(),
                             .only_counts = call.request.path == kCountPath};
  const auto prompt = ReadAnthropicPrompt(*call.json, rules);
  if (!prompt.ok()) return MakeError(call, 400, ToStd(prompt.status().message()));
  if (rules.only_counts) {
    return Answer{.body = StrCat(R"({"input_tokens":)", prompt->input_tokens, "}")};
  }
  Said said = MakeSaid(*prompt, call, "toolu_");
  if (call.is_stream) return AnswerStream(call, std::move(said));
  return Answer{.body = MakeMessageJson(said, call)};
}

Answer AnswerEndpoint(const Call& call, const Options& options) {
  const std::string_view path = call.request.path;
  if (!MayEnter(call, options)) return MakeError(call, 401, "invalid x-api-key");
  if (const auto error = FindFaultError(call)) return MakeFaultAnswer(call, *error);
  if (path == kMessagesPath || path == kCountPath) return AnswerMessages(call);
  if (path.starts_with(kModelsPath)) return AnswerModels(call, options);
  return MakeError(call, 404, "Not Found");
}

}  // namespace

Answer AnswerAnthropic(const Call& call, const Options& options) {
  Answer answer = AnswerEndpoint(call, options);
  answer.headers.push_back({"request-id", RequestId(call)});
  answer.headers.push_back({"anthropic-organization-id", "fake-organization"});
  answer.headers.push_back({"anthropic-ratelimit-requests-limit", "10000"});
  answer.headers.push_back({"anthropic-ratelimit-requests-remaining", "9999"});
  if (answer.is_stream()) answer.headers.push_back({"cache-control", "no-cache"});
  return answer;
}

}  // namespace lmgate::fakeprovider

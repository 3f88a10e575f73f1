#include "tests/fakeprovider/openai.h"

#include <absl/strings/match.h>
#include <absl/strings/str_format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/strings.h"
#include "tests/fakeprovider/json_text.h"
#include "tests/fakeprovider/openai_chat.h"
#include "tests/fakeprovider/openai_completion.h"
#include "tests/fakeprovider/openai_embedding.h"
#include "tests/fakeprovider/openai_error.h"
#include "tests/fakeprovider/responses.h"

namespace lmgate::fakeprovider {
namespace {

struct Endpoint {
  std::string_view path;
  Answer (*answer)(const Call&);
};

// POST with a JSON body that names a model.
constexpr Endpoint kModelEndpoints[] = {
    {"/v1/chat/completions", AnswerChat},
    {"/v1/completions", AnswerCompletion},
    {"/v1/embeddings", AnswerEmbedding},
    {"/v1/responses", AnswerResponses},
};

constexpr std::string_view kModelsPath = "/v1/models";

bool MayEnter(const Call& call, const Options& options) {
  return options.api_key.empty() ||
         call.request.FindHeader("authorization") == StrCat("Bearer ", options.api_key);
}

std::string MakeModelJson(std::string_view id) {
  // `created` is that of gpt-4o: any fixed time does.
  return StrCat(R"({"id":)", QuoteJson(id),
                R"(,"object":"model","created":1715367049,"owned_by":"fakeprovider"})");
}

Answer AnswerModels(const Call& call, const Options& options) {
  if (call.request.path != kModelsPath) return Answer{.body = MakeModelJson(call.model)};
  std::string data;
  for (const std::string& model : options.models) {
    StrAppend(&data, data.empty() ? "" : ",", MakeModelJson(model));
  }
  return Answer{.body = StrCat(R"({"object":"list","data":[)", data, "]}")};
}

// For every path that is passed through without being understood.
Answer AnswerOther(const Call& call) {
  const HttpRequest& request = call.request;
  nlohmann::ordered_json echo = {{"object", "fake.echo"},
                                 {"method", request.method},
                                 {"path", request.path},
                                 {"query", request.query},
                                 {"content_type", request.FindHeader("content-type")},
                                 {"body_bytes", request.body.size()},
                                 {"model", call.model}};
  // The SDKs read nothing else from a transcription.
  if (absl::StartsWith(ToAbsl(request.path), "/v1/audio/")) {
    echo["text"] = StrCat("You sent ", request.body.size(), " bytes.");
  }
  return Answer{.body = DumpJson(echo)};
}

Answer AnswerModelEndpoint(const Call& call, const Endpoint& endpoint) {
  if (call.request.method != "POST") {
    return MakeErrorAnswer(OpenaiError{
        .status = 405,
        .message = StrCat("Not allowed to ", call.request.method, " on ", call.request.path,
                          ". (HINT: Perhaps you meant to use a different HTTP method?)"),
        .code = "method_not_supported"});
  }
  if (!call.json.has_value()) {
    return MakeErrorAnswer(OpenaiError{
        .message = "We could not parse the JSON body of your request. (HINT: This likely means "
                   "you aren't using your HTTP library correctly.)"});
  }
  if (call.model.empty()) {
    return MakeErrorAnswer(OpenaiError{.message = "you must provide a model parameter"});
  }
  return endpoint.answer(call);
}

Answer AnswerEndpoint(const Call& call, const Options& options) {
  const std::string_view path = call.request.path;
  if (!MayEnter(call, options)) {
    return MakeErrorAnswer(OpenaiError{
        .status = 401, .message = "Incorrect API key provided.", .code = "invalid_api_key"});
  }
  if (const auto error = FindFaultError(call)) return MakeFaultAnswer(*error);
  for (const Endpoint& endpoint : kModelEndpoints) {
    if (path == endpoint.path) return AnswerModelEndpoint(call, endpoint);
  }
  const bool is_get = call.request.method == "GET" || call.request.method == "HEAD";
  const std::string_view in_models =
      path.starts_with(kModelsPath) ? path.substr(kModelsPath.size()) : "-";
  if (is_get && (in_models.empty() || in_models.starts_with('/'))) {
    return AnswerModels(call, options);
  }
  if (path.starts_with("/v1/")) return AnswerOther(call);
  return MakeErrorAnswer(
      OpenaiError{.status = 404,
                  .message = StrCat("Unknown request URL: ", call.request.method, " ", path,
                                    ". Please check the URL for typos."),
                  .code = "unknown_url"});
}

// OpenAI API reference, "Debugging requests" and "Rate limits in headers".
Answer AddDialectHeaders(Answer answer, const Call& call) {
  answer.headers.push_back({"x-request-id", absl::StrFormat("req_fake%08d", call.number)});
  answer.headers.push_back({"openai-processing-ms", "1"});
  answer.headers.push_back({"openai-version", "2020-10-01"});
  answer.headers.push_back({"openai-organization", "fake-organization"});
  answer.headers.push_back({"x-ratelimit-limit-requests", "10000"});
  answer.headers.push_back({"x-ratelimit-remaining-requests", "9999"});
  answer.headers.push_back({"x-ratelimit-reset-requests", "6ms"});
  if (answer.is_stream()) answer.headers.push_back({"cache-control", "no-cache"});
  return answer;
}

}  // namespace

Answer AnswerOpenai(const Call& call, const Options& options) {
  return AddDialectHeaders(AnswerEndpoint(call, options), call);
}

}  // namespace lmgate::fakeprovider

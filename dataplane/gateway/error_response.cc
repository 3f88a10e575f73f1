#include "dataplane/gateway/error_response.h"

#include "common/base/strings.h"
#include "dataplane/http1/request_scan.h"

namespace lmgate::gateway {
namespace {

using contract::ErrorCode;
using http1::AppendJsonString;

struct Row {
  ErrorCode code;
  int status;
  std::string_view openai_type;
  std::string_view anthropic_type;
  std::string_view headers;
  std::string_view message;
};

constexpr std::string_view kLater = "retry-after: 1\r\n";
constexpr std::string_view kNoRetry = "x-should-retry: false\r\n";

// In the order of contract::ErrorCode.
constexpr Row kRows[] = {
    {ErrorCode::kOk, 200, "", "", "", ""},
    {ErrorCode::kInvalidRequest, 400, "invalid_request_error", "invalid_request_error", "",
     "The request is malformed."},
    {ErrorCode::kDialectUnsupported, 400, "invalid_request_error", "invalid_request_error", "",
     "The model leads only to connections that speak another API dialect."},
    {ErrorCode::kInvalidApiKey, 401, "invalid_request_error", "authentication_error", "",
     "Incorrect API key provided."},
    {ErrorCode::kKeyBlocked, 401, "invalid_request_error", "authentication_error", "",
     "This API key is blocked."},
    {ErrorCode::kKeyExpired, 401, "invalid_request_error", "authentication_error", "",
     "This API key has expired."},
    {ErrorCode::kKeyRevoked, 401, "invalid_request_error", "authentication_error", "",
     "This API key was revoked."},
    {ErrorCode::kModelNotAllowed, 403, "permission_error", "permission_error", "",
     "This API key may not use the model."},
    {ErrorCode::kConnectionNotAllowed, 403, "permission_error", "permission_error", "",
     "This API key may not use a connection that serves the model."},
    {ErrorCode::kModelNotFound, 404, "invalid_request_error", "not_found_error", "",
     "The model does not exist."},
    {ErrorCode::kNotFound, 404, "invalid_request_error", "not_found_error", "",
     "There is nothing at this path."},
    {ErrorCode::kMethodNotAllowed, 405, "invalid_request_error", "invalid_request_error", "",
     "This path does not take this method."},
    {ErrorCode::kRequestTimeout, 408, "invalid_request_error", "invalid_request_error", "",
     "The request came too slowly."},
    {ErrorCode::kRequestTooLarge, 413, "invalid_request_error", "request_too_large", "",
     "The request body is too large."},
    {ErrorCode::kHeaderTooLarge, 431, "invalid_request_error", "request_too_large", "",
     "The request head is too large."},
    {ErrorCode::kClientClosed, 499, "invalid_request_error", "invalid_request_error", "",
     "The client went away."},
    {ErrorCode::kInternalError, 500, "server_error", "api_error", "", "Internal error."},
    {ErrorCode::kServiceDisabled, 503, "server_error", "api_error", kLater,
     "The service is disabled."},
    {ErrorCode::kNotReady, 503, "server_error", "api_error", kLater,
     "The gateway has no configuration yet."},
    {ErrorCode::kOverloaded, 503, "server_error", "overloaded_error", kLater,
     "The gateway has too many connections."},
    {ErrorCode::kDraining, 503, "server_error", "api_error", kLater,
     "The gateway is shutting down."},
    {ErrorCode::kConnectionUnavailable, 503, "server_error", "api_error", kLater,
     "The connection that serves the model is not usable on this replica."},
    {ErrorCode::kUpstreamError, 502, "upstream_error", "api_error", "",
     "The provider answered with an error."},
    {ErrorCode::kUpstreamAuthFailed, 502, "upstream_error", "api_error", kNoRetry,
     "The provider refused the gateway's credential."},
    {ErrorCode::kUpstreamConnectFailed, 502, "upstream_error", "api_error", "",
     "The provider cannot be reached."},
    {ErrorCode::kUpstreamReset, 502, "upstream_error", "api_error", "",
     "The provider closed the connection without an answer."},
    {ErrorCode::kUpstreamInvalidResponse, 502, "upstream_error", "api_error", "",
     "The provider's answer is not valid HTTP."},
    {ErrorCode::kUpstreamTimeout, 504, "upstream_error", "timeout_error", "",
     "The provider did not answer in time."},
    {ErrorCode::kUpstreamTruncated, 502, "upstream_error", "api_error", "",
     "The provider's answer ended before it was complete."},
};
static_assert(std::size(kRows) == contract::kErrorCodeCount);

const Row& RowOf(ErrorCode code) { return kRows[static_cast<size_t>(code)]; }

}  // namespace

int HttpStatusOf(ErrorCode code) { return RowOf(code).status; }
std::string_view DefaultMessage(ErrorCode code) { return RowOf(code).message; }
std::string_view ErrorHeaders(ErrorCode code) { return RowOf(code).headers; }

std::string ErrorBody(ErrorShape shape, ErrorCode code, std::string_view message,
                      std::string_view param, std::string_view request_id) {
  const Row& row = RowOf(code);
  std::string body;
  if (shape == ErrorShape::kAnthropic) {
    body =
        StrCat("{\"type\":\"error\",\"error\":{\"type\":\"", row.anthropic_type, "\",\"message\":");
    AppendJsonString(&body, message);
    body += ",\"code\":\"";
    body += contract::ErrorCodeName(code);
    body += "\"},\"request_id\":";
    AppendJsonString(&body, request_id);
    body += "}";
    return body;
  }
  body = "{\"error\":{\"message\":";
  AppendJsonString(&body, message);
  StrAppend(&body, ",\"type\":\"", row.openai_type, "\",\"param\":");
  if (param.empty()) {
    body += "null";
  } else {
    AppendJsonString(&body, param);
  }
  StrAppend(&body, ",\"code\":\"", contract::ErrorCodeName(code), "\"}}");
  return body;
}

std::string ErrorEvent(ErrorShape shape, ErrorCode code, std::string_view message,
                       std::string_view request_id) {
  return StrCat(shape == ErrorShape::kAnthropic ? std::string_view("event: error\ndata: ")
                                                : std::string_view("data: "),
                ErrorBody(shape, code, message, {}, request_id), "\n\n");
}

}  // namespace lmgate::gateway

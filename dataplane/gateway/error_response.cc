#include "dataplane/gateway/error_response.h"

#include "common/base/strings.h"
#include "dataplane/dialect/aws_event_stream.h"

namespace lmgate::gateway {
namespace {

using chat::ErrorKind;
using contract::ErrorCode;
using dialect::ErrorWordOf;

struct Row {
  ErrorCode code;
  int status;
  ErrorKind kind;  // from which Gemini's and Bedrock's words follow
  std::string_view openai_type;
  std::string_view anthropic_type;
  std::string_view headers;
  std::string_view message;
};

constexpr std::string_view kLater = "retry-after: 1\r\n";  // ErrorBody says the same
constexpr std::string_view kNoRetry = "x-should-retry: false\r\n";

// In the order of contract::ErrorCode.
constexpr Row kRows[] = {
    {ErrorCode::kOk, 200, ErrorKind::kServer, "", "", "", ""},
    {ErrorCode::kInvalidRequest, 400, ErrorKind::kBadRequest, "invalid_request_error",
     "invalid_request_error", "", "The request is malformed."},
    {ErrorCode::kDialectUnsupported, 400, ErrorKind::kBadRequest, "invalid_request_error",
     "invalid_request_error", "",
     "The model leads only to connections that speak another API dialect."},
    {ErrorCode::kInvalidApiKey, 401, ErrorKind::kCredential, "invalid_request_error",
     "authentication_error", "", "Incorrect API key provided."},
    {ErrorCode::kKeyBlocked, 401, ErrorKind::kCredential, "invalid_request_error",
     "authentication_error", "", "This API key is blocked."},
    {ErrorCode::kKeyExpired, 401, ErrorKind::kCredential, "invalid_request_error",
     "authentication_error", "", "This API key has expired."},
    {ErrorCode::kKeyRevoked, 401, ErrorKind::kCredential, "invalid_request_error",
     "authentication_error", "", "This API key was revoked."},
    {ErrorCode::kModelNotAllowed, 403, ErrorKind::kForbidden, "permission_error",
     "permission_error", "", "This API key may not use the model."},
    {ErrorCode::kConnectionNotAllowed, 403, ErrorKind::kForbidden, "permission_error",
     "permission_error", "", "This API key may not use a connection that serves the model."},
    {ErrorCode::kModelNotFound, 404, ErrorKind::kNotFound, "invalid_request_error",
     "not_found_error", "", "The model does not exist."},
    {ErrorCode::kNotFound, 404, ErrorKind::kNotFound, "invalid_request_error", "not_found_error",
     "", "There is nothing at this path."},
    {ErrorCode::kMethodNotAllowed, 405, ErrorKind::kBadRequest, "invalid_request_error",
     "invalid_request_error", "", "This path does not take this method."},
    {ErrorCode::kRequestTimeout, 408, ErrorKind::kTimeout, "invalid_request_error",
     "invalid_request_error", "", "The request came too slowly."},
    {ErrorCode::kRequestTooLarge, 413, ErrorKind::kTooLarge, "invalid_request_error",
     "request_too_large", "", "The request body is too large."},
    {ErrorCode::kHeaderTooLarge, 431, ErrorKind::kTooLarge, "invalid_request_error",
     "request_too_large", "", "The request head is too large."},
    {ErrorCode::kClientClosed, 499, ErrorKind::kBadRequest, "invalid_request_error",
     "invalid_request_error", "", "The client went away."},
    {ErrorCode::kInternalError, 500, ErrorKind::kServer, "server_error", "api_error", "",
     "Internal error."},
    {ErrorCode::kServiceDisabled, 503, ErrorKind::kOverloaded, "server_error", "api_error", kLater,
     "The service is disabled."},
    {ErrorCode::kNotReady, 503, ErrorKind::kOverloaded, "server_error", "api_error", kLater,
     "The gateway has no configuration yet."},
    {ErrorCode::kOverloaded, 503, ErrorKind::kOverloaded, "server_error", "overloaded_error",
     kLater, "The gateway has too many connections."},
    {ErrorCode::kDraining, 503, ErrorKind::kOverloaded, "server_error", "api_error", kLater,
     "The gateway is shutting down."},
    {ErrorCode::kConnectionUnavailable, 503, ErrorKind::kOverloaded, "server_error", "api_error",
     kLater, "The connection that serves the model is not usable on this replica."},
    {ErrorCode::kUpstreamError, 502, ErrorKind::kServer, "upstream_error", "api_error", "",
     "The provider answered with an error."},
    {ErrorCode::kUpstreamAuthFailed, 502, ErrorKind::kServer, "upstream_error", "api_error",
     kNoRetry, "The provider refused the gateway's credential."},
    {ErrorCode::kUpstreamConnectFailed, 502, ErrorKind::kServer, "upstream_error", "api_error", "",
     "The provider cannot be reached."},
    {ErrorCode::kUpstreamReset, 502, ErrorKind::kServer, "upstream_error", "api_error", "",
     "The provider closed the connection without an answer."},
    {ErrorCode::kUpstreamInvalidResponse, 502, ErrorKind::kServer, "upstream_error", "api_error",
     "", "The provider's answer is not valid HTTP."},
    {ErrorCode::kUpstreamTimeout, 504, ErrorKind::kTimeout, "upstream_error", "timeout_error", "",
     "The provider did not answer in time."},
    {ErrorCode::kUpstreamTruncated, 502, ErrorKind::kServer, "upstream_error", "api_error", "",
     "The provider's answer ended before it was complete."},
};
static_assert(std::size(kRows) == contract::kErrorCodeCount);

const Row& RowOf(ErrorCode code) { return kRows[static_cast<size_t>(code)]; }

std::string_view WordOf(ErrorShape shape, const Row& row) {
  if (shape == ErrorShape::kOpenAi) return row.openai_type;
  if (shape == ErrorShape::kAnthropic) return row.anthropic_type;
  return ErrorWordOf(shape, row.kind).word;
}

// AWS's SDKs take the class of an error from it.
constexpr std::string_view kErrorType = "x-amzn-errortype: ";

}  // namespace

int HttpStatusOf(ErrorShape shape, ErrorCode code) {
  const Row& row = RowOf(code);
  // AWS has no 401.
  const bool forbids = shape == ErrorShape::kBedrock && row.kind == ErrorKind::kCredential;
  return forbids ? ErrorWordOf(shape, row.kind).status : row.status;
}

std::string_view DefaultMessage(ErrorCode code) { return RowOf(code).message; }

std::string ErrorHeaders(ErrorShape shape, ErrorCode code) {
  const Row& row = RowOf(code);
  std::string headers(row.headers);
  if (shape == ErrorShape::kBedrock) StrAppend(&headers, kErrorType, WordOf(shape, row), "\r\n");
  return headers;
}

std::string ErrorBody(ErrorShape shape, ErrorCode code, std::string_view message,
                      std::string_view param, std::string_view request_id) {
  const Row& row = RowOf(code);
  return dialect::ErrorBody(shape, {.status = HttpStatusOf(shape, code),
                                    .word = WordOf(shape, row),
                                    .code = contract::ErrorCodeName(code),
                                    .message = message,
                                    .param = param,
                                    .request_id = request_id,
                                    .retry_after_ms = row.headers == kLater ? 1000 : -1});
}

std::string ErrorEvent(ErrorShape shape, ErrorCode code, std::string_view message,
                       std::string_view request_id) {
  const std::string body = ErrorBody(shape, code, message, {}, request_id);
  if (shape == ErrorShape::kBedrock) {
    std::string frame;
    dialect::AppendEventFrame({.message_type = "exception",
                               .event_type = {},
                               .exception_type = "internalServerException",
                               .content_type = "application/json",
                               .payload = body},
                              &frame);
    return frame;
  }
  return StrCat(shape == ErrorShape::kAnthropic ? std::string_view("event: error\ndata: ")
                                                : std::string_view("data: "),
                body, "\n\n");
}

TranslatedError TranslateError(ErrorShape shape, const chat::ProviderError& error,
                               std::string_view request_id) {
  const dialect::ErrorWord word = ErrorWordOf(shape, error.kind);
  const std::string_view message = error.message.empty() ? DefaultMessage(ErrorCode::kUpstreamError)
                                                         : std::string_view(error.message);
  TranslatedError translated;
  translated.status = word.status;
  translated.body = dialect::ErrorBody(shape, {.status = word.status,
                                               .word = word.word,
                                               .code = dialect::ErrorCodeOf(error.kind),
                                               .message = message,
                                               .param = {},
                                               .request_id = request_id,
                                               .retry_after_ms = error.retry_after_ms});
  if (error.retry_after_ms >= 0) {
    StrAppend(&translated.headers, "retry-after: ", (error.retry_after_ms + 999) / 1000, "\r\n");
    StrAppend(&translated.headers, "retry-after-ms: ", error.retry_after_ms, "\r\n");
  }
  if (shape == ErrorShape::kBedrock) StrAppend(&translated.headers, kErrorType, word.word, "\r\n");
  return translated;
}

std::string ThreadRefusedBody(std::string_view message, std::string_view request_id) {
  return dialect::ErrorBody(
      ErrorShape::kAnthropic,
      {.status = 400,
       .word = "invalid_request_error",
       .code = {},
       .message = message,
       .param = {},
       .request_id = request_id,
       .details = R"({"error_code":"thread_unsupported_request","unsupported":["thread"]})"});
}

chat::ProviderError AsProviderError(ErrorCode code, std::string_view message) {
  chat::ProviderError error;
  error.kind = RowOf(code).kind;
  error.message = message.empty() ? DefaultMessage(code) : message;
  error.code = contract::ErrorCodeName(code);
  return error;
}

}  // namespace lmgate::gateway

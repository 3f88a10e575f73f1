#include "dataplane/gateway/error_response.h"

#include <gmock/gmock.h>

#include <iterator>
#include <set>
#include <string>
#include <string_view>

namespace lmgate::gateway {
namespace {

using contract::ErrorCode;

struct Expected {
  ErrorCode code;
  std::string_view name;
  int status;
  std::string_view openai_type;
  std::string_view anthropic_type;
};

// The wire contract of all outcomes that are answered with an error.
constexpr Expected kExpected[] = {
    {ErrorCode::kInvalidRequest, "invalid_request", 400, "invalid_request_error",
     "invalid_request_error"},
    {ErrorCode::kDialectUnsupported, "dialect_unsupported", 400, "invalid_request_error",
     "invalid_request_error"},
    {ErrorCode::kInvalidApiKey, "invalid_api_key", 401, "invalid_request_error",
     "authentication_error"},
    {ErrorCode::kKeyBlocked, "key_blocked", 401, "invalid_request_error", "authentication_error"},
    {ErrorCode::kKeyExpired, "key_expired", 401, "invalid_request_error", "authentication_error"},
    {ErrorCode::kKeyRevoked, "key_revoked", 401, "invalid_request_error", "authentication_error"},
    {ErrorCode::kModelNotAllowed, "model_not_allowed", 403, "permission_error", "permission_error"},
    {ErrorCode::kConnectionNotAllowed, "connection_not_allowed", 403, "permission_error",
     "permission_error"},
    {ErrorCode::kModelNotFound, "model_not_found", 404, "invalid_request_error", "not_found_error"},
    {ErrorCode::kNotFound, "not_found", 404, "invalid_request_error", "not_found_error"},
    {ErrorCode::kMethodNotAllowed, "method_not_allowed", 405, "invalid_request_error",
     "invalid_request_error"},
    {ErrorCode::kRequestTimeout, "request_timeout", 408, "invalid_request_error",
     "invalid_request_error"},
    {ErrorCode::kRequestTooLarge, "request_too_large", 413, "invalid_request_error",
     "request_too_large"},
    {ErrorCode::kHeaderTooLarge, "header_too_large", 431, "invalid_request_error",
     "request_too_large"},
    {ErrorCode::kClientClosed, "client_closed", 499, "invalid_request_error",
     "invalid_request_error"},
    {ErrorCode::kInternalError, "internal_error", 500, "server_error", "api_error"},
    {ErrorCode::kServiceDisabled, "service_disabled", 503, "server_error", "api_error"},
    {ErrorCode::kNotReady, "not_ready", 503, "server_error", "api_error"},
    {ErrorCode::kOverloaded, "overloaded", 503, "server_error", "overloaded_error"},
    {ErrorCode::kDraining, "draining", 503, "server_error", "api_error"},
    {ErrorCode::kConnectionUnavailable, "connection_unavailable", 503, "server_error", "api_error"},
    {ErrorCode::kUpstreamError, "upstream_error", 502, "upstream_error", "api_error"},
    {ErrorCode::kUpstreamAuthFailed, "upstream_auth_failed", 502, "upstream_error", "api_error"},
    {ErrorCode::kUpstreamConnectFailed, "upstream_connect_failed", 502, "upstream_error",
     "api_error"},
    {ErrorCode::kUpstreamReset, "upstream_reset", 502, "upstream_error", "api_error"},
    {ErrorCode::kUpstreamInvalidResponse, "upstream_invalid_response", 502, "upstream_error",
     "api_error"},
    {ErrorCode::kUpstreamTimeout, "upstream_timeout", 504, "upstream_error", "timeout_error"},
    {ErrorCode::kUpstreamTruncated, "upstream_truncated", 502, "upstream_error", "api_error"},
};

std::string Quoted(std::string_view name, std::string_view value) {
  return "\"" + std::string(name) + "\":\"" + std::string(value) + "\"";
}

TEST(ErrorResponse, EveryCodeHasItsRow) {
  static_assert(std::size(kExpected) == contract::kErrorCodeCount - 1);
  for (const Expected& row : kExpected) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(contract::ErrorCodeName(row.code), row.name);
    EXPECT_EQ(HttpStatusOf(ErrorShape::kOpenAi, row.code), row.status);
    EXPECT_NE(DefaultMessage(row.code), "");
    const std::string openai = ErrorBody(ErrorShape::kOpenAi, row.code, "m", "", "r");
    EXPECT_THAT(openai, ::testing::HasSubstr(Quoted("type", row.openai_type)));
    EXPECT_THAT(openai, ::testing::HasSubstr(Quoted("code", row.name)));
    const std::string anthropic = ErrorBody(ErrorShape::kAnthropic, row.code, "m", "", "r");
    EXPECT_THAT(anthropic, ::testing::HasSubstr(Quoted("type", row.anthropic_type)));
    EXPECT_THAT(anthropic, ::testing::HasSubstr(Quoted("code", row.name)));
  }
}

TEST(ErrorResponse, CodesAreAllDifferent) {
  std::set<ErrorCode> codes;
  for (const Expected& row : kExpected) codes.insert(row.code);

  EXPECT_EQ(codes.size(), std::size(kExpected));
}

TEST(ErrorBody, OpenAiShapeIsGolden) {
  EXPECT_EQ(ErrorBody(ErrorShape::kOpenAi, ErrorCode::kModelNotFound,
                      "The model `a\"b` does not exist.", "model", "req-1"),
            R"({"error":{"message":"The model `a\"b` does not exist.",)"
            R"("type":"invalid_request_error","param":"model","code":"model_not_found"}})");
}

TEST(ErrorBody, OpenAiShapeHasNullWithoutParam) {
  EXPECT_EQ(ErrorBody(ErrorShape::kOpenAi, ErrorCode::kUpstreamTimeout, "Slow.", "", "req-1"),
            R"({"error":{"message":"Slow.","type":"upstream_error","param":null,)"
            R"("code":"upstream_timeout"}})");
}

TEST(ErrorBody, AnthropicShapeIsGolden) {
  EXPECT_EQ(ErrorBody(ErrorShape::kAnthropic, ErrorCode::kOverloaded, "Full\n", "model", "req-1"),
            R"({"type":"error","error":{"type":"overloaded_error","message":"Full\n",)"
            R"("code":"overloaded"},"request_id":"req-1"})");
}

TEST(ErrorEvent, OpenAiShapeIsGolden) {
  EXPECT_EQ(ErrorEvent(ErrorShape::kOpenAi, ErrorCode::kUpstreamTruncated, "Cut.", "req-1"),
            "data: {\"error\":{\"message\":\"Cut.\",\"type\":\"upstream_error\",\"param\":null,"
            "\"code\":\"upstream_truncated\"}}\n\n");
}

TEST(ErrorEvent, AnthropicShapeIsGolden) {
  EXPECT_EQ(ErrorEvent(ErrorShape::kAnthropic, ErrorCode::kUpstreamTruncated, "Cut.", "req-1"),
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","
            "\"message\":\"Cut.\",\"code\":\"upstream_truncated\"},\"request_id\":\"req-1\"}\n\n");
}

TEST(ErrorHeaders, SayWhenToComeAgain) {
  for (const ErrorCode code :
       {ErrorCode::kServiceDisabled, ErrorCode::kNotReady, ErrorCode::kOverloaded,
        ErrorCode::kDraining, ErrorCode::kConnectionUnavailable}) {
    EXPECT_EQ(ErrorHeaders(ErrorShape::kOpenAi, code), "retry-after: 1\r\n");
  }
  EXPECT_EQ(ErrorHeaders(ErrorShape::kOpenAi, ErrorCode::kUpstreamAuthFailed),
            "x-should-retry: false\r\n");
  EXPECT_EQ(ErrorHeaders(ErrorShape::kOpenAi, ErrorCode::kInvalidApiKey), "");
}

// AWS has no 401, and its SDKs take the class of an error from the header.
TEST(ErrorHeaders, BedrockNamesTheException) {
  EXPECT_EQ(HttpStatusOf(ErrorShape::kBedrock, ErrorCode::kInvalidApiKey), 403);
  EXPECT_EQ(ErrorHeaders(ErrorShape::kBedrock, ErrorCode::kInvalidApiKey),
            "x-amzn-errortype: UnrecognizedClientException\r\n");
  EXPECT_EQ(ErrorBody(ErrorShape::kBedrock, ErrorCode::kInvalidApiKey, "No.", "", "req-1"),
            R"({"message":"No."})");
}

TEST(ErrorBody, GeminiShapeIsGolden) {
  EXPECT_EQ(ErrorBody(ErrorShape::kGemini, ErrorCode::kModelNotFound, "No.", "", "req-1"),
            R"({"error":{"code":404,"message":"No.","status":"NOT_FOUND","details":[)"
            R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo",)"
            R"("reason":"model_not_found","domain":"lmgate"}]}})");
}

TEST(ErrorBody, GeminiIsToldWhenToComeAgain) {
  EXPECT_THAT(ErrorBody(ErrorShape::kGemini, ErrorCode::kDraining, "No.", "", "req-1"),
              ::testing::HasSubstr(R"("retryDelay":"1s")"));
}

TEST(TranslateError, HasTheClientsStatusAndWord) {
  chat::ProviderError error;
  error.kind = chat::ErrorKind::kOverloaded;
  error.message = "Busy.";

  EXPECT_EQ(TranslateError(ErrorShape::kOpenAi, error, "r").status, 503);
  EXPECT_EQ(TranslateError(ErrorShape::kAnthropic, error, "r").status, 529);
  EXPECT_EQ(TranslateError(ErrorShape::kBedrock, error, "r").headers,
            "x-amzn-errortype: ServiceUnavailableException\r\n");
  EXPECT_THAT(TranslateError(ErrorShape::kGemini, error, "r").body,
              ::testing::HasSubstr(R"("status":"UNAVAILABLE")"));
}

TEST(TranslateError, SaysWhenToComeAgain) {
  chat::ProviderError error;
  error.kind = chat::ErrorKind::kRateLimit;
  error.retry_after_ms = 6500;

  EXPECT_EQ(TranslateError(ErrorShape::kOpenAi, error, "r").headers,
            "retry-after: 7\r\nretry-after-ms: 6500\r\n");
  EXPECT_THAT(TranslateError(ErrorShape::kGemini, error, "r").body,
              ::testing::HasSubstr(R"("retryDelay":"7s")"));
}

}  // namespace
}  // namespace lmgate::gateway

#include "dataplane/dialect/error_shape.h"

#include <nlohmann/json.hpp>

#include "common/base/strings.h"
#include "common/contract/error_code.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {
namespace {

using chat::ErrorKind;

struct Row {
  ErrorKind kind;
  ErrorWord openai;
  ErrorWord anthropic;
  ErrorWord gemini;
  ErrorWord bedrock;
};

// translation.md 12.2, in the order of ErrorKind. Statuses and words are those that make the SDKs
// raise their own class for the kind.
constexpr Row kRows[] = {
    {ErrorKind::kBadRequest,
     {400, "invalid_request_error"},
     {400, "invalid_request_error"},
     {400, "INVALID_ARGUMENT"},
     {400, "ValidationException"}},
    {ErrorKind::kCredential,
     {401, "invalid_request_error"},
     {401, "authentication_error"},
     {401, "UNAUTHENTICATED"},
     {403, "UnrecognizedClientException"}},
    {ErrorKind::kForbidden,
     {403, "permission_error"},
     {403, "permission_error"},
     {403, "PERMISSION_DENIED"},
     {403, "AccessDeniedException"}},
    {ErrorKind::kNotFound,
     {404, "invalid_request_error"},
     {404, "not_found_error"},
     {404, "NOT_FOUND"},
     {404, "ResourceNotFoundException"}},
    {ErrorKind::kTooLarge,
     {413, "invalid_request_error"},
     {413, "request_too_large"},
     {413, "INVALID_ARGUMENT"},
     {400, "ValidationException"}},
    {ErrorKind::kContextTooLong,
     {400, "invalid_request_error"},
     {400, "invalid_request_error"},
     {400, "INVALID_ARGUMENT"},
     {400, "ValidationException"}},
    {ErrorKind::kRateLimit,
     {429, "rate_limit_exceeded"},
     {429, "rate_limit_error"},
     {429, "RESOURCE_EXHAUSTED"},
     {429, "ThrottlingException"}},
    {ErrorKind::kQuota,
     {429, "insufficient_quota"},
     {402, "billing_error"},
     {429, "RESOURCE_EXHAUSTED"},
     {400, "ServiceQuotaExceededException"}},
    {ErrorKind::kServer,
     {500, "server_error"},
     {500, "api_error"},
     {500, "INTERNAL"},
     {500, "InternalServerException"}},
    {ErrorKind::kOverloaded,
     {503, "server_error"},
     {529, "overloaded_error"},
     {503, "UNAVAILABLE"},
     {503, "ServiceUnavailableException"}},
    {ErrorKind::kTimeout,
     {504, "server_error"},
     {504, "timeout_error"},
     {504, "DEADLINE_EXCEEDED"},
     {408, "ModelTimeoutException"}},
};

Json TextOrNull(std::string_view text) { return text.empty() ? Json() : Json(text); }

}  // namespace

ErrorWord ErrorWordOf(ErrorShape shape, ErrorKind kind) {
  const Row& row = kRows[static_cast<size_t>(kind)];
  switch (shape) {
    case ErrorShape::kOpenAi:
      return row.openai;
    case ErrorShape::kAnthropic:
      return row.anthropic;
    case ErrorShape::kGemini:
      return row.gemini;
    case ErrorShape::kBedrock:
      return row.bedrock;
  }
  return row.openai;
}

std::string_view ErrorCodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kContextTooLong:
      return "context_length_exceeded";
    case ErrorKind::kQuota:
      return "insufficient_quota";
    case ErrorKind::kRateLimit:
      return "rate_limit_exceeded";
    case ErrorKind::kNotFound:
      return "model_not_found";
    default:
      return contract::ErrorCodeName(contract::ErrorCode::kUpstreamError);
  }
}

std::string ErrorBody(ErrorShape shape, const ErrorText& text) {
  switch (shape) {
    case ErrorShape::kAnthropic: {
      Json error = {{"type", text.word}, {"message", text.message}};
      if (!text.code.empty()) error["code"] = text.code;
      if (absl::StatusOr<Json> details = ParseObject(text.details); details.ok()) {
        error["details"] = *std::move(details);
      }
      return DumpJson({{"type", "error"},
                       {"error", std::move(error)},
                       {"request_id", TextOrNull(text.request_id)}});
    }
    case ErrorShape::kGemini: {
      Json error = {{"code", text.status}, {"message", text.message}, {"status", text.word}};
      Json details = Json::array();
      if (!text.code.empty()) {
        details.push_back({{"@type", "type.googleapis.com/google.rpc.ErrorInfo"},
                           {"reason", text.code},
                           {"domain", "lmgate"}});
      }
      if (text.retry_after_ms >= 0) {
        details.push_back({{"@type", "type.googleapis.com/google.rpc.RetryInfo"},
                           {"retryDelay", StrCat((text.retry_after_ms + 999) / 1000, "s")}});
      }
      if (!details.empty()) error["details"] = std::move(details);
      return DumpJson({{"error", std::move(error)}});
    }
    case ErrorShape::kBedrock:
      return DumpJson({{"message", text.message}});
    case ErrorShape::kOpenAi:
      break;
  }
  return DumpJson({{"error",
                    {{"message", text.message},
                     {"type", text.word},
                     {"param", TextOrNull(text.param)},
                     {"code", TextOrNull(text.code)}}}});
}

}  // namespace lmgate::dialect

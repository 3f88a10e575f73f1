#include "tests/fakeprovider/openai_error.h"

#include <absl/strings/cord.h>

#include "common/base/strings.h"
#include "tests/fakeprovider/json_text.h"

namespace lmgate::fakeprovider {
namespace {

constexpr char kParamPayload[] = "param";
constexpr char kCodePayload[] = "code";

std::string QuoteOrNull(std::string_view text) { return text.empty() ? "null" : QuoteJson(text); }

}  // namespace

absl::Status RefuseParam(std::string_view param, std::string_view code, std::string_view message) {
  absl::Status refusal = absl::InvalidArgumentError(ToAbsl(message));
  refusal.SetPayload(kParamPayload, absl::Cord(ToAbsl(param)));
  refusal.SetPayload(kCodePayload, absl::Cord(ToAbsl(code)));
  return refusal;
}

absl::Status RefuseMissing(std::string_view param) {
  return RefuseParam(param, "missing_required_parameter",
                     StrCat("Missing required parameter: '", param, "'."));
}
absl::Status RefuseType(std::string_view param, std::string_view wanted) {
  return RefuseParam(param, "invalid_type",
                     StrCat("Invalid type for '", param, "': expected ", wanted, "."));
}
absl::Status RefuseValue(std::string_view param, std::string_view value) {
  return RefuseParam(param, "invalid_value",
                     StrCat("Invalid value: '", value, "' is not supported for '", param, "'."));
}
absl::Status RefuseUnknown(std::string_view param) {
  return RefuseParam(param, "unknown_parameter", StrCat("Unknown parameter: '", param, "'."));
}

OpenaiError ToOpenaiError(const absl::Status& refusal) {
  return OpenaiError{.status = absl::IsNotFound(refusal) ? 404 : 400,
                     .message = std::string(ToStd(refusal.message())),
                     .param = std::string(refusal.GetPayload(kParamPayload).value_or(absl::Cord())),
                     .code = std::string(refusal.GetPayload(kCodePayload).value_or(absl::Cord()))};
}

std::string MakeErrorJson(const OpenaiError& error) {
  return StrCat(R"({"error":{"message":)", QuoteJson(error.message), R"(,"type":)",
                QuoteOrNull(error.type), R"(,"param":)", QuoteOrNull(error.param), R"(,"code":)",
                QuoteOrNull(error.code), "}}");
}

Answer MakeErrorAnswer(const OpenaiError& error) {
  return Answer{.status = error.status, .body = MakeErrorJson(error)};
}

OpenaiError MakeStatusError(int status) {
  OpenaiError error{.status = status,
                    .message = StrCat("The fake provider answers ", status, " on purpose.")};
  switch (status) {
    case 401:
      error.code = "invalid_api_key";
      break;
    case 403:
      error.type = "permission_error";
      error.code = "permission_denied";
      break;
    case 404:
      error.param = "model";
      error.code = "model_not_found";
      break;
    case 408:
      error.type = "timeout_error";
      break;
    case 429:
      error.type = "requests";
      error.code = "rate_limit_exceeded";
      break;
    default:
      if (status >= 500) error.type = "server_error";
      break;
  }
  return error;
}

Answer MakeFaultAnswer(const FaultError& fault) {
  OpenaiError error = MakeStatusError(fault.status);
  error.message = fault.Message();
  switch (fault.cause) {
    case ErrorCause::kStatus:
      break;
    case ErrorCause::kQuota:
      error.status = 429;
      error.type = "insufficient_quota";
      error.code = "insufficient_quota";
      break;
    case ErrorCause::kContext:
      error.status = 400;
      error.param = "messages";
      error.code = "context_length_exceeded";
      break;
    case ErrorCause::kOverloaded:
      error.status = 503;
      error.type = "server_error";
      break;
  }
  Answer answer = MakeErrorAnswer(error);
  answer.headers = fault.headers;
  return answer;
}

}  // namespace lmgate::fakeprovider

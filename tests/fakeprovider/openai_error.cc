#include "tests/fakeprovider/openai_error.h"

#include "common/base/strings.h"
#include "tests/fakeprovider/json_text.h"

namespace lmgate::fakeprovider {
namespace {

std::string QuoteOrNull(std::string_view text) { return text.empty() ? "null" : QuoteJson(text); }

Answer MakeStatusAnswer(int status) {
  Answer answer = MakeErrorAnswer(MakeStatusError(status));
  if (status < 400 && status != 304) {
    answer.headers.push_back(Header{.name = "location", .value = "/v1/redirected"});
  }
  return answer;
}

}  // namespace

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

std::optional<Answer> FindFaultError(const Call& call) {
  const int status = static_cast<int>(call.fault.numbers[0]);
  const bool is_stream = call.json.has_value() && IsTrue(*call.json, "stream");
  switch (call.fault.kind) {
    case FaultKind::kStatus:
      if (status < 300) return std::nullopt;
      return MakeStatusAnswer(status);
    case FaultKind::kStatusRetryAfter:
    case FaultKind::kStatusRetryAfterMs: {
      Answer answer = MakeStatusAnswer(status);
      answer.headers.push_back(Header{.name = call.fault.kind == FaultKind::kStatusRetryAfter
                                                  ? "retry-after"
                                                  : "retry-after-ms",
                                      .value = StrCat(call.fault.numbers[1])});
      return answer;
    }
    case FaultKind::kErrorAfter:
      if (is_stream) return std::nullopt;
      return MakeStatusAnswer(500);
    case FaultKind::kInsufficientQuota:
      return MakeErrorAnswer(
          OpenaiError{.status = 429,
                      .message = "You exceeded your current quota, please check your plan.",
                      .type = "insufficient_quota",
                      .code = "insufficient_quota"});
    case FaultKind::kContextLengthExceeded:
      return MakeErrorAnswer(
          OpenaiError{.status = 400,
                      .message = "This model's maximum context length is 8192 tokens.",
                      .param = "messages",
                      .code = "context_length_exceeded"});
    default:
      return std::nullopt;
  }
}

}  // namespace lmgate::fakeprovider

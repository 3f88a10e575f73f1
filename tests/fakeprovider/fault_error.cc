#include "tests/fakeprovider/fault_error.h"

#include <utility>

#include "common/base/strings.h"

namespace lmgate::fakeprovider {
namespace {

FaultError MakeStatusError(int status) {
  FaultError error{.status = status};
  if (status < 400 && status != 304) {
    error.headers.push_back(Header{.name = "location", .value = "/v1/redirected"});
  }
  return error;
}

FaultError WithHeader(FaultError error, Header header) {
  error.headers.push_back(std::move(header));
  return error;
}

}  // namespace

std::string FaultError::Message() const {
  switch (cause) {
    case ErrorCause::kQuota:
      return "You exceeded your current quota, please check your plan.";
    case ErrorCause::kContext:
      return "This model's maximum context length is 8192 tokens.";
    case ErrorCause::kOverloaded:
      return "Overloaded";
    case ErrorCause::kStatus:
      break;
  }
  return StrCat("The fake provider answers ", status, " on purpose.");
}

std::optional<FaultError> FindFaultError(const Call& call) {
  const auto& numbers = call.fault.numbers;
  const int status = static_cast<int>(numbers[0]);
  switch (call.fault.kind) {
    case FaultKind::kStatus:
      if (status < 300) return std::nullopt;
      return MakeStatusError(status);
    case FaultKind::kStatusRetryAfter:
      return WithHeader(MakeStatusError(status),
                        Header{.name = "retry-after", .value = StrCat(numbers[1])});
    case FaultKind::kStatusRetryAfterMs:
      return WithHeader(MakeStatusError(status),
                        Header{.name = "retry-after-ms", .value = StrCat(numbers[1])});
    case FaultKind::kErrorAfter:
      if (call.is_stream) return std::nullopt;
      return MakeStatusError(500);
    case FaultKind::kInsufficientQuota:
      return FaultError{.cause = ErrorCause::kQuota};
    case FaultKind::kContextLengthExceeded:
      return FaultError{.cause = ErrorCause::kContext};
    case FaultKind::kOverloaded:
      return FaultError{.cause = ErrorCause::kOverloaded};
    default:
      return std::nullopt;
  }
}

}  // namespace lmgate::fakeprovider

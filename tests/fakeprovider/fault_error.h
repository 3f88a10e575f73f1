#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/call.h"

namespace lmgate::fakeprovider {

// What an error of the provider is about; the dialects differ in their words for it.
enum class ErrorCause { kStatus, kQuota, kContext, kOverloaded };

struct FaultError {
  ErrorCause cause = ErrorCause::kStatus;
  int status = 0;  // 0 = the dialect's own for the cause
  std::vector<Header> headers = {};

  std::string Message() const;
};

// The error that the call's fault asks for in place of an answer, if it asks for one.
std::optional<FaultError> FindFaultError(const Call& call);

}  // namespace lmgate::fakeprovider

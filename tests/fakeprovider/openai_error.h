#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/fault_error.h"

namespace lmgate::fakeprovider {

// OpenAI API reference, "Error codes"; all four members are always there.
struct OpenaiError {
  int status = 400;
  std::string message = {};
  std::string_view type = "invalid_request_error";
  std::string param = {};  // empty = null
  std::string code = {};   // empty = null
};

// A refusal of a request (InvalidArgument) that carries param and code, either empty = null.
absl::Status RefuseParam(std::string_view param, std::string_view code, std::string_view message);
absl::Status RefuseMissing(std::string_view param);
absl::Status RefuseType(std::string_view param, std::string_view wanted);
absl::Status RefuseValue(std::string_view param, std::string_view value);
absl::Status RefuseUnknown(std::string_view param);
OpenaiError ToOpenaiError(const absl::Status& refusal);

Answer MakeErrorAnswer(const OpenaiError& error);
// {"error": {…}}
std::string MakeErrorJson(const OpenaiError& error);

// What OpenAI would say with that status.
OpenaiError MakeStatusError(int status);

Answer MakeFaultAnswer(const FaultError& error);

}  // namespace lmgate::fakeprovider

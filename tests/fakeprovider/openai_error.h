#pragma once

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
  std::string_view param = {};  // empty = null
  std::string_view code = {};   // empty = null
};

Answer MakeErrorAnswer(const OpenaiError& error);
// {"error": {…}}
std::string MakeErrorJson(const OpenaiError& error);

// What OpenAI would say with that status.
OpenaiError MakeStatusError(int status);

Answer MakeFaultAnswer(const FaultError& error);

}  // namespace lmgate::fakeprovider

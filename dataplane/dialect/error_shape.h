#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/chat/chat_event.h"

namespace lmgate::dialect {

// Whose SDK will read an error (translation.md 12.1).
enum class ErrorShape : uint8_t { kOpenAi, kAnthropic, kGemini, kBedrock };

// What a kind is called there: HTTP status and the shape's word for it (OpenAI's type, Anthropic's
// type, Gemini's status, Bedrock's exception).
struct ErrorWord {
  int status = 500;
  std::string_view word;
};
ErrorWord ErrorWordOf(ErrorShape shape, chat::ErrorKind kind);

// `code` of a provider's error: OpenAI's words where clients look for them, else upstream_error.
std::string_view ErrorCodeOf(chat::ErrorKind kind);

// The words of one error's body.
struct ErrorText {
  int status = 500;       // Gemini repeats it in the body
  std::string_view word;  // as ErrorWord
  std::string_view
      code;  // a closed word; OpenAI's `code`, an extra member in Anthropic's; empty = null
  std::string_view message;
  std::string_view param;  // the field that is wrong; empty = null
  std::string_view request_id;
  int64_t retry_after_ms = -1;  // Gemini says it in the body too
  // JSON of the member `details` of Anthropic's error; empty = none.
  std::string_view details = {};
};

// The JSON body. OpenAI: {"error":{"message","type","param","code"}}, all four always there.
// Anthropic: {"type":"error","error":{"type","message","code"},"request_id"}. Gemini:
// {"error":{"code","message","status","details"}}. Bedrock: {"message"}; its word stands in the
// header x-amzn-errortype.
std::string ErrorBody(ErrorShape shape, const ErrorText& text);

}  // namespace lmgate::dialect

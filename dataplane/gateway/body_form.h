#pragma once

#include <cstdint>
#include <string_view>

namespace lmgate::gateway {

// What a request's body is read as, to find the model in it.
enum class BodyForm : uint8_t {
  kEmpty,
  kJson,
  kMultipart,
  kUrlEncoded,
  kOpaque,  // nothing that could name a model: audio, text, …
};

// Not by the Content-Type alone: many providers read JSON whatever it says. So what says that it is
// JSON, or begins like an object, is JSON. `body` is not looked into further.
BodyForm FindBodyForm(std::string_view content_type, std::string_view body);

}  // namespace lmgate::gateway

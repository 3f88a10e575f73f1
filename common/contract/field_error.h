#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

namespace lmgate::contract {

// The one form of a refusal by the configuration check: InvalidArgument with the message
// "<field>: <problem>" and a field hint (common/base/error_detail.h).
absl::Status FieldError(std::string_view field, std::string_view problem, std::string hint = "");

// The same refusal seen from the message that contains the field: `parent` is put before the path,
// in the message as well as in the hint. OK stays OK.
absl::Status InParent(std::string_view parent, const absl::Status& status);

// `did you mean "openai"?`, or empty when `nearest` is.
std::string DidYouMean(std::string_view nearest);

// `"text"`, with quotes, backslashes and control characters escaped, cut at 128 bytes: for paths
// and messages that repeat what somebody typed.
std::string Quoted(std::string_view text);

}  // namespace lmgate::contract

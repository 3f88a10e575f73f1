#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace lmgate::credential {

// What token endpoints have in common: RFC 6749.

struct AccessToken {
  std::string text;  // SECRET
  absl::Duration lifetime;
};

// The body of an answer with this HTTP status. Unavailable, without any secret: an error of the
// endpoint with its `error` and `error_description`, or an answer that is no token.
absl::StatusOr<AccessToken> ParseAccessToken(int status, std::string_view body);

// "Authorization: Bearer …" with its CRLF.
std::string BearerLine(std::string_view token);

// application/x-www-form-urlencoded, in the order given.
std::string EncodeForm(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);

// Text of a peer as it may stand in an error: one line, printable, cut.
std::string Printable(std::string_view text);

}  // namespace lmgate::credential

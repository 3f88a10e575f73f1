#include "dataplane/credential/access_token.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <simdjson.h>

#include <algorithm>

#include "common/base/percent_encode.h"
#include "common/base/strings.h"
#include "common/contract/header_rule.h"

namespace lmgate::credential {
namespace {

constexpr size_t kErrorBytesMax = 300;
// A lifetime beyond it is a mistake of the endpoint; the token is fetched again then.
constexpr int64_t kLifetimeSecondsMax = 24 * 3600;

// `expires_in` is a number (RFC 6749, 5.1); Entra's old endpoint sends a string of digits.
int64_t FindLifetime(simdjson::dom::element root) {
  int64_t seconds = 0;
  if (root["expires_in"].get(seconds) == simdjson::SUCCESS) return seconds;
  double fraction = 0;
  if (root["expires_in"].get(fraction) == simdjson::SUCCESS && fraction < 1e9) {
    return static_cast<int64_t>(fraction);
  }
  std::string_view digits;
  if (root["expires_in"].get(digits) == simdjson::SUCCESS &&
      absl::SimpleAtoi(ToAbsl(digits), &seconds)) {
    return seconds;
  }
  return 0;
}

std::string_view TextAt(simdjson::dom::element root, const char* name) {
  std::string_view text;
  return root[name].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

absl::Status EndpointError(int status, simdjson::dom::element root) {
  const std::string_view error = TextAt(root, "error");
  const std::string_view description = TextAt(root, "error_description");
  return absl::UnavailableError(StrCat("answered ", status, error.empty() ? "" : " ",
                                       Printable(error), description.empty() ? "" : ": ",
                                       Printable(description)));
}

}  // namespace

absl::StatusOr<AccessToken> ParseAccessToken(int status, std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) {
    return absl::UnavailableError(StrCat("answered ", status, ", and not with JSON"));
  }
  if (status != 200) return EndpointError(status, root);
  std::string_view token;
  if (root["access_token"].get(token) != simdjson::SUCCESS || token.empty()) {
    return absl::UnavailableError("answered without an access_token");
  }
  if (!contract::IsHeaderValue(token) || token.find(' ') != std::string_view::npos) {
    return absl::UnavailableError("answered with an access_token that no header can carry");
  }
  std::string_view type;
  if (root["token_type"].get(type) == simdjson::SUCCESS &&
      !absl::EqualsIgnoreCase(ToAbsl(type), "bearer")) {
    return absl::UnavailableError(StrCat("answered with a token of type ", Printable(type)));
  }
  const int64_t seconds = FindLifetime(root);
  if (seconds <= 0) return absl::UnavailableError("answered with a token that has expired");
  return AccessToken{.text = std::string(token),
                     .lifetime = absl::Seconds(std::min(seconds, kLifetimeSecondsMax))};
}

std::string BearerLine(std::string_view token) {
  return StrCat("Authorization: Bearer ", token, "\r\n");
}

std::string EncodeForm(
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    StrAppend(&out, out.empty() ? "" : "&", PercentEncode(name), "=", PercentEncode(value));
  }
  return out;
}

std::string Printable(std::string_view text) {
  std::string out(text.substr(0, kErrorBytesMax));
  std::replace_if(
      out.begin(), out.end(),
      [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte > 0x7E;
      },
      ' ');
  return out;
}

}  // namespace lmgate::credential

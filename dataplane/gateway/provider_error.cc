#include "dataplane/gateway/provider_error.h"

#include <absl/strings/numbers.h>

#include <algorithm>

#include "common/base/strings.h"

namespace lmgate::gateway {
namespace {

constexpr size_t kMessageBytesMax = 500;
constexpr size_t kSecretBytesMin = 6;  // shorter header values are no secrets

void Blank(std::string* text, std::string_view secret) {
  if (secret.size() < kSecretBytesMin) return;
  for (size_t at = text->find(secret); at != std::string::npos; at = text->find(secret, at)) {
    text->replace(at, secret.size(), "****");
  }
}

// Blanks the values of head lines.
void BlankHeaders(std::string_view lines, std::string* message) {
  while (!lines.empty()) {
    const size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines = end == std::string_view::npos ? std::string_view() : lines.substr(end + 2);
    const size_t colon = line.find(": ");
    if (colon == std::string_view::npos || line.starts_with("Host")) continue;
    const std::string_view value = line.substr(colon + 2);
    Blank(message, value.substr(value.rfind(' ') + 1));
    Blank(message, value);
  }
}

}  // namespace

std::string ProviderErrorMessage(std::string message,
                                 const snapshot::UpstreamConnection& connection,
                                 const credential::Credential* fetched) {
  BlankHeaders(connection.header_block, &message);
  if (fetched != nullptr) {
    BlankHeaders(fetched->header_line, &message);
    if (fetched->aws_keys.has_value()) {
      Blank(&message, fetched->aws_keys->secret_access_key);
      Blank(&message, fetched->aws_keys->session_token);
    }
  }
  if (message.size() > kMessageBytesMax) {
    size_t end = kMessageBytesMax;
    // Not in the middle of a UTF-8 character.
    while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xc0) == 0x80) --end;
    message.resize(end);
  }
  return message;
}

int64_t RetryAfterMs(std::string_view value, absl::Time now) {
  absl::Duration wait;
  double seconds = 0;
  absl::Time date;
  std::string ignored;
  if (absl::SimpleAtod(ToAbsl(value), &seconds)) {
    wait = absl::Seconds(seconds);
  } else if (absl::ParseTime("%a, %d %b %E4Y %H:%M:%S GMT", ToAbsl(value), &date, &ignored)) {
    wait = std::max(date - now, absl::ZeroDuration());
  } else {
    return -1;
  }
  const bool lawful = wait >= absl::ZeroDuration() && wait <= absl::Hours(24);
  return lawful ? absl::ToInt64Milliseconds(wait) : -1;
}

}  // namespace lmgate::gateway

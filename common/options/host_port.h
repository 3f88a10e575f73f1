#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lmgate::options {

// An address to listen on or to call: "127.0.0.1:8000", "[::1]:8000", "localhost:8000".
struct HostPort {
  std::string host;   // an IPv6 address without its brackets; never empty once parsed
  uint16_t port = 0;  // 0 = any free port, only for listening

  // 127.0.0.0/8, ::1 (also as ::ffff:127.0.0.1) or the name localhost: nothing is looked up.
  bool IsLoopback() const;
  // As it was written, IPv6 in brackets.
  std::string Text() const;
};

// InvalidArgument says what is wrong; the host must be there, so that nobody listens on all
// addresses by leaving it out.
absl::StatusOr<HostPort> ParseHostPort(std::string_view text);

}  // namespace lmgate::options

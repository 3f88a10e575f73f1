#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lmgate::contract {

// A connection's base_url, taken apart.
struct BaseUrl {
  enum class Scheme { kHttp, kHttps, kUnix };

  Scheme scheme = Scheme::kHttp;
  std::string host;         // DNS name, IPv4, or IPv6 without brackets; the socket's path for kUnix
  uint16_t port = 0;        // the scheme's default when the text has none; 0 for kUnix
  std::string path;         // "" or "/v1": no trailing slash
  std::string host_header;  // what to send as Host: brackets for IPv6, port unless the default
};

// InvalidArgument for anything but http://, https:// and unix:/absolute/path, the last with or
// without :/v1 or the like behind it, which requests' paths begin with; for user info, a query, a
// fragment, control characters or white space; and for more than 2048 bytes.
absl::StatusOr<BaseUrl> ParseBaseUrl(std::string_view text);

}  // namespace lmgate::contract

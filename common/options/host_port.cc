#include "common/options/host_port.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "common/base/strings.h"

namespace lmgate::options {
namespace {

constexpr size_t kHostBytesMax = 253;  // RFC 1035 2.3.4, without the length bytes

absl::Status Malformed(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(
      StrCat("\"", text.substr(0, kHostBytesMax), "\" is not HOST:PORT: ", why));
}

std::optional<in_addr> ParseIpv4(const std::string& host) {
  in_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) != 1) return std::nullopt;
  return address;
}

std::optional<in6_addr> ParseIpv6(const std::string& host) {
  in6_addr address{};
  if (inet_pton(AF_INET6, host.c_str(), &address) != 1) return std::nullopt;
  return address;
}

// What getaddrinfo would read as digits of an IPv4 address in one of its old forms (127.1,
// 2130706433) counts as an address too, and must then be a whole one.
bool LooksLikeIpv4(std::string_view host) {
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

bool IsHostNameByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_';
}

}  // namespace

bool HostPort::IsLoopback() const {
  if (absl::EqualsIgnoreCase(host, "localhost")) return true;
  if (const auto ipv4 = ParseIpv4(host)) return (ntohl(ipv4->s_addr) >> 24) == 127;
  if (const auto ipv6 = ParseIpv6(host)) {
    if (IN6_IS_ADDR_LOOPBACK(&*ipv6)) return true;
    return IN6_IS_ADDR_V4MAPPED(&*ipv6) && ipv6->s6_addr[12] == 127;
  }
  return false;
}

std::string HostPort::Text() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return is_ipv6 ? StrCat("[", host, "]:", port) : StrCat(host, ":", port);
}

absl::StatusOr<HostPort> ParseHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Malformed(text, "the port is missing");
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  if (host.empty()) return Malformed(text, "the host is missing, as 127.0.0.1:8000");
  if (host.size() > kHostBytesMax) {
    return Malformed(text, StrCat("the host is longer than ", kHostBytesMax, " bytes"));
  }

  HostPort result;
  const bool has_brackets = host.front() == '[' && host.back() == ']' && host.size() > 2;
  if (has_brackets) {
    result.host = std::string(host.substr(1, host.size() - 2));
    if (!ParseIpv6(result.host)) return Malformed(text, "no IPv6 address is in the brackets");
  } else {
    result.host = std::string(host);
    if (host.find(':') != std::string_view::npos) {
      return Malformed(text, "an IPv6 address needs brackets, as [::1]:8000");
    }
    if (!std::all_of(host.begin(), host.end(), IsHostNameByte)) {
      return Malformed(text, "the host has a byte that no host name has");
    }
    if (LooksLikeIpv4(host) && !ParseIpv4(result.host)) {
      return Malformed(text, "the host is no IPv4 address");
    }
  }

  const char* const end = port_text.data() + port_text.size();
  const auto [stop, error] = std::from_chars(port_text.data(), end, result.port);
  if (error != std::errc() || stop != end) {
    return Malformed(text, "the port is no whole number within 0 and 65535");
  }
  return result;
}

}  // namespace lmgate::options

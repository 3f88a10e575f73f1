#include "common/contract/base_url.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/field_error.h"

namespace lmgate::contract {
namespace {

constexpr size_t kUrlBytesMax = 2048;
// sockaddr_un.sun_path holds 108 bytes with the final zero: unix(7).
constexpr size_t kSocketPathBytesMax = 107;
constexpr uint16_t kHttpPort = 80;
constexpr uint16_t kHttpsPort = 443;
constexpr std::string_view kBadPath = "has a character in its path that must be percent-encoded";

absl::Status Error(std::string_view problem) {
  return absl::InvalidArgumentError(StrCat("base URL ", problem));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// What an IPv4 address would be written with; such a host must be one, never a name: "10.0.0.256".
bool LooksNumeric(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return !last.empty() && std::all_of(last.begin(), last.end(), IsDigit);
}

// RFC 1123, 2.1, and '_', which private networks use.
bool IsDnsName(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  while (true) {
    const size_t dot = host.find('.');
    const std::string_view label = host.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
      return false;
    }
    if (!std::all_of(label.begin(), label.end(), [](char c) {
          return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
        })) {
      return false;
    }
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

bool IsAddress(int family, std::string_view host) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  return inet_pton(family, std::string(host).c_str(), address.data()) == 1;
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  unsigned port = 0;
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), IsDigit)) {
    return std::nullopt;
  }
  std::from_chars(text.data(), text.data() + text.size(), port);
  if (port == 0 || port > 65535) return std::nullopt;
  return static_cast<uint16_t>(port);
}

// RFC 3986, 3.3: path characters; a '%' only before two hex digits.
bool IsPath(std::string_view path) {
  constexpr std::string_view kMarks = "/-._~!$&'()*+,;=:@";
  for (size_t i = 0; i < path.size(); ++i) {
    const auto byte = static_cast<unsigned char>(path[i]);
    if (path[i] == '%') {
      if (i + 2 >= path.size() || !absl::ascii_isxdigit(static_cast<unsigned char>(path[i + 1])) ||
          !absl::ascii_isxdigit(static_cast<unsigned char>(path[i + 2]))) {
        return false;
      }
    } else if (!absl::ascii_isalnum(byte) && kMarks.find(path[i]) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

// `/run/llm.sock`, or `/run/llm.sock:/v1` as nginx writes it.
absl::StatusOr<BaseUrl> ParseUnix(std::string_view text) {
  const std::string_view socket_path = text.substr(0, text.find(":/"));
  std::string_view path = text.substr(socket_path.size());
  if (!path.empty()) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!IsPath(path)) return Error(kBadPath);
  if (!socket_path.starts_with('/') || socket_path.ends_with('/')) {
    return Error("needs the absolute path of a socket after \"unix:\"");
  }
  if (socket_path.size() > kSocketPathBytesMax) {
    return Error(StrCat("has a socket path of more than ", kSocketPathBytesMax, " bytes"));
  }
  BaseUrl url;
  url.scheme = BaseUrl::Scheme::kUnix;
  url.host = socket_path;
  url.path = path;
  url.host_header = "localhost";
  return url;
}

// `authority` is host, or host:port, or [IPv6], or [IPv6]:port.
absl::Status ParseAuthority(std::string_view authority, uint16_t default_port, BaseUrl* url) {
  if (authority.find('@') != std::string_view::npos) {
    return Error("must not contain a user name or password: use api_key");
  }
  std::string_view host = authority;
  std::string_view port;
  bool bracketed = false;
  bool has_port = false;
  if (authority.starts_with('[')) {
    bracketed = true;
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) return Error("has a \"[\" without its \"]\"");
    host = authority.substr(1, end - 1);
    const std::string_view rest = authority.substr(end + 1);
    if (!rest.empty() && rest[0] != ':') return Error("has text after the \"]\" of its host");
    has_port = !rest.empty();
    port = has_port ? rest.substr(1) : rest;
  } else if (const size_t colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    has_port = true;
    port = authority.substr(colon + 1);
  }
  if (host.empty()) return Error("has no host");
  const bool host_ok = bracketed            ? IsAddress(AF_INET6, host)
                       : LooksNumeric(host) ? IsAddress(AF_INET, host)
                                            : IsDnsName(host);
  if (!host_ok) return Error(StrCat("has the host ", Quoted(host), ", which cannot be one"));
  url->port = default_port;
  if (has_port) {
    const auto number = ParsePort(port);
    if (!number.has_value()) {
      return Error(
          StrCat("has the port ", Quoted(port), ", which is not a number from 1 to 65535"));
    }
    url->port = *number;
  }
  url->host = absl::AsciiStrToLower(ToAbsl(host));
  url->host_header = bracketed ? StrCat("[", url->host, "]") : url->host;
  if (url->port != default_port) StrAppend(&url->host_header, ":", url->port);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<BaseUrl> ParseBaseUrl(std::string_view text) {
  if (text.size() > kUrlBytesMax) {
    return Error(StrCat("is longer than ", kUrlBytesMax, " bytes"));
  }
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7F;
  });
  if (!visible) return Error("contains white space or a control character");
  if (text.find('?') != std::string_view::npos) return Error("must not contain a query");
  if (text.find('#') != std::string_view::npos) return Error("must not contain a fragment");

  constexpr std::string_view kUnix = "unix:";
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kHttps = "https://";
  if (text.starts_with(kUnix)) return ParseUnix(text.substr(kUnix.size()));
  BaseUrl url;
  if (absl::StartsWithIgnoreCase(ToAbsl(text), ToAbsl(kHttps))) {
    url.scheme = BaseUrl::Scheme::kHttps;
    text.remove_prefix(kHttps.size());
  } else if (absl::StartsWithIgnoreCase(ToAbsl(text), ToAbsl(kHttp))) {
    text.remove_prefix(kHttp.size());
  } else {
    return Error("must begin with http://, https:// or unix:/");
  }
  const std::string_view authority = text.substr(0, text.find('/'));
  std::string_view path = text.substr(authority.size());
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!IsPath(path)) return Error(kBadPath);
  const uint16_t default_port = url.scheme == BaseUrl::Scheme::kHttps ? kHttpsPort : kHttpPort;
  LMGATE_RETURN_IF_ERROR(ParseAuthority(authority, default_port, &url));
  url.path = path;
  return url;
}

}  // namespace lmgate::contract

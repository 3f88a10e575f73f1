#include "common/contract/header_rule.h"

#include <absl/strings/match.h>

#include <algorithm>
#include <array>

#include "common/base/strings.h"

namespace lmgate::contract {
namespace {

constexpr std::array<std::string_view, 12> kFramingHeaders = {
    "connection",     "content-length",     "expect",
    "host",           "keep-alive",         "te",
    "trailer",        "transfer-encoding",  "upgrade",
    "http2-settings", "proxy-authenticate", "proxy-connection"};

constexpr std::array<std::string_view, 6> kCredentialHeaders = {
    "authorization", "x-api-key", "x-goog-api-key", "api-key", "proxy-authorization", "cookie"};

bool Contains(absl::string_view name, const auto& names) {
  return std::any_of(names.begin(), names.end(), [name](std::string_view entry) {
    return absl::EqualsIgnoreCase(name, ToAbsl(entry));
  });
}

bool IsTokenByte(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kMarks.find(c) != std::string_view::npos;
}

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

bool IsHeaderName(std::string_view name) {
  constexpr size_t kBytesMax = 256;
  return !name.empty() && name.size() <= kBytesMax &&
         std::all_of(name.begin(), name.end(), IsTokenByte);
}

bool IsHeaderValue(std::string_view value) {
  if (!value.empty() && (IsBlank(value.front()) || IsBlank(value.back()))) return false;
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7F) || byte == '\t';
  });
}

bool IsFramingHeader(std::string_view name) { return Contains(ToAbsl(name), kFramingHeaders); }

bool IsCredentialHeader(std::string_view name) {
  return Contains(ToAbsl(name), kCredentialHeaders);
}

}  // namespace lmgate::contract

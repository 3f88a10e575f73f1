#include "common/contract/endpoint_path.h"

#include "common/contract/provider_preset.h"

namespace lmgate::contract {
namespace {

constexpr std::string_view kVersion = "/v1";

struct NamedPath {
  std::string_view rest;
  std::string_view dialect;
};
constexpr NamedPath kNamedPaths[] = {
    {"/chat/completions", kDialectOpenAiChat},     {"/completions", kDialectOpenAiChat},
    {"/embeddings", kDialectOpenAiChat},           {"/messages", kDialectAnthropic},
    {"/messages/count_tokens", kDialectAnthropic},
};

bool IsUnderVersion(std::string_view path) {
  return path.starts_with(kVersion) && path.substr(kVersion.size()).starts_with('/');
}

}  // namespace

std::optional<EndpointPath> SplitEndpointPath(std::string_view path,
                                              std::span<const std::string> prefixes) {
  EndpointPath parts;
  for (const std::string& prefix : prefixes) {
    if (path.starts_with(prefix) && IsUnderVersion(path.substr(prefix.size()))) {
      parts.prefix = path.substr(0, prefix.size());
      break;
    }
  }
  path.remove_prefix(parts.prefix.size());
  if (!IsUnderVersion(path)) return std::nullopt;
  parts.rest = path.substr(kVersion.size());
  for (const NamedPath& named : kNamedPaths) {
    if (parts.rest == named.rest) parts.dialect = named.dialect;
  }
  return parts;
}

}  // namespace lmgate::contract

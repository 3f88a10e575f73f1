#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <absl/types/span.h>

#include <string>
#include <string_view>

#include "common/contract/base_url.h"
#include "lmgate/v1/resources.pb.h"

namespace lmgate::contract {

// What `provider: NAME` implies.
struct ProviderPreset {
  std::string_view name;
  std::string_view dialect;
  std::string_view base_url;     // empty = must be given (self-hosted servers)
  std::string_view auth_header;  // empty = no credential needed; lower case
  std::string_view auth_scheme;
};

absl::Span<const ProviderPreset> ProviderPresets();
// Null = no such preset.
const ProviderPreset* FindProviderPreset(std::string_view name);

// The dialects that this version speaks.
inline constexpr std::string_view kDialectOpenAiChat = "openai-chat";
inline constexpr std::string_view kDialectOpenAiResponses = "openai-responses";
inline constexpr std::string_view kDialectAnthropic = "anthropic";
inline constexpr std::string_view kDialectGemini = "gemini";
inline constexpr std::string_view kDialectBedrock = "bedrock";

// InvalidArgument with a field hint for a dialect that this version does not speak.
absl::Status CheckDialect(std::string_view field, std::string_view dialect);

// A connection with preset and defaults filled in.
struct EffectiveConnection {
  enum class AuthMode { kCredential, kNone, kPassthrough };

  std::string dialect;
  BaseUrl base_url;
  AuthMode auth_mode = AuthMode::kCredential;
  std::string auth_header;  // lower case; empty for kNone
  std::string auth_scheme;  // "Bearer", or empty
  absl::Duration connect_timeout;
  absl::Duration header_timeout;
  absl::Duration first_token_timeout;
  absl::Duration idle_timeout;
  absl::Duration total_timeout;
};

// InvalidArgument, with a field hint relative to the connection, for what config_check refuses of
// provider, dialect, base_url, api_key, auth and timeouts. Secrets are not looked up and stand in
// no message.
absl::StatusOr<EffectiveConnection> ResolveConnection(const v1::Connection& connection);

}  // namespace lmgate::contract

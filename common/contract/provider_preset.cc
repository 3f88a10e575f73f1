#include "common/contract/provider_preset.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/field_error.h"
#include "common/contract/header_rule.h"
#include "common/contract/secret_ref.h"

namespace lmgate::contract {
namespace {

constexpr std::string_view kAuthorization = "authorization";
constexpr std::string_view kBearer = "Bearer";

constexpr ProviderPreset OpenAiLike(std::string_view name, std::string_view base_url) {
  return {name, kDialectOpenAiChat, base_url, kAuthorization, kBearer};
}
constexpr ProviderPreset SelfHosted(std::string_view name, std::string_view base_url) {
  return {name, kDialectOpenAiChat, base_url, "", ""};
}

// Addresses as the providers' API references give them. vllm listens on 8000, which is our own
// default port: its address must be given.
constexpr std::array kPresets = {
    OpenAiLike("openai", "https://api.openai.com/v1"),
    ProviderPreset{"anthropic", kDialectAnthropic, "https://api.anthropic.com/v1", "x-api-key", ""},
    OpenAiLike("mistral", "https://api.mistral.ai/v1"),
    OpenAiLike("groq", "https://api.groq.com/openai/v1"),
    OpenAiLike("deepseek", "https://api.deepseek.com/v1"),
    OpenAiLike("xai", "https://api.x.ai/v1"),
    OpenAiLike("openrouter", "https://openrouter.ai/api/v1"),
    OpenAiLike("together", "https://api.together.xyz/v1"),
    OpenAiLike("fireworks", "https://api.fireworks.ai/inference/v1"),
    OpenAiLike("cerebras", "https://api.cerebras.ai/v1"),
    OpenAiLike("perplexity", "https://api.perplexity.ai"),
    OpenAiLike("cohere", "https://api.cohere.ai/compatibility/v1"),
    OpenAiLike("deepinfra", "https://api.deepinfra.com/v1/openai"),
    SelfHosted("ollama", "http://127.0.0.1:11434/v1"),
    SelfHosted("llamacpp", "http://127.0.0.1:8080/v1"),
    SelfHosted("vllm", ""),
};

// Known words that wait for a later version: named, so that nobody takes them for misspelt.
constexpr std::array<std::string_view, 4> kLaterProviders = {"google", "google-vertex",
                                                             "aws-bedrock", "azure-openai"};
constexpr std::array kDialects = {kDialectOpenAiChat, kDialectAnthropic};
constexpr std::array<std::string_view, 3> kLaterDialects = {"openai-responses", "gemini",
                                                            "bedrock"};
constexpr std::array<std::string_view, 3> kAuthModes = {"credential", "none", "passthrough"};

bool Contains(const auto& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

absl::StatusOr<const ProviderPreset*> GetPreset(std::string_view name) {
  if (name.empty()) return nullptr;
  if (const ProviderPreset* preset = FindProviderPreset(name)) return preset;
  if (Contains(kLaterProviders, name)) {
    return FieldError("provider", StrCat("provider \"", name, "\" is not supported yet"),
                      "only providers that speak openai-chat or anthropic are");
  }
  std::vector<std::string_view> names;
  for (const ProviderPreset& preset : kPresets) names.push_back(preset.name);
  std::string hint = DidYouMean(NearestWord(name, names));
  if (hint.empty()) hint = "leave provider empty and give dialect and base_url";
  return FieldError("provider", StrCat("provider ", Quoted(name), " does not exist"),
                    std::move(hint));
}

// What a reference must look like; a literal must be sendable as a header.
absl::Status CheckApiKey(std::string_view text) {
  const SecretRef secret = ParseSecretRef(text);
  const absl::Status status = CheckSecretRef("api_key", secret);
  if (!status.ok() || secret.kind != SecretRef::Kind::kLiteral) return status;
  if (!IsHeaderValue(secret.value)) {
    return FieldError("api_key",
                      "contains a control character, or white space at its beginning or end");
  }
  return absl::OkStatus();
}

absl::StatusOr<EffectiveConnection::AuthMode> ResolveAuthMode(const v1::Connection& connection,
                                                              const ProviderPreset* preset) {
  using AuthMode = EffectiveConnection::AuthMode;
  const std::string& mode = connection.auth().mode();
  const bool has_key = !connection.api_key().empty();
  if (!mode.empty() && !Contains(kAuthModes, mode)) {
    return FieldError("auth.mode",
                      StrCat(Quoted(mode), " is none of credential, none, passthrough"),
                      DidYouMean(NearestWord(mode, kAuthModes)));
  }
  if (mode == "passthrough" || mode == "none") {
    if (has_key) {
      return FieldError("api_key", StrCat("would never be sent: auth is \"", mode, "\""),
                        "remove api_key, or set auth.mode to credential");
    }
    return mode == "none" ? AuthMode::kNone : AuthMode::kPassthrough;
  }
  if (has_key) return AuthMode::kCredential;
  if (preset != nullptr && preset->auth_header.empty()) return AuthMode::kNone;
  return FieldError("api_key", "is empty",
                    "give api_key (env:NAME, file:/path or the key), or say auth: none");
}

absl::Status ResolveAuth(const v1::Connection& connection, const ProviderPreset* preset,
                         EffectiveConnection* effective) {
  using AuthMode = EffectiveConnection::AuthMode;
  const v1::Auth& auth = connection.auth();
  LMGATE_RETURN_IF_ERROR(CheckApiKey(connection.api_key()));
  LMGATE_ASSIGN_OR_RETURN(effective->auth_mode, ResolveAuthMode(connection, preset));
  if (!auth.header().empty() && (!IsHeaderName(auth.header()) || IsFramingHeader(auth.header()))) {
    return FieldError("auth.header",
                      StrCat(Quoted(auth.header()), " cannot be the header of a credential"));
  }
  if (!auth.scheme().empty() && !IsHeaderName(auth.scheme())) {
    return FieldError("auth.scheme", StrCat(Quoted(auth.scheme()), " is not one word"));
  }
  if (effective->auth_mode == AuthMode::kNone) return absl::OkStatus();

  const bool by_preset = auth.header().empty() && preset != nullptr && !preset->auth_header.empty();
  if (by_preset) {
    effective->auth_header = preset->auth_header;
    effective->auth_scheme = preset->auth_scheme;
  } else {
    effective->auth_header =
        auth.header().empty() ? std::string(kAuthorization) : absl::AsciiStrToLower(auth.header());
    effective->auth_scheme = effective->auth_header == kAuthorization ? kBearer : "";
  }
  if (auth.has_scheme()) effective->auth_scheme = auth.scheme();
  return absl::OkStatus();
}

absl::StatusOr<absl::Duration> ResolveTimeout(std::string_view field, bool given,
                                              const google::protobuf::Duration& value,
                                              absl::Duration by_default) {
  if (!given) return by_default;
  constexpr int64_t kSecondsMax = 24 * 60 * 60;
  constexpr int32_t kNanosMax = 999'999'999;
  const bool sane = value.seconds() >= 0 && value.seconds() <= kSecondsMax && value.nanos() >= 0 &&
                    value.nanos() <= kNanosMax;
  const absl::Duration timeout =
      sane ? absl::Seconds(value.seconds()) + absl::Nanoseconds(value.nanos())
           : absl::ZeroDuration();
  if (timeout < absl::Milliseconds(1) || timeout > absl::Hours(24)) {
    return FieldError(field, "must be from 1ms to 24h");
  }
  return timeout;
}

absl::Status ResolveTimeouts(const v1::Timeouts& timeouts, EffectiveConnection* effective) {
  LMGATE_ASSIGN_OR_RETURN(effective->connect_timeout,
                          ResolveTimeout("timeouts.connect", timeouts.has_connect(),
                                         timeouts.connect(), absl::Seconds(5)));
  LMGATE_ASSIGN_OR_RETURN(effective->header_timeout,
                          ResolveTimeout("timeouts.header", timeouts.has_header(),
                                         timeouts.header(), absl::Seconds(60)));
  LMGATE_ASSIGN_OR_RETURN(effective->first_token_timeout,
                          ResolveTimeout("timeouts.first_token", timeouts.has_first_token(),
                                         timeouts.first_token(), absl::Seconds(120)));
  LMGATE_ASSIGN_OR_RETURN(
      effective->idle_timeout,
      ResolveTimeout("timeouts.idle", timeouts.has_idle(), timeouts.idle(), absl::Seconds(60)));
  LMGATE_ASSIGN_OR_RETURN(
      effective->total_timeout,
      ResolveTimeout("timeouts.total", timeouts.has_total(), timeouts.total(), absl::Minutes(30)));
  return absl::OkStatus();
}

absl::StatusOr<BaseUrl> ResolveBaseUrl(const v1::Connection& connection,
                                       const ProviderPreset* preset) {
  std::string_view text = connection.base_url();
  if (text.empty() && preset != nullptr) text = preset->base_url;
  if (text.empty()) {
    return FieldError("base_url",
                      preset == nullptr ? "is required when no provider is given"
                                        : StrCat("is required for provider \"", preset->name, "\""),
                      "as http://127.0.0.1:8080/v1: all that stands before /chat/completions");
  }
  auto url = ParseBaseUrl(text);
  if (!url.ok()) return FieldError("base_url", ToStd(url.status().message()));
  return url;
}

}  // namespace

absl::Span<const ProviderPreset> ProviderPresets() { return kPresets; }

const ProviderPreset* FindProviderPreset(std::string_view name) {
  const auto found =
      std::find_if(kPresets.begin(), kPresets.end(),
                   [name](const ProviderPreset& preset) { return preset.name == name; });
  return found == kPresets.end() ? nullptr : &*found;
}

absl::Status CheckDialect(std::string_view field, std::string_view dialect) {
  if (Contains(kDialects, dialect)) return absl::OkStatus();
  constexpr std::string_view kKnown = "this version speaks openai-chat and anthropic";
  if (Contains(kLaterDialects, dialect)) {
    return FieldError(field, StrCat("dialect \"", dialect, "\" is not supported yet"),
                      std::string(kKnown));
  }
  std::string hint = DidYouMean(dialect == "claude" ? std::string(kDialectAnthropic)
                                                    : NearestWord(dialect, kDialects));
  if (hint.empty()) hint = kKnown;
  return FieldError(field, StrCat("dialect ", Quoted(dialect), " does not exist"), std::move(hint));
}

absl::StatusOr<EffectiveConnection> ResolveConnection(const v1::Connection& connection) {
  LMGATE_ASSIGN_OR_RETURN(const ProviderPreset* const preset, GetPreset(connection.provider()));
  EffectiveConnection effective;
  effective.dialect = connection.dialect();
  if (effective.dialect.empty() && preset != nullptr) effective.dialect = preset->dialect;
  if (effective.dialect.empty()) {
    return FieldError("dialect", "is required when no provider is given",
                      "dialect: openai-chat or anthropic");
  }
  LMGATE_RETURN_IF_ERROR(CheckDialect("dialect", effective.dialect));
  LMGATE_ASSIGN_OR_RETURN(effective.base_url, ResolveBaseUrl(connection, preset));
  LMGATE_RETURN_IF_ERROR(ResolveAuth(connection, preset, &effective));
  LMGATE_RETURN_IF_ERROR(ResolveTimeouts(connection.timeouts(), &effective));
  return effective;
}

}  // namespace lmgate::contract

#include "common/contract/provider_preset.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/cloud_account.h"
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
// Knows max_completion_tokens.
constexpr ProviderPreset CurrentOpenAi(ProviderPreset preset) {
  preset.legacy_max_tokens = false;
  return preset;
}
constexpr ProviderPreset WithResponses(ProviderPreset preset) {
  preset.second_dialect = kDialectOpenAiResponses;
  return preset;
}
constexpr ProviderPreset SelfHosted(std::string_view name, std::string_view base_url) {
  return {name, kDialectOpenAiChat, base_url, "", ""};
}

// Addresses as the providers' API references give them. vllm listens on 8000, which is our own
// default port: its address must be given.
constexpr std::array kPresets = {
    WithResponses(CurrentOpenAi(OpenAiLike("openai", "https://api.openai.com/v1"))),
    ProviderPreset{"anthropic", kDialectAnthropic, "https://api.anthropic.com/v1", "x-api-key", ""},
    ProviderPreset{"google", kDialectGemini, "https://generativelanguage.googleapis.com/v1beta",
                   "x-goog-api-key", ""},
    // Express mode takes an API key as well.
    ProviderPreset{"google-vertex", kDialectGemini, "", "x-goog-api-key", ""},
    ProviderPreset{"aws-bedrock", kDialectBedrock, "", kAuthorization, kBearer},
    WithResponses(CurrentOpenAi({"azure-openai", kDialectOpenAiChat, "", "api-key", ""})),
    OpenAiLike("mistral", "https://api.mistral.ai/v1"),
    CurrentOpenAi(OpenAiLike("groq", "https://api.groq.com/openai/v1")),
    OpenAiLike("deepseek", "https://api.deepseek.com/v1"),
    CurrentOpenAi(OpenAiLike("xai", "https://api.x.ai/v1")),
    OpenAiLike("openrouter", "https://openrouter.ai/api/v1"),
    OpenAiLike("together", "https://api.together.xyz/v1"),
    OpenAiLike("fireworks", "https://api.fireworks.ai/inference/v1"),
    CurrentOpenAi(OpenAiLike("cerebras", "https://api.cerebras.ai/v1")),
    OpenAiLike("perplexity", "https://api.perplexity.ai"),
    OpenAiLike("cohere", "https://api.cohere.ai/compatibility/v1"),
    OpenAiLike("deepinfra", "https://api.deepinfra.com/v1/openai"),
    SelfHosted("ollama", "http://127.0.0.1:11434/v1"),
    SelfHosted("llamacpp", "http://127.0.0.1:8080/v1"),
    SelfHosted("vllm", ""),
};

constexpr std::array<std::string_view, 3> kAuthModes = {"credential", "none", "passthrough"};

bool Contains(const auto& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string JoinedDialects() {
  std::string text;
  for (const std::string_view name : kDialectNames) {
    StrAppend(&text, text.empty() ? "" : ", ", name);
  }
  return text;
}

absl::StatusOr<const ProviderPreset*> GetPreset(std::string_view name) {
  if (name.empty()) return nullptr;
  if (const ProviderPreset* preset = FindProviderPreset(name)) return preset;
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
                                                              const ProviderPreset* preset,
                                                              std::string_view dialect) {
  using AuthMode = EffectiveConnection::AuthMode;
  const std::string& mode = connection.auth().mode();
  const bool has_key = !connection.api_key().empty();
  const std::string_view cloud = StatedCloudCredential(connection);
  if (!mode.empty() && !Contains(kAuthModes, mode)) {
    return FieldError("auth.mode",
                      StrCat(Quoted(mode), " is none of credential, none, passthrough"),
                      DidYouMean(NearestWord(mode, kAuthModes)));
  }
  if (has_key && !cloud.empty()) {
    return FieldError("api_key", StrCat("and ", cloud, " exclude each other"));
  }
  if (mode == "passthrough" || mode == "none") {
    const std::string_view unsent = has_key ? std::string_view("api_key") : cloud;
    if (!unsent.empty()) {
      return FieldError(unsent, StrCat("would never be sent: auth is \"", mode, "\""),
                        StrCat("remove ", unsent, ", or set auth.mode to credential"));
    }
    return mode == "none" ? AuthMode::kNone : AuthMode::kPassthrough;
  }
  if (has_key) return AuthMode::kCredential;
  if (cloud == "google.service_account") return AuthMode::kGoogleServiceAccount;
  if (cloud == "azure.client_secret") return AuthMode::kEntra;
  // Bedrock's credential may be all the data plane's: AWS has standard sources.
  const bool is_aws = preset != nullptr && preset->name == "aws-bedrock";
  if (!cloud.empty() || is_aws || dialect == kDialectBedrock) return AuthMode::kAwsSigV4;
  if (preset != nullptr && preset->auth_header.empty()) return AuthMode::kNone;
  std::string_view others;
  if (preset != nullptr && preset->name == "google-vertex") others = ", or google.service_account";
  if (preset != nullptr && preset->name == "azure-openai") others = ", or azure.client_secret";
  return FieldError(
      "api_key", "is empty",
      StrCat("give api_key (env:NAME, file:/path or the key)", others, ", or say auth: none"));
}

absl::Status ResolveAuth(const v1::Connection& connection, const ProviderPreset* preset,
                         EffectiveConnection* effective) {
  using AuthMode = EffectiveConnection::AuthMode;
  const v1::Auth& auth = connection.auth();
  LMGATE_RETURN_IF_ERROR(CheckApiKey(connection.api_key()));
  LMGATE_ASSIGN_OR_RETURN(effective->auth_mode,
                          ResolveAuthMode(connection, preset, effective->dialect));
  if (!auth.header().empty() && (!IsHeaderName(auth.header()) || IsFramingHeader(auth.header()))) {
    return FieldError("auth.header",
                      StrCat(Quoted(auth.header()), " cannot be the header of a credential"));
  }
  if (!auth.scheme().empty() && !IsHeaderName(auth.scheme())) {
    return FieldError("auth.scheme", StrCat(Quoted(auth.scheme()), " is not one word"));
  }
  if (effective->auth_mode == AuthMode::kNone) return absl::OkStatus();
  if (effective->has_fetched_credential()) {
    if (!auth.header().empty() || auth.has_scheme()) {
      return FieldError(auth.header().empty() ? "auth.scheme" : "auth.header",
                        "is for api_key: this credential has a header of its own");
    }
    effective->auth_header = kAuthorization;
    if (effective->auth_mode != AuthMode::kAwsSigV4) effective->auth_scheme = kBearer;
    return absl::OkStatus();
  }

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

// What to give so that an address comes of it.
std::string AddressHint(const ProviderPreset* preset) {
  const std::string_view name = preset == nullptr ? std::string_view() : preset->name;
  if (name == "aws-bedrock") return "or give aws.region, as us-east-1";
  if (name == "google-vertex") return "or give google.project and google.location";
  if (name == "azure-openai") return "as https://NAME.openai.azure.com/openai/v1";
  return "as http://127.0.0.1:8080/v1: all that stands before /chat/completions";
}

absl::StatusOr<BaseUrl> ResolveBaseUrl(const v1::Connection& connection,
                                       const ProviderPreset* preset) {
  std::string text = connection.base_url();
  if (text.empty() && preset != nullptr) text = preset->base_url;
  if (text.empty()) text = MakeCloudBaseUrl(connection);
  if (text.empty()) {
    return FieldError("base_url",
                      preset == nullptr ? "is required when no provider is given"
                                        : StrCat("is required for provider \"", preset->name, "\""),
                      AddressHint(preset));
  }
  auto url = ParseBaseUrl(text);
  if (!url.ok()) return FieldError("base_url", ToStd(url.status().message()));
  return url;
}

absl::Status ResolveDialects(const v1::Connection& connection, const ProviderPreset* preset,
                             EffectiveConnection* effective) {
  effective->dialect = connection.dialect();
  if (effective->dialect.empty() && preset != nullptr) effective->dialect = preset->dialect;
  if (effective->dialect.empty()) {
    return FieldError("dialect", "is required when no provider is given",
                      "dialect: openai-chat or anthropic");
  }
  LMGATE_RETURN_IF_ERROR(CheckDialect("dialect", effective->dialect));
  effective->dialects = {effective->dialect};
  // Azure's old paths serve one dialect.
  if (connection.dialect().empty() && preset != nullptr && !preset->second_dialect.empty() &&
      !connection.azure().deployments()) {
    effective->dialects.emplace_back(preset->second_dialect);
  }
  return absl::OkStatus();
}

absl::Status ResolveCloud(const v1::Connection& connection, EffectiveConnection* effective) {
  effective->azure_api_version = connection.azure().api_version();
  effective->azure_deployments = connection.azure().deployments();
  if (effective->azure_deployments && effective->base_url.path.empty()) {
    effective->base_url.path = "/openai";
  }
  if (effective->auth_mode != EffectiveConnection::AuthMode::kAwsSigV4) return absl::OkStatus();
  effective->aws_region = AwsRegion(connection, effective->base_url.host);
  if (!effective->aws_region.empty()) return absl::OkStatus();
  return FieldError("aws.region", "is required to sign requests: base_url names none",
                    "as us-east-1; or give api_key, or say auth: none");
}

}  // namespace

bool EffectiveConnection::Speaks(std::string_view name) const {
  return name == dialect || Contains(dialects, name);
}

absl::Span<const ProviderPreset> ProviderPresets() { return kPresets; }

const ProviderPreset* FindProviderPreset(std::string_view name) {
  const auto found =
      std::find_if(kPresets.begin(), kPresets.end(),
                   [name](const ProviderPreset& preset) { return preset.name == name; });
  return found == kPresets.end() ? nullptr : &*found;
}

absl::Status CheckDialect(std::string_view field, std::string_view dialect) {
  if (Contains(kDialectNames, dialect)) return absl::OkStatus();
  std::string hint = DidYouMean(dialect == "claude" ? std::string(kDialectAnthropic)
                                                    : NearestWord(dialect, kDialectNames));
  if (hint.empty()) hint = StrCat("one of ", JoinedDialects());
  return FieldError(field, StrCat("dialect ", Quoted(dialect), " does not exist"), std::move(hint));
}

absl::StatusOr<EffectiveConnection> ResolveConnection(const v1::Connection& connection) {
  LMGATE_ASSIGN_OR_RETURN(const ProviderPreset* const preset, GetPreset(connection.provider()));
  EffectiveConnection effective;
  effective.provider = connection.provider();
  effective.legacy_max_tokens = preset == nullptr || preset->legacy_max_tokens;
  LMGATE_RETURN_IF_ERROR(ResolveDialects(connection, preset, &effective));
  LMGATE_RETURN_IF_ERROR(CheckCloudAccount(connection, effective.dialect));
  LMGATE_ASSIGN_OR_RETURN(effective.base_url, ResolveBaseUrl(connection, preset));
  LMGATE_RETURN_IF_ERROR(ResolveAuth(connection, preset, &effective));
  LMGATE_RETURN_IF_ERROR(ResolveCloud(connection, &effective));
  LMGATE_RETURN_IF_ERROR(ResolveTimeouts(connection.timeouts(), &effective));
  return effective;
}

}  // namespace lmgate::contract

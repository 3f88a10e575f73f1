#include "common/contract/endpoint_path.h"

#include "common/contract/provider_preset.h"

namespace lmgate::contract {
namespace {

constexpr std::string_view kV1 = "/v1";
constexpr std::string_view kV1Beta = "/v1beta";
constexpr std::string_view kModels = "/models";
constexpr std::string_view kBedrockModel = "/model/";

struct NamedPath {
  std::string_view rest;
  std::string_view dialect;
  Operation operation;
};
constexpr NamedPath kNamedPaths[] = {
    {"/chat/completions", kDialectOpenAiChat, Operation::kGenerate},
    {"/responses", kDialectOpenAiResponses, Operation::kGenerate},
    {"/messages", kDialectAnthropic, Operation::kGenerate},
    {"/messages/count_tokens", kDialectAnthropic, Operation::kCountTokens},
    {"/completions", kDialectOpenAiChat, Operation::kOther},
    {"/embeddings", kDialectOpenAiChat, Operation::kOther},
};

// What stands behind a model in the path: after ':' (Gemini) or '/' (Bedrock).
struct Method {
  std::string_view name;
  Operation operation;
  bool stream = false;
  bool invoke = false;
};
constexpr Method kGeminiMethods[] = {
    {"generateContent", Operation::kGenerate},
    {"streamGenerateContent", Operation::kGenerate, true},
    {"countTokens", Operation::kCountTokens},
    {"embedContent", Operation::kOther},
    {"batchEmbedContents", Operation::kOther},
    {"predict", Operation::kOther},
};
constexpr Method kBedrockMethods[] = {
    {"converse", Operation::kGenerate},
    {"converse-stream", Operation::kGenerate, true},
    {"invoke", Operation::kGenerate, false, true},
    {"invoke-with-response-stream", Operation::kGenerate, true, true},
    {"count-tokens", Operation::kOther},
};

bool Begins(std::string_view path, std::string_view with) {
  return path.starts_with(with) && path.substr(with.size()).starts_with('/');
}

// What an API's path begins with: its version, or nothing for Bedrock's. nullopt = none of them.
std::optional<std::string_view> FindVersion(std::string_view path) {
  if (Begins(path, kV1)) return kV1;
  if (Begins(path, kV1Beta)) return kV1Beta;
  if (path.starts_with(kBedrockModel)) return std::string_view();
  return std::nullopt;
}

void TakeMethod(std::span<const Method> methods, std::string_view dialect, std::string_view model,
                std::string_view name, EndpointPath* parts) {
  if (model.empty()) return;
  for (const Method& method : methods) {
    if (method.name != name) continue;
    parts->dialect = dialect;
    parts->operation = method.operation;
    parts->stream = method.stream;
    parts->invoke = method.invoke;
    parts->model = model;
  }
}

// "/models/{model}:method"; the method stands behind the last colon. `parts->rest` begins so.
void TakeGeminiMethod(EndpointPath* parts) {
  const std::string_view rest = parts->rest;
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return;
  const size_t begin = kModels.size() + 1;
  if (colon <= begin) return;
  TakeMethod(kGeminiMethods, kDialectGemini, rest.substr(begin, colon - begin),
             rest.substr(colon + 1), parts);
}

// "/model/{model}/method".
void TakeBedrockMethod(EndpointPath* parts) {
  const std::string_view rest = parts->rest;
  const size_t slash = rest.rfind('/');
  if (slash < kBedrockModel.size()) return;
  TakeMethod(kBedrockMethods, kDialectBedrock,
             rest.substr(kBedrockModel.size(), slash - kBedrockModel.size()),
             rest.substr(slash + 1), parts);
}

}  // namespace

std::optional<EndpointPath> SplitEndpointPath(std::string_view path,
                                              std::span<const std::string> prefixes) {
  EndpointPath parts;
  for (const std::string& prefix : prefixes) {
    if (path.starts_with(prefix) && FindVersion(path.substr(prefix.size())).has_value()) {
      parts.prefix = path.substr(0, prefix.size());
      break;
    }
  }
  path.remove_prefix(parts.prefix.size());
  const std::optional<std::string_view> version = FindVersion(path);
  if (!version.has_value()) return std::nullopt;
  parts.rest = path.substr(version->size());
  if (version->empty()) {
    TakeBedrockMethod(&parts);
    return parts;
  }
  const bool beta = *version == kV1Beta;
  const bool is_model = Begins(parts.rest, kModels);
  if (is_model) TakeGeminiMethod(&parts);
  if (!parts.dialect.empty()) return parts;
  if (beta) parts.dialect = kDialectGemini;
  if (is_model || parts.rest == kModels) {
    parts.operation = Operation::kModels;
    return parts;
  }
  if (beta) return parts;
  for (const NamedPath& named : kNamedPaths) {
    if (parts.rest != named.rest) continue;
    parts.dialect = named.dialect;
    parts.operation = named.operation;
    break;
  }
  return parts;
}

}  // namespace lmgate::contract

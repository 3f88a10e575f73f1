#include "common/contract/endpoint_path.h"

#include "common/contract/provider_preset.h"

namespace lmgate::contract {
namespace {

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

bool IsUnderApi(std::string_view path) {
  return Begins(path, "/v1") || Begins(path, "/v1beta") || path.starts_with(kBedrockModel);
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

// "/models/{model}:method"; the method stands behind the last colon.
void TakeGeminiMethod(EndpointPath* parts) {
  const std::string_view rest = parts->rest;
  const size_t colon = rest.rfind(':');
  if (!Begins(rest, kModels) || colon == std::string_view::npos) return;
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
    if (path.starts_with(prefix) && IsUnderApi(path.substr(prefix.size()))) {
      parts.prefix = path.substr(0, prefix.size());
      break;
    }
  }
  path.remove_prefix(parts.prefix.size());
  if (!IsUnderApi(path)) return std::nullopt;
  if (path.starts_with(kBedrockModel)) {
    parts.rest = path;
    TakeBedrockMethod(&parts);
    return parts;
  }
  const bool beta = Begins(path, "/v1beta");
  parts.rest =
      path.substr(beta ? std::string_view("/v1beta").size() : std::string_view("/v1").size());
  TakeGeminiMethod(&parts);
  if (!parts.dialect.empty()) return parts;
  if (beta) parts.dialect = kDialectGemini;
  if (parts.rest == kModels || Begins(parts.rest, kModels)) {
    parts.operation = Operation::kModels;
    return parts;
  }
  if (beta) return parts;
  for (const NamedPath& named : kNamedPaths) {
    if (parts.rest != named.rest) continue;
    parts.dialect = named.dialect;
    parts.operation = named.operation;
  }
  return parts;
}

}  // namespace lmgate::contract

#include "tests/fakeprovider/call.h"

#include <absl/strings/escaping.h>
#include <absl/strings/match.h>

#include <algorithm>
#include <utility>

#include "common/base/strings.h"

namespace lmgate::fakeprovider {
namespace {

constexpr std::string_view kModelPath = "/v1/models/";
constexpr std::string_view kMessagesPath = "/v1/messages";
constexpr std::string_view kBedrockPath = "/model/";
constexpr std::string_view kGeminiPaths[] = {"/v1beta/", "/v1/models/"};
// The operation follows the last ':' of the path.
constexpr std::string_view kGeminiOperations[] = {"generateContent", "streamGenerateContent",
                                                  "countTokens", "embedContent",
                                                  "batchEmbedContents"};

template <typename T>
std::optional<T> FindMember(const simdjson::dom::object& object, std::string_view name) {
  T value;
  if (object.at_key(name).get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

std::optional<simdjson::dom::object> ParseObject(std::string_view body,
                                                 simdjson::dom::parser& parser) {
  const size_t first = body.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || body[first] != '{') return std::nullopt;
  simdjson::dom::object object;
  if (parser.parse(body.data(), body.size()).get(object) != simdjson::SUCCESS) return std::nullopt;
  return object;
}

bool IsGeminiPath(std::string_view path) {
  if (path.starts_with(kGeminiPaths[0])) return true;
  const std::string_view operation = path.substr(path.rfind(':') + 1);
  return path.starts_with(kGeminiPaths[1]) &&
         std::find(std::begin(kGeminiOperations), std::end(kGeminiOperations), operation) !=
             std::end(kGeminiOperations);
}

ApiDialect FindDialect(const HttpRequest& request) {
  if (request.path.starts_with(kBedrockPath)) return ApiDialect::kBedrock;
  if (IsGeminiPath(request.path)) return ApiDialect::kGemini;
  const bool lists_models = request.path == "/v1/models" || request.path.starts_with(kModelPath);
  // https://docs.claude.com/en/api/versioning: every request has this header.
  const bool is_anthropic = lists_models && !request.FindHeader("anthropic-version").empty();
  if (is_anthropic || request.path.starts_with(kMessagesPath)) return ApiDialect::kAnthropic;
  return ApiDialect::kOpenai;
}

// Model and operation of a path that names both.
struct PathNames {
  std::string model = {};
  std::string_view operation = {};
};

PathNames ReadPathNames(std::string_view path, ApiDialect dialect) {
  if (dialect == ApiDialect::kBedrock) {
    const std::string_view names = path.substr(kBedrockPath.size());
    const size_t slash = names.rfind('/');
    if (slash == std::string_view::npos) return PathNames{};
    return PathNames{.model = PercentDecode(names.substr(0, slash)),
                     .operation = names.substr(slash + 1)};
  }
  constexpr std::string_view kModels = "/models/";
  const size_t models = path.find(kModels);
  if (dialect != ApiDialect::kGemini || models == std::string_view::npos) return PathNames{};
  const std::string_view names = path.substr(models + kModels.size());
  const size_t colon = names.rfind(':');
  if (colon == std::string_view::npos) return PathNames{.model = PercentDecode(names)};
  return PathNames{.model = PercentDecode(names.substr(0, colon)),
                   .operation = names.substr(colon + 1)};
}

bool AsksForStream(const Call& call) {
  switch (call.dialect) {
    case ApiDialect::kGemini:
      return call.operation == "streamGenerateContent";
    case ApiDialect::kBedrock:
      return call.operation == "converse-stream" || call.operation == "invoke-with-response-stream";
    default:
      return call.json.has_value() && IsTrue(*call.json, "stream");
  }
}

std::string FindModel(const Call& call) {
  const HttpRequest& request = call.request;
  if (call.json.has_value()) {
    return std::string(FindString(*call.json, "model").value_or(""));
  }
  const std::string_view content_type = request.FindHeader("content-type");
  if (absl::StartsWithIgnoreCase(ToAbsl(content_type), "multipart/form-data")) {
    return std::string(FindMultipartField(request.body, content_type, "model"));
  }
  const std::string_view queried = FindQueryValue(request.query, "model");
  if (!queried.empty()) return PercentDecode(queried);
  if (absl::StartsWith(ToAbsl(request.path), ToAbsl(kModelPath))) {
    return PercentDecode(request.path.substr(kModelPath.size()));
  }
  return "";
}

}  // namespace

Call ReadCall(const HttpRequest& request, simdjson::dom::parser& parser) {
  Call call{.request = request};
  call.json = ParseObject(request.body, parser);
  call.dialect = FindDialect(request);
  PathNames names = ReadPathNames(request.path, call.dialect);
  call.model = names.model.empty() ? FindModel(call) : std::move(names.model);
  call.operation = names.operation;
  call.is_stream = AsksForStream(call);
  call.fault = ParseFault(call.model);
  return call;
}

std::optional<simdjson::dom::element> FindElement(const simdjson::dom::object& object,
                                                  std::string_view name) {
  auto element = FindMember<simdjson::dom::element>(object, name);
  if (element.has_value() && element->is_null()) return std::nullopt;
  return element;
}
std::vector<simdjson::dom::element> FindEntries(const simdjson::dom::object& object,
                                                std::string_view name) {
  std::vector<simdjson::dom::element> entries;
  const auto array = FindArray(object, name);
  if (!array.has_value()) return entries;
  for (const simdjson::dom::element element : *array) entries.push_back(element);
  return entries;
}
std::string_view FindUnknownMember(const simdjson::dom::object& object,
                                   std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : object) {
    if (name.starts_with("x_")) continue;
    if (std::find(known.begin(), known.end(), name) == known.end()) return name;
  }
  return {};
}
std::optional<std::string_view> FindString(const simdjson::dom::object& object,
                                           std::string_view name) {
  return FindMember<std::string_view>(object, name);
}
std::optional<int64_t> FindInteger(const simdjson::dom::object& object, std::string_view name) {
  return FindMember<int64_t>(object, name);
}
std::optional<simdjson::dom::array> FindArray(const simdjson::dom::object& object,
                                              std::string_view name) {
  return FindMember<simdjson::dom::array>(object, name);
}
std::optional<simdjson::dom::object> FindObject(const simdjson::dom::object& object,
                                                std::string_view name) {
  return FindMember<simdjson::dom::object>(object, name);
}
bool IsTrue(const simdjson::dom::object& object, std::string_view name) {
  return FindMember<bool>(object, name).value_or(false);
}

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view digits = text.substr(i).substr(1, 2);
    const bool is_escape = text[i] == '%' && digits.size() == 2 &&
                           absl::ascii_isxdigit(static_cast<unsigned char>(digits[0])) &&
                           absl::ascii_isxdigit(static_cast<unsigned char>(digits[1]));
    if (!is_escape) {
      decoded += text[i];
      continue;
    }
    decoded += absl::HexStringToBytes(ToAbsl(digits));
    i += 2;
  }
  return decoded;
}

std::string_view FindMultipartField(std::string_view body, std::string_view content_type,
                                    std::string_view name) {
  constexpr std::string_view kBoundary = "boundary=";
  const size_t at = content_type.find(kBoundary);
  if (at == std::string_view::npos) return {};
  std::string_view boundary = content_type.substr(at + kBoundary.size());
  boundary = boundary.substr(0, boundary.find(';'));
  if (boundary.size() >= 2 && boundary.front() == '"') {
    boundary = boundary.substr(1, boundary.size() - 2);
  }
  const std::string delimiter = StrCat("--", boundary);
  const std::string wanted = StrCat("name=\"", name, "\"");
  size_t start = body.find(delimiter);
  while (start != std::string_view::npos) {
    const std::string_view part_and_rest = body.substr(start + delimiter.size());
    const size_t part_end = part_and_rest.find(StrCat("\r\n", delimiter));
    if (part_end == std::string_view::npos) return {};
    const std::string_view part = part_and_rest.substr(0, part_end);
    const size_t head_end = part.find("\r\n\r\n");
    if (head_end != std::string_view::npos &&
        part.substr(0, head_end).find(wanted) != std::string_view::npos) {
      return part.substr(head_end + 4);
    }
    start += delimiter.size() + part_end + 2;
  }
  return {};
}

}  // namespace lmgate::fakeprovider

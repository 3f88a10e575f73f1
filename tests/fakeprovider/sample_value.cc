#include "tests/fakeprovider/sample_value.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/call.h"
#include "tests/fakeprovider/json_text.h"

namespace lmgate::fakeprovider {
namespace {

namespace dom = simdjson::dom;

constexpr int kDepthMax = 16;

std::optional<dom::element> FindAny(const dom::object& object, std::string_view name) {
  dom::element element;
  if (object.at_key(name).get(element) != simdjson::SUCCESS) return std::nullopt;
  return element;
}

std::optional<dom::element> FindFirst(const dom::object& object, std::string_view name) {
  dom::element element;
  if (object.at_key(name).at(0).get(element) != simdjson::SUCCESS) return std::nullopt;
  return element;
}

// The value that the schema itself names.
std::optional<dom::element> FindGivenValue(const dom::object& schema) {
  if (const auto value = FindAny(schema, "const")) return value;
  if (const auto value = FindAny(schema, "default")) return value;
  if (const auto value = FindFirst(schema, "enum")) return value;
  return FindFirst(schema, "examples");
}

std::string_view FindType(const dom::object& schema) {
  if (const auto type = FindString(schema, "type")) return *type;
  if (const auto types = FindArray(schema, "type")) {
    for (const dom::element entry : *types) {
      std::string_view type;
      if (entry.get(type) == simdjson::SUCCESS && type != "null") return type;
    }
  }
  return FindObject(schema, "properties").has_value() ? "object" : "string";
}

std::vector<std::string_view> FindRequired(const dom::object& schema) {
  std::vector<std::string_view> required;
  const auto entries = FindArray(schema, "required");
  if (!entries.has_value()) return required;
  for (const dom::element entry : *entries) {
    std::string_view name;
    if (entry.get(name) == simdjson::SUCCESS) required.push_back(name);
  }
  return required;
}

// One walk through one schema.
class Sampler {
 public:
  Sampler(const dom::element& root, std::string_view text) : root_(root), text_(text) {}

  std::string Sample(const dom::element& element, int depth) const;

 private:
  std::string SampleObject(const dom::object& schema, int depth) const;
  std::string SampleArray(const dom::object& schema, int depth) const;

  const dom::element& root_;
  const std::string_view text_;
};

std::string Sampler::Sample(const dom::element& element, int depth) const {
  dom::object schema;
  if (depth > kDepthMax || element.get(schema) != simdjson::SUCCESS) return "null";
  if (const auto ref = FindString(schema, "$ref")) {
    dom::element target;
    if (!ref->starts_with("#/") ||
        root_.at_pointer(ref->substr(1)).get(target) != simdjson::SUCCESS) {
      return "null";
    }
    return Sample(target, depth + 1);
  }
  if (const auto given = FindGivenValue(schema)) return simdjson::minify(*given);
  if (const auto first = FindFirst(schema, "anyOf")) return Sample(*first, depth + 1);
  if (const auto first = FindFirst(schema, "oneOf")) return Sample(*first, depth + 1);
  // Gemini's subset of OpenAPI has STRING and its like.
  const std::string type = absl::AsciiStrToLower(ToAbsl(FindType(schema)));
  if (type == "object") return SampleObject(schema, depth);
  if (type == "array") return SampleArray(schema, depth);
  if (type == "boolean") return "true";
  if (type == "null") return "null";
  if (type == "integer" || type == "number") {
    const auto minimum = FindAny(schema, "minimum");
    return minimum.has_value() ? simdjson::minify(*minimum) : "1";
  }
  return QuoteJson(text_);
}

std::string Sampler::SampleObject(const dom::object& schema, int depth) const {
  const std::vector<std::string_view> required = FindRequired(schema);
  std::string members;
  const auto properties = FindObject(schema, "properties");
  if (!properties.has_value()) return "{}";
  for (const auto& [name, property] : *properties) {
    const bool is_wanted =
        required.empty() || std::find(required.begin(), required.end(), name) != required.end();
    if (!is_wanted) continue;
    StrAppend(&members, members.empty() ? "" : ",", QuoteJson(name), ":",
              Sample(property, depth + 1));
  }
  return StrCat("{", members, "}");
}

std::string Sampler::SampleArray(const dom::object& schema, int depth) const {
  const auto items = FindAny(schema, "items");
  if (!items.has_value()) return "[]";
  return StrCat("[", Sample(*items, depth + 1), "]");
}

}  // namespace

std::string MakeSampleValue(const dom::element& schema, std::string_view text) {
  return Sampler(schema, text).Sample(schema, 0);
}

}  // namespace lmgate::fakeprovider

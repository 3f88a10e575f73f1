#include "tests/fakeprovider/openai_schema.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <set>

#include "common/base/strings.h"
#include "tests/fakeprovider/call.h"

namespace lmgate::fakeprovider {
namespace {

namespace dom = simdjson::dom;

constexpr int kDepthMax = 32;

std::string FindObjectFault(const dom::object& schema, std::string_view context) {
  const auto more = FindElement(schema, "additionalProperties");
  bool allows_more = true;
  if (!more.has_value() || more->get(allows_more) != simdjson::SUCCESS || allows_more) {
    return StrCat("In context=(", context,
                  "), 'additionalProperties' is required to be supplied and to be false.");
  }
  std::set<std::string_view> required;
  for (const dom::element element : FindEntries(schema, "required")) {
    std::string_view name;
    if (element.get(name) == simdjson::SUCCESS) required.insert(name);
  }
  const auto properties = FindObject(schema, "properties");
  if (!properties.has_value()) return "";
  for (const auto& [name, property] : *properties) {
    if (required.contains(name)) continue;
    return StrCat("In context=(", context,
                  "), 'required' is required to be supplied and to be an array including every "
                  "key in properties. Missing '",
                  name, "'.");
  }
  return "";
}

std::string FindFault(const dom::element& element, const std::string& context, int depth) {
  dom::object schema;
  if (depth > kDepthMax || element.get(schema) != simdjson::SUCCESS) return "";
  if (FindString(schema, "type") == "object") {
    std::string fault = FindObjectFault(schema, context);
    if (!fault.empty()) return fault;
  }
  for (const std::string_view word : {"properties", "$defs", "definitions"}) {
    const auto members = FindObject(schema, word);
    if (!members.has_value()) continue;
    for (const auto& [name, member] : *members) {
      std::string fault =
          FindFault(member, StrCat(context, "'", word, "', '", name, "'"), depth + 1);
      if (!fault.empty()) return fault;
    }
  }
  for (const std::string_view word : {"anyOf", "items"}) {
    const auto inner = FindElement(schema, word);
    if (!inner.has_value()) continue;
    if (!inner->is_array()) {
      std::string fault = FindFault(*inner, StrCat(context, "'", word, "'"), depth + 1);
      if (!fault.empty()) return fault;
      continue;
    }
    for (const dom::element entry : dom::array(*inner)) {
      std::string fault = FindFault(entry, StrCat(context, "'", word, "'"), depth + 1);
      if (!fault.empty()) return fault;
    }
  }
  return "";
}

}  // namespace

std::string FindStrictFault(const dom::element& schema) { return FindFault(schema, "", 0); }

bool IsOpenaiName(std::string_view name, size_t bytes_max) {
  return !name.empty() && name.size() <= bytes_max &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
         });
}

}  // namespace lmgate::fakeprovider

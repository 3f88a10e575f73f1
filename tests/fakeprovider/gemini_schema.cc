#include "tests/fakeprovider/gemini_schema.h"

#include <absl/strings/ascii.h>

#include <string>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "tests/fakeprovider/call.h"
#include "tests/fakeprovider/gemini_field.h"

namespace lmgate::fakeprovider {
namespace {

namespace dom = simdjson::dom;

constexpr int kDepthMax = 32;

absl::Status Refuse(std::string_view path, std::string_view what) {
  return absl::InvalidArgumentError(StrCat("* GenerateContentRequest.", path, ": ", what));
}

absl::Status CheckFormat(const dom::object& schema, std::string_view type, std::string_view path) {
  const auto format = FindTextField(schema, "format");
  if (!format.has_value()) return absl::OkStatus();
  if (type == "string" && *format != "enum" && *format != "date-time") {
    return Refuse(StrCat(path, ".format"),
                  "only 'enum' and 'date-time' are supported for STRING type");
  }
  if (type == "number" && *format != "float" && *format != "double") {
    return Refuse(StrCat(path, ".format"),
                  "only 'float' and 'double' are supported for NUMBER type");
  }
  if (type == "integer" && *format != "int32" && *format != "int64") {
    return Refuse(StrCat(path, ".format"),
                  "only 'int32' and 'int64' are supported for INTEGER type");
  }
  return absl::OkStatus();
}

absl::Status CheckEnum(const dom::object& schema, std::string_view type, std::string_view path) {
  const auto entries = FindEntries(schema, "enum");
  for (size_t i = 0; i < entries.size(); ++i) {
    std::string_view word;
    if (entries[i].get(word) != simdjson::SUCCESS) {
      return absl::InvalidArgumentError(StrCat("Invalid value at '", path, ".enum[", i,
                                               "]' (TYPE_STRING), ", simdjson::minify(entries[i])));
    }
    if (word.empty()) return Refuse(StrCat(path, ".enum[", i, "]"), "cannot be empty");
  }
  if (!entries.empty() && type != "string") {
    return Refuse(StrCat(path, ".enum"), "only allowed for STRING type");
  }
  return absl::OkStatus();
}

absl::Status Check(const dom::element& element, std::string_view path, int depth) {
  if (depth > kDepthMax) return Refuse(path, "schema exceeds maximum allowed nesting depth");
  dom::object schema;
  if (element.get(schema) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(StrCat("Invalid value at '", path, "'"));
  }
  const std::string_view unknown = FindUnknownField(
      schema,
      {"type",    "format",   "title",     "description", "nullable",      "enum",
       "items",   "minItems", "maxItems",  "properties",  "required",      "propertyOrdering",
       "minimum", "maximum",  "minLength", "maxLength",   "minProperties", "maxProperties",
       "pattern", "anyOf",    "default",   "example"});
  if (!unknown.empty()) {
    return absl::InvalidArgumentError(StrCat("Invalid JSON payload received. Unknown name \"",
                                             unknown, "\" at '", path, "': Cannot find field."));
  }
  const auto type_field = FindField(schema, "type");
  if (type_field.has_value() && !type_field->is_string()) {
    return absl::InvalidArgumentError(
        StrCat("Invalid JSON payload received. Unknown name \"type\" at '", path,
               "': Proto field is not repeating, cannot start list."));
  }
  const std::string type =
      absl::AsciiStrToLower(ToAbsl(FindTextField(schema, "type").value_or("")));
  for (const std::string_view known :
       {"", "string", "number", "integer", "boolean", "array", "object", "null"}) {
    if (type == known) break;
    if (known == "null") {
      return absl::InvalidArgumentError(
          StrCat("Invalid value at '", path, ".type' (Type), \"", type, "\""));
    }
  }
  LMGATE_RETURN_IF_ERROR(CheckFormat(schema, type, path));
  LMGATE_RETURN_IF_ERROR(CheckEnum(schema, type, path));
  const auto items = FindField(schema, "items");
  if (type == "array" && !items.has_value())
    return Refuse(StrCat(path, ".items"), "missing field.");
  if (items.has_value()) {
    LMGATE_RETURN_IF_ERROR(Check(*items, StrCat(path, ".items"), depth + 1));
  }
  for (const dom::element entry : FindEntries(schema, "anyOf")) {
    LMGATE_RETURN_IF_ERROR(Check(entry, StrCat(path, ".any_of"), depth + 1));
  }
  const auto properties = FindObjectField(schema, "properties");
  if (type == "object" && (!properties.has_value() || properties->size() == 0)) {
    return Refuse(StrCat(path, ".properties"), "should be non-empty for OBJECT type");
  }
  const auto required = FindEntries(schema, "required");
  for (size_t i = 0; i < required.size(); ++i) {
    std::string_view name;
    if (required[i].get(name) != simdjson::SUCCESS || !properties.has_value() ||
        !FindElement(*properties, name).has_value()) {
      return Refuse(StrCat(path, ".required[", i, "]"), "property is not defined");
    }
  }
  if (!properties.has_value()) return absl::OkStatus();
  for (const auto& [name, property] : *properties) {
    LMGATE_RETURN_IF_ERROR(Check(property, StrCat(path, ".properties[", name, "]"), depth + 1));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckGeminiSchema(const dom::element& schema, std::string_view path) {
  return Check(schema, path, 0);
}

}  // namespace lmgate::fakeprovider

#include "dataplane/dialect/gemini_field.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>

#include <nlohmann/json.hpp>

#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::dialect {
namespace {

std::string SnakeName(std::string_view name) {
  std::string snake;
  for (const char c : name) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c))) snake.push_back('_');
    snake.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  return snake;
}

}  // namespace

std::string FieldName(std::string_view key) {
  std::string name;
  bool upper = false;
  for (const char c : key) {
    if (c == '_') {
      upper = !name.empty();
      continue;
    }
    name.push_back(upper ? absl::ascii_toupper(static_cast<unsigned char>(c)) : c);
    upper = false;
  }
  return name;
}

std::string FieldPath(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : StrCat(path, ".", name);
}

const Json* FindField(const Json& object, std::string_view name) {
  const Json* const found = Find(object, name);
  return found != nullptr ? found : Find(object, SnakeName(name));
}

std::string FindTextField(const Json& object, std::string_view name) {
  const Json* const value = FindField(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

absl::StatusOr<std::optional<std::string>> ReadTextField(const Json& object, std::string_view name,
                                                         std::string_view path) {
  const Json* const value = FindField(object, name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return BadField(FieldPath(path, name), "must be a string");
  return value->get<std::string>();
}

absl::StatusOr<std::optional<int64_t>> ReadIntegerField(const Json& object, std::string_view name,
                                                        std::string_view path) {
  const Json* const value = FindField(object, name);
  if (value == nullptr) return std::nullopt;
  int64_t number = 0;
  if (value->is_string() && absl::SimpleAtoi(value->get<std::string>(), &number)) return number;
  const Json holder = {{"value", *value}};
  return ReadInteger(holder, "value", FieldPath(path, name));
}

absl::StatusOr<std::optional<double>> ReadNumberField(const Json& object, std::string_view name,
                                                      std::string_view path) {
  const Json* const value = FindField(object, name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) return BadField(FieldPath(path, name), "must be a number");
  return value->get<double>();
}

absl::StatusOr<std::optional<bool>> ReadBoolField(const Json& object, std::string_view name,
                                                  std::string_view path) {
  const Json* const value = FindField(object, name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) return BadField(FieldPath(path, name), "must be true or false");
  return value->get<bool>();
}

std::vector<const Json*> ListOf(const Json* value) {
  std::vector<const Json*> list;
  if (value == nullptr) return list;
  if (!value->is_array()) return {value};
  for (const Json& element : *value) list.push_back(&element);
  return list;
}

}  // namespace lmgate::dialect

#include "tests/fakeprovider/gemini_field.h"

#include <absl/strings/ascii.h>

#include <algorithm>

#include "tests/fakeprovider/call.h"

namespace lmgate::fakeprovider {

namespace dom = simdjson::dom;

std::optional<dom::element> FindField(const dom::object& object, std::string_view name) {
  const auto element = FindElement(object, name);
  return element.has_value() ? element : FindElement(object, SnakeCase(name));
}

std::optional<std::string_view> FindTextField(const dom::object& object, std::string_view name) {
  const auto element = FindField(object, name);
  std::string_view text;
  if (!element.has_value() || element->get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

std::optional<dom::object> FindObjectField(const dom::object& object, std::string_view name) {
  const auto element = FindField(object, name);
  dom::object found;
  if (!element.has_value() || element->get(found) != simdjson::SUCCESS) return std::nullopt;
  return found;
}

std::optional<double> FindNumberField(const dom::object& object, std::string_view name) {
  const auto element = FindField(object, name);
  double number = 0;
  if (!element.has_value() || element->get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

std::string_view FindUnknownField(const dom::object& object,
                                  std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : object) {
    if (name.starts_with("x_")) continue;
    const bool is_known =
        std::any_of(known.begin(), known.end(), [name = name](std::string_view field) {
          return name == field || name == SnakeCase(field);
        });
    if (!is_known) return name;
  }
  return {};
}

std::string SnakeCase(std::string_view name) {
  std::string snake;
  for (const char c : name) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c))) snake += '_';
    snake += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return snake;
}

}  // namespace lmgate::fakeprovider

#pragma once

#include <simdjson.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace lmgate::fakeprovider {

// Members of Gemini's JSON, which may be spelt either way: protobuf.dev, "ProtoJSON Format". Names
// are given in lowerCamelCase.

std::optional<simdjson::dom::element> FindField(const simdjson::dom::object& object,
                                                std::string_view name);
std::optional<std::string_view> FindTextField(const simdjson::dom::object& object,
                                              std::string_view name);
std::optional<simdjson::dom::object> FindObjectField(const simdjson::dom::object& object,
                                                     std::string_view name);
std::optional<double> FindNumberField(const simdjson::dom::object& object, std::string_view name);

// The first member that is none of these; empty = all are known.
std::string_view FindUnknownField(const simdjson::dom::object& object,
                                  std::initializer_list<std::string_view> known);

// responseSchema as response_schema.
std::string SnakeCase(std::string_view name);

}  // namespace lmgate::fakeprovider

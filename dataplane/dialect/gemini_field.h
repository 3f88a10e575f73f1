#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// Fields as proto JSON has them: each may be spelled camelCase or snake_case, and integers may be
// text (ProtoJSON format, JSON mapping). Names are given and reported in camelCase.

// The member in either spelling; null = absent or JSON null.
const Json* FindField(const Json& object, std::string_view name);
// As FindField; another type counts as absent.
std::string FindTextField(const Json& object, std::string_view name);

// Absent = nullopt, another type = InvalidArgument that names `path`.name.
absl::StatusOr<std::optional<std::string>> ReadTextField(const Json& object, std::string_view name,
                                                         std::string_view path);
absl::StatusOr<std::optional<int64_t>> ReadIntegerField(const Json& object, std::string_view name,
                                                        std::string_view path);
absl::StatusOr<std::optional<double>> ReadNumberField(const Json& object, std::string_view name,
                                                      std::string_view path);
absl::StatusOr<std::optional<bool>> ReadBoolField(const Json& object, std::string_view name,
                                                  std::string_view path);

// "system_instruction" and "systemInstruction" are "systemInstruction".
std::string FieldName(std::string_view key);
// "path.name"; "name" for an empty path.
std::string FieldPath(std::string_view path, std::string_view name);
// A member that may be a list or one of its elements; empty = absent.
std::vector<const Json*> ListOf(const Json* value);

}  // namespace lmgate::dialect

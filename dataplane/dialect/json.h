#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace lmgate::dialect {

// Keeps the order of members as written.
using Json = nlohmann::ordered_json;

// Nesting beyond it is refused: copying and printing a tree recurse.
inline constexpr int kJsonDepthMax = 128;

// Members of one object beyond it are refused: each is looked for among the others.
inline constexpr int64_t kJsonMembersMax = 10'000;

// More values of one text are refused, lists and objects counted with what is in them: a tree has
// 16 bytes for a number and 60 for a list or an object, where the text may have two, and a
// translation holds two or three of them.
inline constexpr int64_t kJsonValuesMax = 1'000'000;

// One JSON text. InvalidArgument: not JSON, nested too deep, with too many values or members, or
// followed by something.
absl::StatusOr<Json> ParseJson(std::string_view text);
// As ParseJson, but must be an object.
absl::StatusOr<Json> ParseObject(std::string_view text);
// Compact. Bytes that are no UTF-8 become U+FFFD.
std::string DumpJson(const Json& json);

// The member; null = absent, JSON null, or `object` is none. Lives as long as `object`.
const Json* Find(const Json& object, std::string_view name);
// Members by type; another type counts as absent. Integers may be written as 3.0.
std::string FindString(const Json& object, std::string_view name);
std::optional<int64_t> FindInteger(const Json& object, std::string_view name);
std::optional<double> FindNumber(const Json& object, std::string_view name);
std::optional<bool> FindBool(const Json& object, std::string_view name);

// The members of a request, checked: absent or null = nullopt, another type = InvalidArgument that
// names `field`, the member's path.
absl::StatusOr<std::optional<int64_t>> ReadInteger(const Json& object, std::string_view name,
                                                   std::string_view field);
absl::StatusOr<std::optional<double>> ReadNumber(const Json& object, std::string_view name,
                                                 std::string_view field);
absl::StatusOr<std::optional<bool>> ReadBool(const Json& object, std::string_view name,
                                             std::string_view field);
absl::StatusOr<std::optional<std::string>> ReadString(const Json& object, std::string_view name,
                                                      std::string_view field);

// InvalidArgument with the field named: `field` as "messages[2].content[0].type".
absl::Status BadField(std::string_view field, std::string_view message);

// The arguments of a tool call where an object is needed: {} for blank text, {"_raw": text} for
// what is no JSON object.
Json ArgumentsObject(std::string_view arguments);

}  // namespace lmgate::dialect

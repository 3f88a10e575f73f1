#include "dataplane/dialect/json.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/chat/part.h"

namespace lmgate::dialect {
namespace {

// Members of one object are compared with each other: those of all objects of a text together. A
// tenth of a second, which objects of everyday size do not reach in 100 MB.
constexpr int64_t kComparisonsMax = 60'000'000;

constexpr std::string_view kTooManyValues = "the JSON has more than 1000000 values";
static_assert(kJsonValuesMax == 1'000'000);

// Whether the list or object that opens at `at` has nothing in it.
bool IsEmpty(std::string_view text, size_t at) {
  const size_t next = text.find_first_not_of(" \t\r\n", at + 1);
  return next != std::string_view::npos && (text[next] == ']' || text[next] == '}');
}

// What a tree of the text would cost, without one: brackets and commas outside of strings. Empty =
// it may be made, else what is too much.
std::string_view FindExcess(std::string_view text) {
  struct Level {
    bool object = false;
    int64_t commas = 0;
  };
  std::array<Level, kJsonDepthMax + 1> levels;
  size_t depth = 0;
  int64_t comparisons = 0;
  int64_t values = 1;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i) i += text[i] == '\\' ? 1 : 0;
    } else if (c == '{' || c == '[') {
      if (++depth > kJsonDepthMax) return "the JSON is nested too deep";
      levels[depth] = {.object = c == '{'};
      if (!IsEmpty(text, i) && ++values > kJsonValuesMax) return kTooManyValues;
    } else if (c == '}' || c == ']') {
      // More of them than were opened is no JSON, as the parser says.
      if (depth == 0) return {};
      --depth;
    } else if (c == ',') {
      if (++values > kJsonValuesMax) return kTooManyValues;
      if (!levels[depth].object) continue;
      comparisons += ++levels[depth].commas;
      if (levels[depth].commas >= kJsonMembersMax) {
        return "an object of the JSON has too many members";
      }
      if (comparisons > kComparisonsMax) return "the objects of the JSON have too many members";
    }
  }
  return {};
}

std::optional<int64_t> IntegerOf(const Json& value) {
  if (value.is_number_integer()) {
    if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) return std::nullopt;
    return value.get<int64_t>();
  }
  if (!value.is_number_float()) return std::nullopt;
  const double number = value.get<double>();
  constexpr double kExactMax = 9007199254740992.0;  // 2^53
  if (std::floor(number) != number || std::fabs(number) > kExactMax) return std::nullopt;
  return static_cast<int64_t>(number);
}

}  // namespace

absl::StatusOr<Json> ParseJson(std::string_view text) {
  const std::string_view excess = FindExcess(text);
  if (!excess.empty()) return absl::InvalidArgumentError(ToAbsl(excess));
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("the body is not valid JSON");
  return json;
}

absl::StatusOr<Json> ParseObject(std::string_view text) {
  LMGATE_ASSIGN_OR_RETURN(Json json, ParseJson(text));
  if (!json.is_object()) return absl::InvalidArgumentError("the body is not a JSON object");
  return json;
}

std::string DumpJson(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const Json* Find(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(std::string(name));
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string FindString(const Json& object, std::string_view name) {
  const Json* const value = Find(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::optional<int64_t> FindInteger(const Json& object, std::string_view name) {
  const Json* const value = Find(object, name);
  return value == nullptr ? std::nullopt : IntegerOf(*value);
}

std::optional<double> FindNumber(const Json& object, std::string_view name) {
  const Json* const value = Find(object, name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->get<double>();
}

std::optional<bool> FindBool(const Json& object, std::string_view name) {
  const Json* const value = Find(object, name);
  if (value == nullptr || !value->is_boolean()) return std::nullopt;
  return value->get<bool>();
}

absl::StatusOr<std::optional<int64_t>> ReadInteger(const Json& object, std::string_view name,
                                                   std::string_view field) {
  const Json* const value = Find(object, name);
  if (value == nullptr) return std::nullopt;
  const auto integer = IntegerOf(*value);
  if (!integer.has_value()) return BadField(field, "must be an integer");
  return integer;
}

absl::StatusOr<std::optional<double>> ReadNumber(const Json& object, std::string_view name,
                                                 std::string_view field) {
  const Json* const value = Find(object, name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) return BadField(field, "must be a number");
  return value->get<double>();
}

absl::StatusOr<std::optional<bool>> ReadBool(const Json& object, std::string_view name,
                                             std::string_view field) {
  const Json* const value = Find(object, name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) return BadField(field, "must be true or false");
  return value->get<bool>();
}

absl::StatusOr<std::optional<std::string>> ReadString(const Json& object, std::string_view name,
                                                      std::string_view field) {
  const Json* const value = Find(object, name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return BadField(field, "must be a string");
  return value->get<std::string>();
}

absl::Status BadField(std::string_view field, std::string_view message) {
  return WithFieldHint(absl::InvalidArgumentError(StrCat(field, ": ", message)),
                       {.field = std::string(field), .hint = {}});
}

Json ArgumentsObject(std::string_view arguments) {
  if (chat::IsBlank(arguments)) return Json::object();
  absl::StatusOr<Json> json = ParseObject(arguments);
  if (json.ok()) return *std::move(json);
  return Json{{"_raw", arguments}};
}

}  // namespace lmgate::dialect

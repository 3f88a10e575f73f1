#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace lmgate::fakeprovider {

// `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
std::string QuoteJson(std::string_view text);

// Compact, members in the order of insertion; bytes that are not UTF-8 become U+FFFD.
std::string DumpJson(const nlohmann::ordered_json& json);

// At most `bytes_max` of the text, cut so that no UTF-8 character is split.
std::string_view CutText(std::string_view text, size_t bytes_max);

// A body or a header as a member of JSON: as it is if it is UTF-8, else in base64.
struct JsonSafeText {
  std::string text;
  std::string_view encoding;  // "utf-8" or "base64"
};
JsonSafeText MakeJsonSafe(std::string_view bytes);

}  // namespace lmgate::fakeprovider

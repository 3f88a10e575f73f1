#include "tests/fakeprovider/json_text.h"

#include <absl/strings/escaping.h>
#include <simdjson.h>

#include <nlohmann/json.hpp>

#include "common/base/strings.h"

namespace lmgate::fakeprovider {

std::string QuoteJson(std::string_view text) { return DumpJson(nlohmann::ordered_json(text)); }

std::string DumpJson(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string_view CutText(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  // 10xxxxxx continues a character: RFC 3629.
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80) {
    --bytes_max;
  }
  return text.substr(0, bytes_max);
}

JsonSafeText MakeJsonSafe(std::string_view bytes) {
  if (simdjson::validate_utf8(bytes.data(), bytes.size())) {
    return JsonSafeText{.text = std::string(bytes), .encoding = "utf-8"};
  }
  return JsonSafeText{.text = absl::Base64Escape(ToAbsl(bytes)), .encoding = "base64"};
}

}  // namespace lmgate::fakeprovider

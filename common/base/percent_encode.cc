#include "common/base/percent_encode.h"

#include <absl/strings/ascii.h>

namespace lmgate {

std::string PercentEncode(std::string_view text, std::string_view also) {
  constexpr std::string_view kUnreserved = "-._~";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = absl::ascii_isalnum(byte) || kUnreserved.find(c) != std::string_view::npos ||
                       also.find(c) != std::string_view::npos;
    if (plain) {
      encoded.push_back(c);
    } else {
      encoded.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return encoded;
}

}  // namespace lmgate

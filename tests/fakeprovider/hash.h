#pragma once

#include <string>
#include <string_view>

namespace lmgate::fakeprovider {

// 32 raw bytes each.
std::string Sha256(std::string_view text);
std::string HmacSha256(std::string_view key, std::string_view text);

}  // namespace lmgate::fakeprovider

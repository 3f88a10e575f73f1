#pragma once

#include <cstdint>
#include <string_view>

namespace lmgate::control {

// CRC-32C (Castagnoli: RFC 3720, B.4) of `data` behind what `crc` was computed of; 0 to begin.
uint32_t ExtendCrc32c(uint32_t crc, std::string_view data);

}  // namespace lmgate::control

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lmgate::gateway {

inline constexpr size_t kRequestIdBytesMax = 128;

// May a client's x-request-id stand in a log line, a header and a support ticket? Letters, digits
// and "-_.:", 1 to kRequestIdBytesMax of them.
bool IsValidRequestId(std::string_view id);

// "req_" and 24 hex digits of the 128 bits given.
void MakeRequestId(uint64_t high, uint64_t low, std::string* id);

}  // namespace lmgate::gateway

#include "dataplane/gateway/request_id.h"

#include <algorithm>

namespace lmgate::gateway {

bool IsValidRequestId(std::string_view id) {
  if (id.empty() || id.size() > kRequestIdBytesMax) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
  });
}

void MakeRequestId(uint64_t high, uint64_t low, std::string* id) {
  constexpr char kHex[] = "0123456789abcdef";
  char text[] = "req_0123456789abcdef01234567";
  char* out = text + 4;
  for (int shift = 60; shift >= 0; shift -= 4) *out++ = kHex[(high >> shift) & 0xf];
  for (int shift = 60; shift >= 32; shift -= 4) *out++ = kHex[(low >> shift) & 0xf];
  id->assign(text, sizeof(text) - 1);
}

}  // namespace lmgate::gateway

#include "tests/fakeprovider/signature.h"

#include <absl/strings/escaping.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "common/base/strings.h"

namespace lmgate::fakeprovider {

std::string SignReasoning(std::string_view family, std::string_view text) {
  constexpr std::string_view kKey = "the fake provider signs its thoughts";
  const std::string signed_text = StrCat(family, "\n", text);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int digest_bytes = 0;
  HMAC(EVP_sha256(), kKey.data(), static_cast<int>(kKey.size()),
       reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size(),
       digest.data(), &digest_bytes);
  return absl::Base64Escape(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest_bytes));
}

}  // namespace lmgate::fakeprovider

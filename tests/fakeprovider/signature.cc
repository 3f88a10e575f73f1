#include "tests/fakeprovider/signature.h"

#include <absl/strings/escaping.h>

#include "common/base/strings.h"
#include "tests/fakeprovider/hash.h"

namespace lmgate::fakeprovider {

std::string SignReasoning(std::string_view family, std::string_view text) {
  constexpr std::string_view kKey = "the fake provider signs its thoughts";
  return absl::Base64Escape(HmacSha256(kKey, StrCat(family, "\n", text)));
}

}  // namespace lmgate::fakeprovider

#include "dataplane/http1/field_name.h"

namespace lmgate::http1 {
namespace {

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

bool IsTakenFor(std::string_view key, std::string_view name) {
  // U+017F folds to s where case is folded by Unicode; U+212A, for k, is in none of our names.
  constexpr std::string_view kLongS = "\xc5\xbf";
  for (const char expected : name) {
    if (!key.empty() && ToLower(key.front()) == expected) {
      key.remove_prefix(1);
    } else if (expected == 's' && key.starts_with(kLongS)) {
      key.remove_prefix(kLongS.size());
    } else {
      return false;
    }
  }
  return key.empty() || key.front() == '\0';
}

}  // namespace lmgate::http1

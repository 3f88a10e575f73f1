#pragma once

#include <boost/beast/http/fields.hpp>
#include <cstddef>
#include <span>
#include <string_view>

#include "common/base/logging.h"
#include "dataplane/http1/head_scanner.h"

namespace lmgate::fuzz {

// Beast keeps field lengths in 16 bits.
inline constexpr size_t kBeastBytesMax = 60000;

inline std::string_view ToStdView(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

// Beast reads the lists in these headers strictly, while the gateway only looks for words that it
// knows and passes none of them on.
inline bool HasListBeastChecks(std::span<const http1::HeaderField> fields) {
  for (const auto& field : fields) {
    if (field.id == http1::HeaderId::kConnection || field.id == http1::HeaderId::kProxyConnection ||
        field.id == http1::HeaderId::kUpgrade) {
      return true;
    }
  }
  return false;
}

// Aborts unless both have the same names with the same values, those of one name in the same order.
// (Beast keeps fields of one name together.)
inline void CheckSameFields(std::span<const http1::HeaderField> ours,
                            const boost::beast::http::fields& theirs) {
  size_t count = 0;
  for (auto group = theirs.begin(); group != theirs.end(); ++group) ++count;
  LMGATE_CHECK(count == ours.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    size_t nth = 0;  // of its name
    for (size_t j = 0; j < i; ++j) {
      if (http1::EqualsIgnoreCase(ours[j].name, ours[i].name)) ++nth;
    }
    auto [first, last] =
        theirs.equal_range(boost::beast::string_view(ours[i].name.data(), ours[i].name.size()));
    for (; nth > 0 && first != last; --nth) ++first;
    LMGATE_CHECK(first != last);
    LMGATE_CHECK(ToStdView(first->name_string()) == ours[i].name);
    LMGATE_CHECK(ToStdView(first->value()) == ours[i].value);
  }
}

}  // namespace lmgate::fuzz

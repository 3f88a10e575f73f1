#pragma once

#include <string>
#include <string_view>

namespace lmgate {

// Every byte as %XX but the unreserved characters (RFC 3986, 2.3: letters, digits and -._~) and
// those of `also`, which stay as they are.
std::string PercentEncode(std::string_view text, std::string_view also = {});

}  // namespace lmgate

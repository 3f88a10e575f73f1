#pragma once

#include <string>
#include <string_view>

namespace lmgate::testing {

// The expected text: the contents of tests/golden/<name>; empty when there is none.
// LMGATE_UPDATE_GOLDEN=1 writes `actual` there first, for a review of the difference. Tests run in
// the root of the sources.
std::string Golden(const std::string& name, std::string_view actual);

}  // namespace lmgate::testing

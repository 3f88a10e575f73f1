#pragma once

#include <absl/time/time.h>

#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "common/base/clock.h"

namespace lmgate::cli {

// The surroundings of one run of lmctl, handed in so that tests need no process. `out` carries data
// and nothing else, `err` the talk.
struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  // Whether a person sits at it: decides about prompts (in) and colours and screens (out).
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  std::function<std::optional<std::string>(std::string_view name)> environment;
  // Waits; false = the user pressed Ctrl-C before or meanwhile.
  std::function<bool(absl::Duration)> pause;
  const Clock& clock;
  // Who is named in the change log: user@host.
  std::string actor;
};

}  // namespace lmgate::cli

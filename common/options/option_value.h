#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/options/friendly_duration.h"
#include "common/options/host_port.h"

namespace lmgate::options {

// Stores a value given as text, or says what was expected. The targets outlive the parsers; a
// refused value leaves its target as it was.
using ValueParser = std::function<absl::Status(std::string_view value)>;

// Any text.
ValueParser ToString(std::string* target);
// Whole number within [minimum, maximum].
ValueParser ToInteger(int64_t* target, int64_t minimum, int64_t maximum);
// true/false, yes/no, on/off, 1/0 in any case; the empty text of a switch is true.
ValueParser ToBool(bool* target);
// As 500ms, 10s, 1m, 2h, 30d; within [minimum, maximum].
ValueParser ToDuration(absl::Duration* target, absl::Duration minimum, absl::Duration maximum);
// As 512, 64KiB, 32MiB, 1GiB (also k, K, M, G: the same powers of 1024); within [minimum, maximum].
ValueParser ToBytes(uint64_t* target, uint64_t minimum, uint64_t maximum);
// HOST:PORT, see ParseHostPort.
ValueParser ToHostPort(HostPort* target);

}  // namespace lmgate::options

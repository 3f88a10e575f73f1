#pragma once

#include <string>

#include "common/options/option_value.h"
#include "common/options/surroundings.h"

namespace lmgate::fakeprovider {

// The value is the path of a file with the one key that is let in, on one line. The key itself is
// never an option: anybody may read argv. Refused: a file that is empty, longer than 8 KiB or has
// anything but printable ASCII; the message never shows the contents.
options::ValueParser ToApiKeyFile(const options::Surroundings& surroundings, std::string* api_key);

}  // namespace lmgate::fakeprovider

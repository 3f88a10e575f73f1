#pragma once

#include "common/options/option_value.h"
#include "common/options/surroundings.h"
#include "tests/fakeprovider/options.h"

namespace lmgate::fakeprovider {

// The value is the path of a file with an access key id and its secret, apart by space or line.
// The message of a refusal never shows the contents.
options::ValueParser ToAwsKeysFile(const options::Surroundings& surroundings, AwsKeys* keys);

}  // namespace lmgate::fakeprovider

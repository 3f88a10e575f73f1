#pragma once

#include <absl/status/status.h>

#include "lmgate/v1/resources.pb.h"

namespace lmgate::contract {

// One connection by itself; field hints are relative to it. No message repeats a secret.
absl::Status CheckConnection(const v1::Connection& connection);

}  // namespace lmgate::contract

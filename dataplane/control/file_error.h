#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

namespace lmgate::control {

// What the last system call that failed on `path` left in errno: "cannot write PATH: no space …".
// NotFound for ENOENT, ResourceExhausted for a full disk or quota, else Unavailable.
absl::Status FileError(std::string_view verb, const std::string& path);

}  // namespace lmgate::control

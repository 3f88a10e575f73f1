#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>

namespace lmgate::storage {

// Makes the directory and its missing parents, mode 0700; leaves an existing one as it is.
absl::Status CreatePrivateDirectory(const std::string& path);

// The content of a file that only its owner may read. When there is none, it is made with mode
// 0600 (whatever the umask) and the content of `make`, whole or not at all, and on disk before this
// returns. FailedPrecondition: cannot be read or written, empty, or longer than 4096 bytes.
absl::StatusOr<std::string> ReadOrCreatePrivateFile(const std::string& path,
                                                    absl::FunctionRef<std::string()> make);

// NotFound when there is none.
absl::StatusOr<std::string> ReadPrivateFile(const std::string& path);

}  // namespace lmgate::storage

#include "dataplane/control/file_error.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include "common/base/strings.h"

namespace lmgate::control {

absl::Status FileError(std::string_view verb, const std::string& path) {
  const int error = errno;
  const std::string message =
      StrCat("cannot ", verb, " ", path, ": ", std::generic_category().message(error));
  if (error == ENOENT) return absl::NotFoundError(message);
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(message);
  return absl::UnavailableError(message);
}

}  // namespace lmgate::control

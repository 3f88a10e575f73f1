#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lmgate::options {

// Reads the syntax of python-dotenv, which the seeds' users have: `#` comments, `export `, spaces
// round `=`, single quotes (raw), double quotes (\n \t \" \\ …), multi-line quoted values, `${VAR}`
// and `${VAR:-default}`; a bare key sets nothing; the last duplicate wins. At most 1 MiB.
// InvalidArgument names the line.
absl::StatusOr<std::map<std::string, std::string>> ParseEnvFile(
    std::string_view text,
    const std::function<std::optional<std::string>(std::string_view)>& environment);

}  // namespace lmgate::options

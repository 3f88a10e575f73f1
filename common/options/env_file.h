#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lmgate::options {

// Reads the syntax of python-dotenv, which the seeds' users have: `#` comments, `export `, spaces
// round `=`, single quotes (raw: only \' and \\ are escapes), double quotes (\n \t \" \\ …),
// multi-line quoted values, `${VAR}` and `${VAR:-default}`; a bare key sets nothing; the last
// duplicate wins. A variable is looked up in `environment`, then in the lines above; one that is
// nowhere is empty. At most 1 MiB, also after expansion. InvalidArgument names the line, never what
// stands there: it may be a secret.
absl::StatusOr<std::map<std::string, std::string>> ParseEnvFile(
    std::string_view text,
    const std::function<std::optional<std::string>(std::string_view)>& environment);

}  // namespace lmgate::options

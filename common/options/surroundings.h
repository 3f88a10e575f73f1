#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lmgate::options {

// The surroundings of a program, handed in so that tests need no real ones.
struct Surroundings {
  std::vector<std::string> arguments;  // without the program's name
  std::function<std::optional<std::string>(std::string_view name)> environment;
  // Contents of a file, at most 1 MiB; NotFound when there is none (a directory is none).
  std::function<absl::StatusOr<std::string>(const std::string& path)> read_file;
};

// The process's own.
Surroundings ProcessSurroundings(int argc, const char* const* argv);

}  // namespace lmgate::options

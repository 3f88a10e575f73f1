#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lmgate::cli {

// One named place to administer. Empty = not stated.
struct Context {
  std::string name = {};
  std::string server = {};       // HOST:PORT
  std::string token_file = {};   // the path, never the token
  std::string ca = {};           // PEM file
  std::string client_cert = {};  // PEM file
  std::string client_key = {};   // PEM file
};

// $XDG_CONFIG_HOME/lmctl/config.yaml: the contexts that `lmctl context` keeps. Two lmctl that write
// at once: the last one wins, whole.
struct ContextFile {
  std::string path = {};     // empty = neither XDG_CONFIG_HOME nor HOME is set
  std::string current = {};  // name; empty = none
  std::vector<Context> contexts = {};

  const Context* Find(std::string_view name) const;
};

inline constexpr size_t kContextFileBytesMax = 1 << 20;

// From the two variables; nullopt = not set.
std::string ContextFilePath(const std::optional<std::string>& xdg_config_home,
                            const std::optional<std::string>& home);

// No such file = no contexts. What is not understood is an error that names the path and the field.
absl::StatusOr<ContextFile> ReadContextFile(const std::string& path);
absl::StatusOr<ContextFile> ParseContextFile(std::string_view text, const std::string& path);

// Mode 0600, its folder 0700 if it must be made; by a new file put in place of the old one.
absl::Status WriteContextFile(const ContextFile& file);

// 1 to 64 letters, digits, '_', '-' and '.'.
absl::Status CheckContextName(std::string_view name);

}  // namespace lmgate::cli

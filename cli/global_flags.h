#pragma once

#include <optional>
#include <string>

#include "cli/command_line.h"

namespace lmgate::cli {

// The flags that every command takes, as typed.
struct GlobalFlags {
  std::optional<std::string> server;
  std::optional<std::string> token_file;
  std::optional<std::string> ca;
  std::optional<std::string> client_cert;
  std::optional<std::string> client_key;
  std::optional<std::string> context;
  std::optional<std::string> output;
  std::optional<std::string> timeout;
  std::optional<std::string> wait;
  bool no_wait = false;
  bool no_headers = false;
  bool quiet = false;
  bool yes = false;
  bool no_color = false;
  bool verbose = false;
};

// `flags` must outlive the parse.
void DeclareGlobalFlags(Command& root, GlobalFlags* flags);

}  // namespace lmgate::cli

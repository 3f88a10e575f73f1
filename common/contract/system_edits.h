#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lmgate/v1/resources.pb.h"

namespace lmgate::contract {

// A route's edits of system prompts, ready for use; v1::SystemEdits says what each does.
struct SystemEdits {
  struct Replacement {
    std::string from;  // never empty
    std::string to;
  };
  std::vector<Replacement> replace = {};
  std::string append = {};  // without white space at its ends
  bool inject_progress = false;
};

// nullopt = they do nothing. `edits` must have passed CheckRoute.
std::optional<SystemEdits> CompileSystemEdits(const v1::SystemEdits& edits);

}  // namespace lmgate::contract

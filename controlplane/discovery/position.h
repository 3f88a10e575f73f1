#pragma once

#include <cstdint>

namespace lmgate::discovery {

// A configuration of this control plane's lineage.
struct Position {
  uint64_t revision = 0;
  uint64_t hash = 0;

  bool operator==(const Position&) const = default;
};

}  // namespace lmgate::discovery

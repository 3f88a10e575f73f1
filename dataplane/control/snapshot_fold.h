#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace lmgate::control {

// A base and the journals after it, folded into a new base at `output`; its size, synced. Part by
// part: it holds the changes and one part in memory, never the whole snapshot. The result is what
// contract::SnapshotState::Apply gives. DataLoss when anything is damaged or does not fit, so that
// no wrong base is made; `output` is then to be deleted.
absl::StatusOr<uint64_t> FoldSnapshot(const std::string& base,
                                      const std::vector<std::string>& journals,
                                      const std::string& output);

}  // namespace lmgate::control

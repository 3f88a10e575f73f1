#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/contract/snapshot_state.h"
#include "controlplane/storage/resource_index.h"
#include "lmgate/v1/admin.pb.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::storage {

// Who changes what, for the change log.
struct WriteContext {
  std::string actor;      // as the caller named itself
  std::string operation;  // "keys block", "apply", …
  // Refuse with Aborted when the configuration as a whole is at another revision.
  std::optional<uint64_t> expected_revision;
};

struct WriteResult {
  uint64_t revision = 0;
  bool changed = false;  // false = the edit was empty: no revision was made
};

// The truth: the database, and its state in memory. All SQL of the product stands behind it.
// Thread-safe: one writer at a time, readers beside it. Literal secrets are encrypted at rest
// (AES-256-GCM under the key file in state_dir); in memory and in the listener they are clear.
class Store {
 public:
  struct Options {
    std::string database;   // "sqlite:PATH"
    std::string state_dir;  // holds `secret.key` (mode 0600, made on the first start)
    // How long a commit waits when somebody else holds the database.
    absl::Duration busy_timeout = absl::Seconds(2);
    // Largest size of the database; a change beyond it is ResourceExhausted. 0 = the disk's.
    uint64_t database_bytes_max = 0;
    // Changes that the change log keeps, the newest; 0 = all. A log that is longer, since more were
    // kept before, becomes shorter with each commit.
    uint64_t changes_max = 0;
  };

  // Opens, migrates and loads. FailedPrecondition: the database is from a newer version, a
  // migration's checksum differs, another control plane has it open, or secret.key is not the one
  // that it was encrypted with.
  static absl::StatusOr<std::unique_ptr<Store>> Create(Options options, const Clock& clock);
  virtual ~Store() = default;

  // Called once a commit, in order, before Write returns and before any later commit. Set before
  // the first Write. Must not call back into the store.
  using CommitListener = std::function<void(const v1::SnapshotDelta& delta, absl::Time committed)>;
  virtual void SetCommitListener(CommitListener listener) = 0;

  // The current state, consistent for the length of the call; keep `read` short.
  virtual void Read(absl::FunctionRef<void(const contract::SnapshotState&)> read) const = 0;

  // The same state by its orders and look-ups. An `edit` may call it, and sees what it edits.
  virtual void ReadIndex(absl::FunctionRef<void(const ResourceIndex&)> read) const = 0;

  // One transaction: `edit` turns the current state into changes (contract::MakeChange; it may
  // refuse by a Status); the result is checked (contract/config_check; a group in use cannot go);
  // rows and the change-log entry are written and committed; the state and the listener follow.
  // An error means that nothing changed. `revision` of each changed resource and its hash are set
  // here; a change that changes nothing but these is dropped. Costs what is changed when that is
  // keys, else what is configured without the keys. AlreadyExists: a name or a key's digest is
  // taken; ResourceExhausted: the disk is full; Unavailable: the database stayed locked.
  virtual absl::StatusOr<WriteResult> Write(
      const WriteContext& context,
      absl::FunctionRef<
          absl::StatusOr<std::vector<v1::ResourceChange>>(const contract::SnapshotState& current)>
          edit) = 0;

  // One resource as a change left it, from the change log. Digests of keys are shortened so that
  // they tell two secrets apart and admit nobody: the log must not outlive a revoked secret.
  struct LoggedItem {
    v1::ResourceKind kind = v1::RESOURCE_KIND_UNSPECIFIED;
    std::string name;
    std::optional<v1::Resource> before;  // nullopt = was not there
    std::optional<v1::Resource> after;   // nullopt = removed
  };
  struct LoggedChange {
    uint64_t revision = 0;
    absl::Time time;
    std::string actor;
    std::string operation;
    std::vector<LoggedItem> items;
  };
  // Newest first, those before `before_revision` (0 = from the newest), at most `count`.
  virtual absl::StatusOr<std::vector<LoggedChange>> ListChanges(uint64_t before_revision,
                                                                int count) const = 0;
  // How far the change log leads back: every change after this revision is in it.
  virtual absl::StatusOr<uint64_t> OldestRevision() const = 0;
};

}  // namespace lmgate::storage

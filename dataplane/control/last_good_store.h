#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/synchronization/mutex.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/control/record_file.h"
#include "dataplane/snapshot/snapshot.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::control {

// The last good snapshot on disk, so that a replica starts without its control plane and an
// acknowledged change survives a crash. SECRET as a whole: directory 0700, files 0600.
//
//   lock        held while the store is open
//   base-N      a full snapshot: its parts, then an end record
//   journal-N   the deltas after base-N, each synced before its ack
//
// When journal-N has grown, deltas go on in journal-(N+1) while a thread folds base-N and
// journal-N into base-(N+1), then deletes both. At start the newest whole base is taken and the
// journals from its number on. A torn or damaged journal is cut where it stops making sense; a
// damaged base is set aside as base-N.damaged-<unix seconds>. Neither is fatal.
//
// References (env:, file:) are stored as references. One thread uses it (the compaction is its own).
class LastGoodStore {
 public:
  struct Options {
    std::string directory;  // created when absent; its parent must exist
    // A journal longer than both this and half of its base is folded.
    uint64_t compact_bytes_min = uint64_t{4} << 20;
    // A journal with more deltas is folded whatever its length, since a start applies them all.
    uint64_t compact_deltas = 50000;
  };

  // FailedPrecondition: another replica holds the directory. Else what the file system says.
  static absl::StatusOr<std::unique_ptr<LastGoodStore>> Open(Options options);
  // Waits for a running compaction and lets go of the lock.
  ~LastGoodStore();

  // What is on disk, compiled; its secrets resolved anew. A null snapshot = nothing usable there
  // (what was damaged is set aside and logged as one warning). Call it once, first.
  absl::StatusOr<snapshot::Snapshot::Compiled> Load(const snapshot::SecretResolver& resolver);

  // A full snapshot, in two steps: staged before it is compiled (which consumes the parts), then
  // committed in place of all that was there, or forgotten.
  absl::Status StageBase(const std::vector<v1::Snapshot>& parts);
  absl::Status CommitBase();
  void DropStagedBase();

  // On disk when it returns OK. After an error the store is behind what the replica serves:
  // FailedPrecondition for every further delta, until CommitBase succeeds.
  absl::Status AppendDelta(const v1::SnapshotDelta& delta);
  bool is_behind() const { return behind_; }

  // For tests: returns when no compaction runs.
  void WaitForCompaction();

 private:
  LastGoodStore(Options options, int lock_fd);

  std::string PathOf(std::string_view kind, uint64_t number) const;
  absl::Status StartJournal(uint64_t number);
  void StartCompactionIfDue();

  const Options options_;
  const int lock_fd_;

  // Used by the owner's thread only.
  bool behind_ = true;          // no base yet
  bool staged_ = false;         // base.new is whole and waits for CommitBase
  uint64_t staged_bytes_ = 0;
  uint64_t base_number_ = 0;    // 0 = none
  uint64_t base_bytes_ = 0;
  uint64_t last_number_ = 0;    // highest number ever used here
  uint64_t journal_deltas_ = 0;
  std::optional<RecordWriter> journal_;  // journal-last_number_

  std::thread compaction_;
  absl::Mutex mutex_;
  struct CompactionResult;
  std::unique_ptr<CompactionResult> compaction_result_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lmgate::control

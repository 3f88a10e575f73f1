#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/control/record_file.h"
#include "dataplane/control/state_directory.h"
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
// When the journals have grown, deltas go on in a new one, journal-M, while a thread folds base-N
// and the journals before M into base-M and then deletes what it folded. At start the newest whole
// base is taken and the journals from its number on. A journal is cut where it stops making sense;
// a damaged base is set aside as base-N.damaged-<unix seconds>. Neither is fatal.
//
// References (env:, file:) are stored as references. Not thread-safe: one thread uses it.
class LastGoodStore {
 public:
  struct Options {
    std::string directory;  // made when absent; its parent must exist
    // Journals longer than both this and half of their base are folded.
    uint64_t compact_bytes_min = uint64_t{4} << 20;
    // Journals with more deltas are folded whatever their length: a start applies them all.
    uint64_t compact_deltas = 50000;
  };

  // FailedPrecondition: another replica holds the directory. Else what the file system says.
  static absl::StatusOr<std::unique_ptr<LastGoodStore>> Open(Options options);
  // Waits for a running compaction and lets go of the lock.
  ~LastGoodStore();

  // What is on disk, compiled; its secrets resolved anew. A null snapshot = nothing usable there.
  // What was damaged is set aside or cut, with one warning. Once, before all below.
  absl::StatusOr<snapshot::Snapshot::Compiled> Load(const snapshot::SecretResolver& resolver);

  // A full snapshot, in two steps: staged before it is compiled (which consumes the parts), then
  // committed in place of all that was there. Only the last one staged counts.
  absl::Status StageBase(const std::vector<v1::Snapshot>& parts);
  absl::Status CommitBase();
  void DropStagedBase();

  // On disk when it returns OK. After an error the store is behind what the replica serves:
  // FailedPrecondition for every further delta, until CommitBase succeeds.
  absl::Status AppendDelta(const v1::SnapshotDelta& delta);
  // The caller serves what could not even be staged.
  void MarkBehind();
  // True also when there is no base yet.
  bool is_behind() const { return behind_; }

  // Returns when no compaction runs any more.
  void WaitForCompaction();

 private:
  class Compaction;

  // Deltas on disk after the base, over all journals.
  struct JournalSize {
    uint64_t bytes = 0;
    uint64_t deltas = 0;
  };

  LastGoodStore(Options options, StateDirectory directory);

  std::string StagedPath() const { return directory_.PathOf("base.new"); }
  absl::StatusOr<snapshot::Snapshot::Compiled> LoadBase(const snapshot::SecretResolver& resolver,
                                                        std::vector<std::string>* damage);
  absl::Status LoadJournals(const snapshot::SecretResolver& resolver,
                            snapshot::Snapshot::Compiled* compiled,
                            std::vector<std::string>* damage);
  absl::Status StartJournal(uint64_t number);
  void DeleteBefore(uint64_t number);
  absl::Status CompactIfDue();
  absl::Status FinishCompaction();

  const Options options_;
  StateDirectory directory_;

  bool behind_ = true;
  std::optional<uint64_t> staged_bytes_;  // set = base.new is whole and waits for CommitBase
  uint64_t base_number_ = 0;              // 0 = none
  uint64_t base_bytes_ = 0;
  JournalSize journaled_;                // since base_number_
  uint64_t journal_number_ = 0;          // of journal_; never below any number in the directory
  std::optional<RecordWriter> journal_;  // nullopt while behind

  std::unique_ptr<Compaction> compaction_;  // null = none runs
};

}  // namespace lmgate::control

#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "dataplane/control/record_file.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::control {

// A base file: the parts of one full snapshot, then an end record that counts them.
class BaseFileWriter {
 public:
  static absl::StatusOr<BaseFileWriter> Create(const std::string& path);

  absl::Status Add(const v1::Snapshot& part);
  // The end record, and all of it on disk; the size of the file. Once.
  absl::StatusOr<uint64_t> Finish();

 private:
  explicit BaseFileWriter(RecordWriter records) : records_(std::move(records)) {}

  RecordWriter records_;
  uint32_t parts_ = 0;
};

// Each part in turn; stops at the first error of `visit`. DataLoss: torn or damaged; known only at
// the end, so act on the parts after OK.
absl::Status ReadBaseFile(const std::string& path,
                          absl::FunctionRef<absl::Status(v1::Snapshot)> visit);

// A journal file: deltas. Read up to where it makes sense; that is never an error.
struct JournalEnd {
  uint64_t offset = 0;  // behind the last delta that `visit` took
  uint64_t deltas = 0;
  absl::Status why;  // OK = the end of the file; else what is wrong behind `offset`
};
JournalEnd ReadJournalFile(const std::string& path,
                           absl::FunctionRef<absl::Status(const v1::SnapshotDelta&)> visit);

absl::Status AppendToJournal(const v1::SnapshotDelta& delta, RecordWriter* journal);

}  // namespace lmgate::control

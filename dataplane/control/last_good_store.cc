#include "dataplane/control/last_good_store.h"

#include <absl/strings/str_join.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/control/file_error.h"
#include "dataplane/control/snapshot_file.h"
#include "dataplane/control/snapshot_fold.h"

namespace lmgate::control {
namespace {

constexpr std::string_view kBase = "base";
constexpr std::string_view kJournal = "journal";

// `from`, which is on disk, takes its place under its real name.
absl::Status RenameDurably(const std::string& from, const std::string& to,
                           const StateDirectory& directory) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return FileError("rename", from);
  return directory.Sync();
}

uint64_t FileBytes(const std::string& path) {
  std::error_code error;
  const uintmax_t bytes = std::filesystem::file_size(path, error);
  return error ? 0 : bytes;
}

}  // namespace

// Folds in a thread of its own, out of files that nobody writes any more.
class LastGoodStore::Compaction {
 public:
  struct Plan {
    std::string base;
    std::vector<std::string> journals;
    std::string temporary;
    std::string output;
    uint64_t number = 0;  // of the output
    JournalSize folded;
  };

  // `directory` outlives it.
  Compaction(Plan plan, const StateDirectory& directory)
      : plan_(std::move(plan)), thread_([this, &directory] {
          bytes_ = Run(directory);
          done_.store(true, std::memory_order_release);
        }) {}
  ~Compaction() { Wait(); }

  bool is_done() const { return done_.load(std::memory_order_acquire); }
  void Wait() {
    if (thread_.joinable()) thread_.join();
  }

  const Plan& plan() const { return plan_; }
  // Size of the new base; after is_done or Wait.
  const absl::StatusOr<uint64_t>& bytes() const { return bytes_; }

 private:
  absl::StatusOr<uint64_t> Run(const StateDirectory& directory) const {
    auto bytes = FoldSnapshot(plan_.base, plan_.journals, plan_.temporary);
    absl::Status status = bytes.status();
    if (status.ok()) status = RenameDurably(plan_.temporary, plan_.output, directory);
    if (!status.ok()) {
      DeleteFile(plan_.temporary);
      return status;
    }
    DeleteFile(plan_.base);
    for (const std::string& journal : plan_.journals) DeleteFile(journal);
    return bytes;
  }

  const Plan plan_;
  absl::StatusOr<uint64_t> bytes_ = absl::UnknownError("not run yet");
  std::atomic<bool> done_{false};
  std::thread thread_;  // last: it uses what stands above
};

LastGoodStore::LastGoodStore(Options options, StateDirectory directory)
    : options_(std::move(options)), directory_(std::move(directory)) {}

LastGoodStore::~LastGoodStore() = default;

absl::StatusOr<std::unique_ptr<LastGoodStore>> LastGoodStore::Open(Options options) {
  LMGATE_ASSIGN_OR_RETURN(StateDirectory directory, StateDirectory::Open(options.directory));
  return std::unique_ptr<LastGoodStore>(
      new LastGoodStore(std::move(options), std::move(directory)));
}

absl::StatusOr<snapshot::Snapshot::Compiled> LastGoodStore::Load(
    const snapshot::SecretResolver& resolver) {
  // What a crash left half-written.
  DropStagedBase();
  DeleteFile(directory_.PathOf("base.folding"));

  std::vector<std::string> damage;
  LMGATE_ASSIGN_OR_RETURN(snapshot::Snapshot::Compiled compiled, LoadBase(resolver, &damage));
  LMGATE_RETURN_IF_ERROR(LoadJournals(resolver, &compiled, &damage));
  if (!damage.empty()) {
    LogWarn(StrCat("last good snapshot: ", absl::StrJoin(damage, "; "),
                   compiled.snapshot == nullptr
                       ? "; starting without one"
                       : StrCat("; starting with revision ", compiled.snapshot->revision())));
  }
  return compiled;
}

// The newest base that can be used, with base_number_ and base_bytes_; those that cannot are set
// aside.
absl::StatusOr<snapshot::Snapshot::Compiled> LastGoodStore::LoadBase(
    const snapshot::SecretResolver& resolver, std::vector<std::string>* damage) {
  LMGATE_ASSIGN_OR_RETURN(std::vector<uint64_t> numbers, directory_.FindNumbers(kBase));
  std::reverse(numbers.begin(), numbers.end());
  for (const uint64_t number : numbers) {
    journal_number_ = std::max(journal_number_, number);
    const std::string path = directory_.PathOf(kBase, number);
    std::vector<v1::Snapshot> parts;
    absl::Status status = ReadBaseFile(path, [&parts](v1::Snapshot part) {
      parts.push_back(std::move(part));
      return absl::OkStatus();
    });
    if (!status.ok() && !absl::IsDataLoss(status)) return status;
    if (status.ok()) {
      auto compiled = snapshot::Snapshot::Compile(std::move(parts), resolver);
      if (compiled.ok()) {
        base_number_ = number;
        base_bytes_ = FileBytes(path);
        return compiled;
      }
      status = absl::DataLossError(StrCat(path, ": ", ToStd(compiled.status().message())));
    }
    damage->emplace_back(status.message());
    directory_.SetAside(path);
  }
  return snapshot::Snapshot::Compiled{};
}

// Applies the journals from base_number_ on, up to the first that stops early; leaves the one to
// go on with in journal_.
absl::Status LastGoodStore::LoadJournals(const snapshot::SecretResolver& resolver,
                                         snapshot::Snapshot::Compiled* compiled,
                                         std::vector<std::string>* damage) {
  LMGATE_ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, directory_.FindNumbers(kJournal));
  uint64_t expected = base_number_;
  uint64_t end_offset = 0;
  bool whole = base_number_ != 0;
  for (const uint64_t number : numbers) {
    journal_number_ = std::max(journal_number_, number);
    const std::string path = directory_.PathOf(kJournal, number);
    if (base_number_ != 0 && number < base_number_) continue;
    if (!whole || number != expected) {
      damage->push_back(StrCat(path, " does not follow on what is usable"));
      directory_.SetAside(path);
      whole = false;
      continue;
    }
    const JournalEnd end = ReadJournalFile(path, [&](const v1::SnapshotDelta& delta) {
      auto next = compiled->snapshot->Apply(delta, resolver);
      if (next.ok()) *compiled = *std::move(next);
      return next.status();
    });
    if (!end.why.ok() && end.why.code() == absl::StatusCode::kUnavailable) return end.why;
    if (!end.why.ok()) {
      damage->push_back(
          StrCat(path, " is cut at byte ", end.offset, ": ", ToStd(end.why.message())));
      whole = false;
    }
    journaled_.bytes += end.offset;
    journaled_.deltas += end.deltas;
    end_offset = end.offset;
    expected = number + 1;
  }
  if (base_number_ == 0) return absl::OkStatus();

  DeleteBefore(base_number_);
  const uint64_t last = expected == base_number_ ? base_number_ : expected - 1;
  LMGATE_ASSIGN_OR_RETURN(
      journal_, end_offset == 0
                    ? RecordWriter::Create(directory_.PathOf(kJournal, last))
                    : RecordWriter::Continue(directory_.PathOf(kJournal, last), end_offset));
  LMGATE_RETURN_IF_ERROR(journal_->Sync());
  LMGATE_RETURN_IF_ERROR(directory_.Sync());
  journal_number_ = last;
  behind_ = false;
  return absl::OkStatus();
}

absl::Status LastGoodStore::StageBase(const std::vector<v1::Snapshot>& parts) {
  DropStagedBase();
  LMGATE_ASSIGN_OR_RETURN(BaseFileWriter writer, BaseFileWriter::Create(StagedPath()));
  for (const v1::Snapshot& part : parts) LMGATE_RETURN_IF_ERROR(writer.Add(part));
  LMGATE_ASSIGN_OR_RETURN(staged_bytes_, writer.Finish());
  return absl::OkStatus();
}

void LastGoodStore::DropStagedBase() {
  staged_bytes_.reset();
  DeleteFile(StagedPath());
}

absl::Status LastGoodStore::CommitBase() {
  if (!staged_bytes_.has_value()) return absl::FailedPreconditionError("no base is staged");
  // A compaction that ends later must not find its files gone, or its number taken.
  WaitForCompaction();
  MarkBehind();
  const uint64_t number = journal_number_ + 1;
  LMGATE_RETURN_IF_ERROR(RenameDurably(StagedPath(), directory_.PathOf(kBase, number), directory_));
  base_number_ = number;
  base_bytes_ = *std::exchange(staged_bytes_, std::nullopt);
  journaled_ = {};
  LMGATE_RETURN_IF_ERROR(StartJournal(number));
  behind_ = false;
  DeleteBefore(number);
  return absl::OkStatus();
}

absl::Status LastGoodStore::StartJournal(uint64_t number) {
  journal_number_ = number;
  LMGATE_ASSIGN_OR_RETURN(journal_, RecordWriter::Create(directory_.PathOf(kJournal, number)));
  return directory_.Sync();
}

void LastGoodStore::DeleteBefore(uint64_t number) {
  for (const std::string_view kind : {kBase, kJournal}) {
    const auto numbers = directory_.FindNumbers(kind);
    if (!numbers.ok()) continue;
    for (const uint64_t old : *numbers) {
      if (old < number) DeleteFile(directory_.PathOf(kind, old));
    }
  }
}

absl::Status LastGoodStore::AppendDelta(const v1::SnapshotDelta& delta) {
  if (behind_) {
    return absl::FailedPreconditionError(
        "the last good snapshot is behind and waits for a full one");
  }
  const uint64_t size_before = journal_->size();
  absl::Status status = AppendToJournal(delta, &*journal_);
  if (status.ok()) status = journal_->Sync();
  if (status.ok()) {
    journaled_.bytes += journal_->size() - size_before;
    ++journaled_.deltas;
    status = CompactIfDue();
    if (status.ok()) return status;
  }
  MarkBehind();
  return status;
}

absl::Status LastGoodStore::CompactIfDue() {
  if (compaction_ != nullptr) {
    if (!compaction_->is_done()) return absl::OkStatus();
    LMGATE_RETURN_IF_ERROR(FinishCompaction());
  }
  const uint64_t bytes_max = std::max(options_.compact_bytes_min, base_bytes_ / 2);
  if (journaled_.bytes <= bytes_max && journaled_.deltas <= options_.compact_deltas) {
    return absl::OkStatus();
  }
  const uint64_t number = journal_number_ + 1;
  Compaction::Plan plan{.base = directory_.PathOf(kBase, base_number_),
                        .journals = {},
                        .temporary = directory_.PathOf("base.folding"),
                        .output = directory_.PathOf(kBase, number),
                        .number = number,
                        .folded = journaled_};
  for (uint64_t folded = base_number_; folded <= journal_number_; ++folded) {
    plan.journals.push_back(directory_.PathOf(kJournal, folded));
  }
  LMGATE_RETURN_IF_ERROR(StartJournal(number));
  compaction_ = std::make_unique<Compaction>(std::move(plan), directory_);
  return absl::OkStatus();
}

// An error = the files themselves are damaged, so that only a full snapshot helps.
absl::Status LastGoodStore::FinishCompaction() {
  compaction_->Wait();
  const Compaction::Plan& plan = compaction_->plan();
  const absl::StatusOr<uint64_t> bytes = compaction_->bytes();
  // After a failure as well: the journals just go on, and the limits are tried anew.
  journaled_.bytes -= plan.folded.bytes;
  journaled_.deltas -= plan.folded.deltas;
  if (bytes.ok()) {
    base_number_ = plan.number;
    base_bytes_ = *bytes;
  } else {
    LogWarn(StrCat("last good snapshot: not compacted: ", ToStd(bytes.status().message())));
  }
  compaction_.reset();
  return absl::IsDataLoss(bytes.status()) ? bytes.status() : absl::OkStatus();
}

void LastGoodStore::WaitForCompaction() {
  if (compaction_ != nullptr && !FinishCompaction().ok()) MarkBehind();
}

void LastGoodStore::MarkBehind() {
  behind_ = true;
  journal_.reset();
}

}  // namespace lmgate::control

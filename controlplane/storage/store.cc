#include "controlplane/storage/store.h"

#include <absl/base/thread_annotations.h>
#include <absl/strings/escaping.h>
#include <absl/strings/str_format.h>
#include <openssl/sha.h>

#include <filesystem>
#include <string_view>
#include <utility>

#include "common/base/logging.h"
#include "common/base/mutex.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "controlplane/storage/change_log.h"
#include "controlplane/storage/change_set.h"
#include "controlplane/storage/database_lock.h"
#include "controlplane/storage/key_table.h"
#include "controlplane/storage/migrator.h"
#include "controlplane/storage/private_file.h"
#include "controlplane/storage/random_bytes.h"
#include "controlplane/storage/resource_table.h"
#include "controlplane/storage/sealed_resource.h"
#include "controlplane/storage/secret_box.h"
#include "controlplane/storage/sqlite_connection.h"
#include "migrations/migration.h"

namespace lmgate::storage {
namespace {

constexpr std::string_view kReadMeta = "SELECT value FROM meta WHERE name = ?";
constexpr std::string_view kInsertMeta = "INSERT INTO meta (name, value) VALUES (?, ?)";
constexpr std::string_view kLineage = "lineage";
constexpr std::string_view kKeyPepper = "key_pepper";
constexpr std::string_view kKeyPepperContext = "meta/key_pepper";
constexpr size_t kKeyPepperBytes = 32;
// Changes forgotten by one commit, so that a lower limit makes none of them slow.
constexpr uint64_t kForgottenAtOnce = 10;

absl::StatusOr<std::string> ParseDatabase(std::string_view database) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (database.starts_with("postgresql:") || database.starts_with("postgres:")) {
    // Its text may hold a password.
    return absl::InvalidArgumentError(
        "database postgresql://…: this version speaks to SQLite only: use sqlite:PATH");
  }
  if (!database.starts_with(kSqlite) || database.size() == kSqlite.size()) {
    return absl::InvalidArgumentError(StrCat("database \"", database, "\": expected sqlite:PATH"));
  }
  return std::string(database.substr(kSqlite.size()));
}

// RFC 9562, version 4.
std::string MakeUuid() {
  std::string bytes = RandomBytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = absl::BytesToHexString(bytes);
  return StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                hex.substr(16, 4), "-", hex.substr(20));
}

// Empty = no such row.
absl::StatusOr<std::string> ReadMeta(SqlConnection& sql, std::string_view name) {
  std::string value;
  LMGATE_RETURN_IF_ERROR(sql.Query(kReadMeta, {name}, [&](const SqlRow& row) {
    value = std::string(row.Bytes(0));
    return absl::OkStatus();
  }));
  return value;
}

absl::Status InsertIdentity(SqlConnection& sql, const SecretBox& box) {
  SqlTransaction transaction(sql);
  LMGATE_RETURN_IF_ERROR(transaction.Begin());
  const std::string lineage = MakeUuid();
  LMGATE_RETURN_IF_ERROR(sql.Execute(kInsertMeta, {kLineage, SqlBlob{lineage}}));
  const std::string sealed = box.Seal(RandomBytes(kKeyPepperBytes), kKeyPepperContext);
  LMGATE_RETURN_IF_ERROR(sql.Execute(kInsertMeta, {kKeyPepper, SqlBlob{sealed}}));
  return transaction.Commit();
}

// The box of this installation: the key file is made together with the database's identity, and
// from then on both belong together.
absl::StatusOr<SecretBox> OpenSecretBox(SqlConnection& sql, const std::string& key_path,
                                        std::string_view database) {
  LMGATE_ASSIGN_OR_RETURN(std::string sealed, ReadMeta(sql, kKeyPepper));
  if (sealed.empty()) {
    LMGATE_ASSIGN_OR_RETURN(const SecretBox box, SecretBox::Create(key_path));
    LMGATE_RETURN_IF_ERROR(InsertIdentity(sql, box));
    return box;
  }
  LMGATE_ASSIGN_OR_RETURN(SecretBox box, SecretBox::Open(key_path));
  if (!box.Unseal(sealed, kKeyPepperContext).ok()) {
    return absl::FailedPreconditionError(
        StrCat(key_path, ": is not the key that database ", database, " was encrypted with"));
  }
  return box;
}

absl::StatusOr<contract::SnapshotState> LoadState(SqlConnection& sql, const SecretBox& box) {
  v1::Snapshot snapshot;
  LMGATE_ASSIGN_OR_RETURN(*snapshot.mutable_lineage(), ReadMeta(sql, kLineage));
  LMGATE_ASSIGN_OR_RETURN(const std::string sealed, ReadMeta(sql, kKeyPepper));
  LMGATE_ASSIGN_OR_RETURN(*snapshot.mutable_key_pepper(), box.Unseal(sealed, kKeyPepperContext));
  LMGATE_ASSIGN_OR_RETURN(const uint64_t revision, ReadNewestRevision(sql));
  snapshot.set_revision(revision);
  uint64_t hash = 0;
  const auto add = [&](v1::ResourceKind kind, std::string_view name, std::string_view body) {
    LMGATE_ASSIGN_OR_RETURN(*snapshot.add_resources(), UnsealResource(body, kind, name, box));
    hash += snapshot.resources().rbegin()->hash();
    return absl::OkStatus();
  };
  for (const v1::ResourceKind kind : {v1::RESOURCE_KIND_CONNECTION, v1::RESOURCE_KIND_ROUTE,
                                      v1::RESOURCE_KIND_GROUP, v1::RESOURCE_KIND_SETTINGS}) {
    LMGATE_RETURN_IF_ERROR(ReadResourceRows(
        sql, kind,
        [&](std::string_view name, std::string_view body) { return add(kind, name, body); }));
  }
  LMGATE_RETURN_IF_ERROR(ReadKeyRows(sql, [&](std::string_view id, std::string_view body) {
    return add(v1::RESOURCE_KIND_KEY, id, body);
  }));
  snapshot.set_hash(hash);
  return contract::SnapshotState::FromSnapshot(std::move(snapshot));
}

std::string ShortDigest(std::string_view digest) {
  if (digest.empty()) return "";
  constexpr size_t kBytes = 8;
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(digest.data()), digest.size(),
         reinterpret_cast<unsigned char*>(hash.data()));
  return hash.substr(0, kBytes);
}

// As the change log keeps it; nullopt for null.
std::optional<std::string> SealForLog(const v1::Resource* resource, const SecretBox& box) {
  if (resource == nullptr) return std::nullopt;
  if (!resource->has_key()) return SealResource(*resource, box);
  v1::Resource shortened = *resource;
  v1::Key* key = shortened.mutable_key();
  key->set_digest(ShortDigest(key->digest()));
  key->set_previous_digest(ShortDigest(key->previous_digest()));
  return SealResource(shortened, box);
}

class SqlStore final : public Store {
 public:
  SqlStore(const Clock& clock, uint64_t changes_max, std::unique_ptr<DatabaseLock> lock,
           SecretBox box, std::unique_ptr<SqlConnection> writer,
           std::unique_ptr<SqlConnection> reader, contract::SnapshotState state)
      : clock_(clock),
        changes_max_(changes_max),
        lock_(std::move(lock)),
        box_(std::move(box)),
        writer_(std::move(writer)),
        reader_(std::move(reader)),
        state_(std::move(state)) {
    state_.ForEach(
        [&](const contract::SnapshotState::ResourcePtr& resource) { index_.Add(resource); });
  }

  void SetCommitListener(CommitListener listener) override {
    MutexLock lock(&writer_mutex_);
    listener_ = std::move(listener);
  }

  void Read(absl::FunctionRef<void(const contract::SnapshotState&)> read) const override {
    MutexLock lock(&state_mutex_);
    read(state_);
  }

  void ReadIndex(absl::FunctionRef<void(const ResourceIndex&)> read) const override {
    MutexLock lock(&state_mutex_);
    read(index_);
  }

  absl::StatusOr<WriteResult> Write(
      const WriteContext& context,
      absl::FunctionRef<
          absl::StatusOr<std::vector<v1::ResourceChange>>(const contract::SnapshotState& current)>
          edit) override {
    MutexLock lock(&writer_mutex_);
    const auto& [state, index] = WritersView();
    if (context.expected_revision.has_value() && *context.expected_revision != state.revision()) {
      return absl::AbortedError(StrCat("the configuration is at revision ", state.revision(),
                                       ", not at ", *context.expected_revision));
    }
    LMGATE_ASSIGN_OR_RETURN(auto changes, edit(state));
    LMGATE_ASSIGN_OR_RETURN(const v1::SnapshotDelta delta, MakeDelta(state, std::move(changes)));
    if (delta.changes().empty()) {
      return WriteResult{.revision = state.revision(), .changed = false};
    }
    LMGATE_RETURN_IF_ERROR(CheckDelta(delta, index));
    const absl::Time now = clock_.Now();
    LMGATE_RETURN_IF_ERROR(Commit(context, delta, state, now));
    Publish(delta);
    if (listener_) listener_(delta, now);
    return WriteResult{.revision = delta.to_revision(), .changed = true};
  }

  absl::StatusOr<std::vector<LoggedChange>> ListChanges(uint64_t before_revision,
                                                        int count) const override {
    MutexLock lock(&reader_mutex_);
    LMGATE_ASSIGN_OR_RETURN(auto rows, ReadChangeRows(*reader_, before_revision, count));
    std::vector<LoggedChange> changes;
    for (ChangeRow& row : rows) {
      LoggedChange change{.revision = row.revision,
                          .time = absl::FromUnixMicros(row.committed_micros),
                          .actor = std::move(row.actor),
                          .operation = std::move(row.operation),
                          .items = {}};
      LMGATE_ASSIGN_OR_RETURN(const auto items, ReadChangeItemRows(*reader_, change.revision));
      for (const ChangeItemRow& item : items) {
        LMGATE_ASSIGN_OR_RETURN(LoggedItem logged, UnsealItem(item));
        change.items.push_back(std::move(logged));
      }
      changes.push_back(std::move(change));
    }
    return changes;
  }

  absl::StatusOr<uint64_t> OldestRevision() const override {
    MutexLock lock(&reader_mutex_);
    LMGATE_ASSIGN_OR_RETURN(const uint64_t oldest_change, ReadOldestRevision(*reader_));
    return oldest_change == 0 ? 0 : oldest_change - 1;
  }

 private:
  struct View {
    const contract::SnapshotState& state;
    const ResourceIndex& index;
  };

  // Only the writer changes the state, so that it may read it without the state's mutex; an `edit`
  // can then take that mutex itself.
  View WritersView() const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return {state_, index_};
  }

  absl::Status Commit(const WriteContext& context, const v1::SnapshotDelta& delta,
                      const contract::SnapshotState& before, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_) {
    SqlTransaction transaction(*writer_);
    LMGATE_RETURN_IF_ERROR(transaction.Begin());
    LMGATE_RETURN_IF_ERROR(InsertChangeRow(*writer_, {.revision = delta.to_revision(),
                                                      .committed_micros = absl::ToUnixMicros(now),
                                                      .actor = context.actor,
                                                      .operation = context.operation}));
    for (int i = 0; i < delta.changes_size(); ++i) {
      const v1::ResourceChange& change = delta.changes(i);
      const auto old = before.Find(change.kind(), change.name());
      LMGATE_RETURN_IF_ERROR(WriteRow(change));
      LMGATE_RETURN_IF_ERROR(InsertChangeItemRow(
          *writer_, delta.to_revision(), i,
          {.kind = change.kind(),
           .name = change.name(),
           .before_body = SealForLog(old.get(), box_),
           .after_body = SealForLog(change.has_resource() ? &change.resource() : nullptr, box_)}));
    }
    if (changes_max_ > 0 && delta.to_revision() > changes_max_) {
      LMGATE_RETURN_IF_ERROR(
          DeleteOldestChangeRows(*writer_, delta.to_revision() - changes_max_, kForgottenAtOnce));
    }
    return transaction.Commit();
  }

  absl::Status WriteRow(const v1::ResourceChange& change)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_) {
    const v1::Resource& resource = change.resource();
    if (change.kind() == v1::RESOURCE_KIND_KEY) {
      if (!change.has_resource()) return DeleteKeyRow(*writer_, change.name());
      return PutKeyRow(*writer_, resource.key(), SealResource(resource, box_));
    }
    if (!change.has_resource()) return DeleteResourceRow(*writer_, change.kind(), change.name());
    const uint64_t revision = WritersView().state.revision() + 1;
    return PutResourceRow(*writer_, change.kind(), change.name(), revision,
                          SealResource(resource, box_));
  }

  void Publish(const v1::SnapshotDelta& delta) ABSL_LOCKS_EXCLUDED(state_mutex_) {
    MutexLock lock(&state_mutex_);
    // All removals before all additions: two routes may swap their order, two keys their names.
    for (const v1::ResourceChange& change : delta.changes()) {
      if (auto old = state_.Find(change.kind(), change.name())) index_.Remove(old);
    }
    LMGATE_CHECK(state_.Apply(delta).ok());
    for (const v1::ResourceChange& change : delta.changes()) {
      if (auto fresh = state_.Find(change.kind(), change.name())) index_.Add(std::move(fresh));
    }
  }

  absl::StatusOr<LoggedItem> UnsealItem(const ChangeItemRow& row) const {
    LoggedItem item{.kind = row.kind, .name = row.name, .before = {}, .after = {}};
    if (row.before_body.has_value()) {
      LMGATE_ASSIGN_OR_RETURN(item.before,
                              UnsealResource(*row.before_body, row.kind, row.name, box_));
    }
    if (row.after_body.has_value()) {
      LMGATE_ASSIGN_OR_RETURN(item.after,
                              UnsealResource(*row.after_body, row.kind, row.name, box_));
    }
    return item;
  }

  // Constant after construction.
  const Clock& clock_;
  const uint64_t changes_max_;  // 0 = all
  const std::unique_ptr<DatabaseLock> lock_;
  const SecretBox box_;

  // Held for a whole Write. Lock order: writer_mutex_, then state_mutex_.
  Mutex writer_mutex_;
  const std::unique_ptr<SqlConnection> writer_ ABSL_PT_GUARDED_BY(writer_mutex_);
  CommitListener listener_ ABSL_GUARDED_BY(writer_mutex_);

  // The change log is read beside the writer.
  mutable Mutex reader_mutex_;
  const std::unique_ptr<SqlConnection> reader_ ABSL_PT_GUARDED_BY(reader_mutex_);

  mutable Mutex state_mutex_;
  contract::SnapshotState state_ ABSL_GUARDED_BY(state_mutex_);
  ResourceIndex index_ ABSL_GUARDED_BY(state_mutex_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Store::Create(Options options, const Clock& clock) {
  LMGATE_ASSIGN_OR_RETURN(const std::string path, ParseDatabase(options.database));
  LMGATE_RETURN_IF_ERROR(CreatePrivateDirectory(options.state_dir));
  const auto parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) LMGATE_RETURN_IF_ERROR(CreatePrivateDirectory(parent.string()));
  LMGATE_ASSIGN_OR_RETURN(auto lock, DatabaseLock::Create(path));
  SqliteConnection::Options sqlite{.path = path,
                                   .read_only = false,
                                   .busy_timeout = options.busy_timeout,
                                   .bytes_max = options.database_bytes_max};
  LMGATE_ASSIGN_OR_RETURN(auto writer, SqliteConnection::Create(sqlite));
  LMGATE_RETURN_IF_ERROR(Migrate(*writer, migrations::SqliteMigrations(), path, clock.Now()));
  const std::string key_path = (std::filesystem::path(options.state_dir) / "secret.key").string();
  LMGATE_ASSIGN_OR_RETURN(SecretBox box, OpenSecretBox(*writer, key_path, path));
  LMGATE_ASSIGN_OR_RETURN(auto state, LoadState(*writer, box));
  sqlite.read_only = true;
  LMGATE_ASSIGN_OR_RETURN(auto reader, SqliteConnection::Create(sqlite));
  return std::make_unique<SqlStore>(clock, options.changes_max, std::move(lock), std::move(box),
                                    std::move(writer), std::move(reader), std::move(state));
}

}  // namespace lmgate::storage

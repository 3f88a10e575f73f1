#include "controlplane/storage/store.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "controlplane/storage/sqlite_connection.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/controlplane/storage/test_resources.h"

namespace lmgate::storage {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::_;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string FileText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

struct Position {
  uint64_t revision = 0;
  uint64_t hash = 0;
  size_t resources = 0;
  std::string lineage;
  std::string pepper;
  bool operator==(const Position&) const = default;
};

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { Open(); }

  Store::Options Options() const {
    return {.database = "sqlite:" + dir_.File("db/lmgate.db"),
            .state_dir = dir_.File("state"),
            .busy_timeout = absl::Milliseconds(1),
            .database_bytes_max = database_bytes_max_,
            .changes_max = changes_max_};
  }
  void Open() {
    auto store = Store::Create(Options(), clock_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }
  void Reopen() {
    store_.reset();
    Open();
  }

  absl::StatusOr<WriteResult> Write(const std::vector<v1::Resource>& resources) {
    return store_->Write({.actor = "ann", .operation = "test", .expected_revision = {}},
                         [&](const contract::SnapshotState& current) {
                           std::vector<v1::ResourceChange> changes;
                           for (const auto& resource : resources) {
                             changes.push_back(Put(current, resource));
                           }
                           return changes;
                         });
  }
  absl::StatusOr<WriteResult> Remove(v1::ResourceKind kind, const std::string& name) {
    return store_->Write(
        {.actor = "ann", .operation = "test", .expected_revision = {}},
        [&](const contract::SnapshotState& current)
            -> absl::StatusOr<std::vector<v1::ResourceChange>> {
          const auto before = current.Find(kind, name);
          if (before == nullptr) return absl::NotFoundError(name);
          return std::vector<v1::ResourceChange>{contract::MakeChange(before.get(), nullptr)};
        });
  }
  absl::StatusOr<WriteResult> AddKey(const std::string& id) {
    return Write({contract::MakeResource(TestKey(id, "key-" + id, "free", "d" + id))});
  }

  Position Now() { return Where(*store_); }
  static Position Where(const Store& store) {
    Position position;
    store.Read([&](const contract::SnapshotState& state) {
      position = {.revision = state.revision(),
                  .hash = state.hash(),
                  .resources = state.size(),
                  .lineage = state.lineage(),
                  .pepper = state.key_pepper()};
    });
    return position;
  }
  std::string ApiKeyOf(const std::string& connection) {
    std::string api_key;
    store_->Read([&](const contract::SnapshotState& state) {
      const auto found = state.Find(v1::RESOURCE_KIND_CONNECTION, connection);
      if (found != nullptr) api_key = found->connection().api_key();
    });
    return api_key;
  }
  // All that is on disk of the database.
  std::string DatabaseBytes() {
    return FileText(dir_.File("db/lmgate.db")) + FileText(dir_.File("db/lmgate.db-wal"));
  }

  testing::TempDir dir_;
  testing::FakeClock clock_;
  uint64_t database_bytes_max_ = 0;
  uint64_t changes_max_ = 0;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, NewDatabaseIsEmptyAtRevisionZero) {
  const Position now = Now();

  EXPECT_EQ(now.revision, 0u);
  EXPECT_EQ(now.hash, 0u);
  EXPECT_EQ(now.pepper.size(), 32u);
  EXPECT_EQ(now.lineage.size(), 36u);
}

TEST_F(StoreTest, EachChangeIsOneRevision) {
  const auto first = Write({contract::MakeResource(TestGroup("free"))});
  const auto second = AddKey("1");

  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->revision, 1u);
  EXPECT_EQ(second->revision, 2u);
  EXPECT_TRUE(second->changed);
}

TEST_F(StoreTest, ChangeOfNothingMakesNoRevision) {
  ASSERT_THAT(Write({contract::MakeResource(TestGroup("free"))}), IsOk());

  const auto again = Write({contract::MakeResource(TestGroup("free"))});

  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->revision, 1u);
  EXPECT_FALSE(again->changed);
}

TEST_F(StoreTest, StaysTheSameWhenOpenedAgain) {
  v1::Connection connection = TestConnection("openai", "sk-literal");
  (*connection.mutable_headers())["x-team"] = "literal";
  v1::Settings settings;
  settings.set_enabled(true);
  ASSERT_THAT(Write({contract::MakeResource(connection),
                     contract::MakeResource(TestRoute("*", "openai", 1)),
                     contract::MakeResource(TestGroup("free")), contract::MakeResource(settings)}),
              IsOk());
  ASSERT_THAT(AddKey("1"), IsOk());
  const Position before = Now();

  Reopen();

  EXPECT_EQ(Now(), before);
  EXPECT_EQ(before.resources, 5u);
  EXPECT_EQ(ApiKeyOf("openai"), "sk-literal");
}

TEST_F(StoreTest, CrashLosesNothingThatWasCommitted) {
  ASSERT_THAT(Write({contract::MakeResource(TestGroup("free"))}), IsOk());
  ASSERT_THAT(AddKey("1"), IsOk());

  // What a power cut would leave: the files as they are, nothing closed.
  std::filesystem::copy(dir_.path(), dir_.path() + "-crashed",
                        std::filesystem::copy_options::recursive);
  Store::Options options = Options();
  options.database = "sqlite:" + dir_.path() + "-crashed/db/lmgate.db";
  const auto crashed = Store::Create(options, clock_);

  ASSERT_THAT(crashed, IsOk());
  EXPECT_EQ(Where(**crashed), Now());
  std::filesystem::remove_all(dir_.path() + "-crashed");
}

TEST_F(StoreTest, LiteralSecretsAreNowhereOnDisk) {
  ASSERT_THAT(Write({contract::MakeResource(TestConnection("openai", "sk-old-literal"))}), IsOk());
  ASSERT_THAT(Write({contract::MakeResource(TestConnection("openai", "sk-new-literal"))}), IsOk());

  EXPECT_THAT(DatabaseBytes(),
              AllOf(Not(HasSubstr("sk-old")), Not(HasSubstr("sk-new")), HasSubstr("openai")));
  EXPECT_THAT(DatabaseBytes(), Not(HasSubstr(Now().pepper)));
}

TEST_F(StoreTest, WrongKeyFileIsRefused) {
  store_.reset();
  std::ofstream(dir_.File("state/secret.key")) << std::string(64, 'a');

  EXPECT_THAT(Store::Create(Options(), clock_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("secret.key"), HasSubstr("is not the key"))));
}

TEST_F(StoreTest, MissingKeyFileIsRefusedAndNotMadeAnew) {
  store_.reset();
  std::filesystem::remove(dir_.File("state/secret.key"));

  EXPECT_THAT(Store::Create(Options(), clock_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("restore it")));
  EXPECT_FALSE(std::filesystem::exists(dir_.File("state/secret.key")));
}

TEST_F(StoreTest, DatabaseFromANewerVersionIsRefused) {
  store_.reset();
  {
    auto sql = *SqliteConnection::Create({.path = dir_.File("db/lmgate.db")});
    ASSERT_THAT(sql->ExecuteScript("INSERT INTO schema_migrations VALUES "
                                   "(2, '0002_future', 'c', '9.9.9', 0)"),
                IsOk());
  }

  EXPECT_THAT(Store::Create(Options(), clock_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("schema version 2"), HasSubstr("9.9.9"),
                             HasSubstr("knows up to 1"))));
}

TEST_F(StoreTest, OneDatabaseHasOneControlPlane) {
  Store::Options other = Options();
  other.database = "sqlite:" + dir_.File("db/../db/lmgate.db");

  EXPECT_THAT(Store::Create(other, clock_), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                     HasSubstr("in use by another control plane")));
  store_.reset();
  EXPECT_THAT(Store::Create(other, clock_), IsOk());
}

TEST_F(StoreTest, OtherDatabasesAreRefusedWithoutRepeatingAPassword) {
  Store::Options other = Options();
  other.database = "postgresql://me:secret@host/db";
  EXPECT_THAT(Store::Create(other, clock_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("sqlite:PATH"), Not(HasSubstr("secret")))));

  for (const char* database : {"", "sqlite:", "lmgate.db"}) {
    other.database = database;
    EXPECT_THAT(Store::Create(other, clock_),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sqlite:PATH")));
  }
}

TEST_F(StoreTest, RefusedChangeChangesNothing) {
  ASSERT_THAT(Write({contract::MakeResource(TestGroup("free"))}), IsOk());
  const Position before = Now();

  EXPECT_FALSE(Write({contract::MakeResource(TestGroup("pro")),
                      contract::MakeResource(TestRoute("*", "missing", 1))})
                   .ok());

  EXPECT_EQ(Now(), before);
  Reopen();
  EXPECT_EQ(Now(), before);
}

TEST_F(StoreTest, EditThatRefusesChangesNothing) {
  EXPECT_THAT(
      store_->Write(
          {},
          [](const contract::SnapshotState&) -> absl::StatusOr<std::vector<v1::ResourceChange>> {
            return absl::NotFoundError("no such key");
          }),
      StatusIs(absl::StatusCode::kNotFound, "no such key"));
  EXPECT_EQ(Now().revision, 0u);
}

TEST_F(StoreTest, OtherRevisionThanExpectedIsAborted) {
  ASSERT_THAT(Write({contract::MakeResource(TestGroup("free"))}), IsOk());

  EXPECT_THAT(store_->Write(
                  {.actor = "", .operation = "", .expected_revision = 0},
                  [](const contract::SnapshotState&) { return std::vector<v1::ResourceChange>(); }),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("revision 1, not at 0")));
}

TEST_F(StoreTest, FullDiskIsResourceExhaustedAndChangesNothing) {
  ASSERT_THAT(Write({contract::MakeResource(TestGroup("free"))}), IsOk());
  database_bytes_max_ = 256 * 1024;
  Reopen();
  std::vector<v1::Resource> many;
  for (int i = 0; i < 2000; ++i) {
    many.push_back(contract::MakeResource(
        TestKey(absl::StrCat("k", i, "x"), absl::StrCat("n", i), "free", absl::StrCat("d", i))));
  }
  const Position before = Now();

  EXPECT_THAT(Write(many), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("full")));

  EXPECT_EQ(Now(), before);
  EXPECT_THAT(AddKey("1"), IsOk());
  Reopen();
  EXPECT_EQ(Now().revision, before.revision + 1);
  EXPECT_EQ(Now().resources, before.resources + 1);
}

TEST_F(StoreTest, LockedDatabaseIsUnavailableAndChangesNothing) {
  ASSERT_THAT(Write({contract::MakeResource(TestGroup("free"))}), IsOk());
  auto other = *SqliteConnection::Create({.path = dir_.File("db/lmgate.db")});
  ASSERT_THAT(other->Begin(), IsOk());
  const Position before = Now();

  EXPECT_THAT(AddKey("1"), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("locked")));

  EXPECT_EQ(Now(), before);
  other->Rollback();
  EXPECT_THAT(AddKey("1"), IsOk());
}

TEST_F(StoreTest, ListenerGetsEveryCommitInOrderAndNoRefusal) {
  contract::SnapshotState follower(Now().lineage, Now().pepper);
  int calls = 0;
  absl::Time committed;
  store_->SetCommitListener([&](const v1::SnapshotDelta& delta, absl::Time time) {
    ++calls;
    committed = time;
    EXPECT_THAT(follower.Apply(delta), IsOk());
  });

  ASSERT_THAT(Write({contract::MakeResource(TestGroup("free"))}), IsOk());
  ASSERT_THAT(AddKey("1"), IsOk());
  ASSERT_THAT(AddKey("1"), IsOk());  // changes nothing
  EXPECT_FALSE(Remove(v1::RESOURCE_KIND_GROUP, "free").ok());
  ASSERT_THAT(Remove(v1::RESOURCE_KIND_KEY, "100000000000"), IsOk());

  EXPECT_EQ(calls, 3);
  EXPECT_EQ(committed, clock_.Now());
  EXPECT_EQ(follower.revision(), Now().revision);
  EXPECT_EQ(follower.hash(), Now().hash);
}

TEST_F(StoreTest, ChangeLogSaysWhoDidWhatNewestFirst) {
  ASSERT_THAT(Write({contract::MakeResource(TestConnection("c", "sk-1"))}), IsOk());
  clock_.Advance(absl::Seconds(5));
  ASSERT_THAT(Write({contract::MakeResource(TestConnection("c", "sk-2"))}), IsOk());
  ASSERT_THAT(Remove(v1::RESOURCE_KIND_CONNECTION, "c"), IsOk());

  const auto changes = store_->ListChanges(0, 10);

  ASSERT_THAT(changes, IsOk());
  ASSERT_EQ(changes->size(), 3u);
  EXPECT_EQ((*changes)[0].revision, 3u);
  EXPECT_EQ((*changes)[0].items[0].after, std::nullopt);
  const Store::LoggedChange& second = (*changes)[1];
  EXPECT_EQ(second.actor, "ann");
  EXPECT_EQ(second.operation, "test");
  EXPECT_EQ(second.time, clock_.Now());
  EXPECT_EQ(second.items[0].name, "c");
  EXPECT_EQ(second.items[0].before->connection().api_key(), "sk-1");
  EXPECT_EQ(second.items[0].after->connection().api_key(), "sk-2");
  EXPECT_EQ((*changes)[2].items[0].before, std::nullopt);
}

TEST_F(StoreTest, ChangeLogComesInPages) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_THAT(Write({contract::MakeResource(TestGroup(absl::StrCat("g", i)))}), IsOk());
  }

  const auto newest = store_->ListChanges(0, 2);
  const auto older = store_->ListChanges(4, 10);

  ASSERT_THAT(newest, IsOk());
  ASSERT_THAT(older, IsOk());
  EXPECT_EQ(newest->size(), 2u);
  EXPECT_EQ(newest->back().revision, 4u);
  EXPECT_EQ(older->size(), 3u);
  EXPECT_EQ(older->front().revision, 3u);
}

TEST_F(StoreTest, ChangeLogKeepsTheNewestAsManyAsItMay) {
  changes_max_ = 3;
  Reopen();
  const auto kept = [&] {
    std::vector<uint64_t> revisions;
    const auto changes = store_->ListChanges(0, 100);
    EXPECT_THAT(changes, IsOk());
    for (const auto& change : *changes) {
      EXPECT_EQ(change.items.size(), 1u);
      revisions.push_back(change.revision);
    }
    return revisions;
  };

  EXPECT_EQ(*store_->OldestRevision(), 0u);
  for (int i = 1; i <= 3; ++i) {
    ASSERT_THAT(Write({contract::MakeResource(TestGroup(absl::StrCat("g", i)))}), IsOk());
  }
  EXPECT_THAT(kept(), ElementsAre(3, 2, 1));
  EXPECT_EQ(*store_->OldestRevision(), 0u);
  ASSERT_THAT(Write({contract::MakeResource(TestGroup("g4"))}), IsOk());
  EXPECT_THAT(kept(), ElementsAre(4, 3, 2));
  EXPECT_EQ(*store_->OldestRevision(), 1u);

  const Position before = Now();
  Reopen();
  EXPECT_EQ(Now(), before);
  EXPECT_THAT(kept(), ElementsAre(4, 3, 2));
}

TEST_F(StoreTest, LongerChangeLogBecomesShorterByAtMostTenACommit) {
  for (int i = 1; i <= 14; ++i) {
    ASSERT_THAT(Write({contract::MakeResource(TestGroup(absl::StrCat("g", i)))}), IsOk());
  }
  changes_max_ = 2;
  Reopen();

  ASSERT_THAT(Write({contract::MakeResource(TestGroup("g15"))}), IsOk());
  EXPECT_EQ(*store_->OldestRevision(), 10u);
  ASSERT_THAT(Write({contract::MakeResource(TestGroup("g16"))}), IsOk());
  EXPECT_EQ(*store_->OldestRevision(), 14u);
  EXPECT_EQ(store_->ListChanges(0, 100)->size(), 2u);
}

TEST_F(StoreTest, ForgottenDigestIsNowhereOnDisk) {
  ASSERT_THAT(Write({contract::MakeResource(TestGroup("free"))}), IsOk());
  v1::Key key = TestKey("1", "ci", "free", "digest-to-be-forgotten");
  ASSERT_THAT(Write({contract::MakeResource(key)}), IsOk());
  key.set_state("revoked");
  key.clear_digest();
  ASSERT_THAT(Write({contract::MakeResource(key)}), IsOk());

  const auto changes = store_->ListChanges(0, 2);
  ASSERT_THAT(changes, IsOk());
  EXPECT_EQ((*changes)[1].items[0].after->key().digest().size(), 8u);
  EXPECT_EQ((*changes)[0].items[0].after->key().digest(), "");
}

TEST_F(StoreTest, ConcurrentWritersLoseNothing) {
  ASSERT_THAT(Write({contract::MakeResource(TestGroup("free"))}), IsOk());
  constexpr int kWriters = 4;
  constexpr int kKeys = 25;
  std::vector<std::vector<uint64_t>> revisions(kWriters);
  std::atomic<uint64_t> last_heard{1};
  std::atomic<bool> in_order{true};
  store_->SetCommitListener([&](const v1::SnapshotDelta& delta, absl::Time) {
    if (delta.from_revision() != last_heard.exchange(delta.to_revision())) in_order = false;
  });

  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int k = 0; k < kKeys; ++k) {
        const auto result = AddKey(absl::StrCat("w", w, "k", k, "x"));
        if (result.ok()) revisions[static_cast<size_t>(w)].push_back(result->revision);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();

  std::set<uint64_t> all;
  for (const auto& mine : revisions) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), size_t{kWriters * kKeys});
  EXPECT_TRUE(in_order);
  EXPECT_EQ(Now().resources, size_t{kWriters * kKeys + 1});
  const Position before = Now();
  Reopen();
  EXPECT_EQ(Now(), before);
}

// The law behind everything: what is on disk, what is in memory and what was told to the listener
// are one state, whatever is done.
TEST_F(StoreTest, RandomChangesKeepDiskMemoryAndListenerEqual) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  contract::SnapshotState follower(Now().lineage, Now().pepper);
  const auto follow = [&] {
    store_->SetCommitListener([&](const v1::SnapshotDelta& delta, absl::Time) {
      EXPECT_THAT(follower.Apply(delta), IsOk());
    });
  };
  follow();

  for (int i = 0; i < 150; ++i) {
    const std::string name = absl::StrCat("n", random() % 4);
    // Some of these are refused: a missing group, a connection in use, a name that is taken.
    switch (random() % 7) {
      case 0:
        (void)Write({contract::MakeResource(TestGroup(name))});
        break;
      case 1:
        (void)Write({contract::MakeResource(TestConnection(name, absl::StrCat("sk", i)))});
        break;
      case 2:
        (void)Write({contract::MakeResource(TestRoute(name, "n1", i))});
        break;
      case 3:
        (void)Write({contract::MakeResource(TestKey(absl::StrCat("k", random() % 6, "x"),
                                                    absl::StrCat("l", random() % 6), name,
                                                    absl::StrCat("d", random() % 8)))});
        break;
      default: {
        const auto kind = static_cast<v1::ResourceKind>(1 + random() % 4);
        (void)Remove(kind, kind == v1::RESOURCE_KIND_KEY ? TestKey("k1x", "", "", "").id() : name);
        break;
      }
    }
    EXPECT_EQ(follower.hash(), Now().hash);
    if (i % 50 == 49) {
      const Position before = Now();
      Reopen();
      EXPECT_EQ(Now(), before);
      follow();
    }
  }
  EXPECT_GT(Now().revision, 10u);
}

TEST_F(StoreTest, HundredThousandKeysDoNotSlowDownAChange) {
  ASSERT_THAT(Write({contract::MakeResource(TestGroup("free"))}), IsOk());
  constexpr int kKeys = 100'000;
  std::vector<v1::Resource> many;
  for (int i = 0; i < kKeys; ++i) {
    many.push_back(contract::MakeResource(TestKey(absl::StrCat("k", i, "x"), absl::StrCat("n", i),
                                                  "free", absl::StrCat("d", i, "."))));
  }
  const absl::Time start = absl::Now();
  ASSERT_THAT(Write(many), IsOk());
  const absl::Time written = absl::Now();
  Reopen();
  const absl::Time loaded = absl::Now();
  constexpr int kChanges = 50;
  for (int i = 0; i < kChanges; ++i) ASSERT_THAT(AddKey(absl::StrCat("a", i, "y")), IsOk());
  const absl::Time changed = absl::Now();

  RecordProperty("write_100k", absl::FormatDuration(written - start));
  RecordProperty("load_100k", absl::FormatDuration(loaded - written));
  RecordProperty("add_one", absl::FormatDuration((changed - loaded) / kChanges));
  EXPECT_EQ(Now().resources, size_t{kKeys + kChanges + 1});
  // Far above what an fsync takes, far below what a visit to every key takes under a sanitizer.
  EXPECT_LT((changed - loaded) / kChanges, absl::Milliseconds(100));
}

}  // namespace
}  // namespace lmgate::storage

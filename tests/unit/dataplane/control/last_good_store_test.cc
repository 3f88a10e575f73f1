#include "dataplane/control/last_good_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "tests/support/snapshot_source.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace lmgate::control {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::SnapshotSource;
using ::lmgate::testing::StatusIs;
using ::lmgate::testing::TempDir;
using ::lmgate::testing::TestConnection;
using ::lmgate::testing::TestDigest;
using ::lmgate::testing::TestGroup;
using ::lmgate::testing::TestKey;
using ::testing::_;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

absl::StatusOr<std::string> NoSecrets(std::string_view) { return absl::NotFoundError("not set"); }

v1::Resource R(auto message) { return contract::MakeResource(std::move(message)); }

// Thousands of starts, each with its syncs: in memory where there is such a place.
std::filesystem::path FastPlace() {
  const std::filesystem::path memory = "/dev/shm";
  return std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
}

class LastGoodStoreTest : public ::testing::Test {
 protected:
  TempDir parent_{FastPlace()};
  const std::string path_ = parent_.File("state");
  LastGoodStore::Options options_{.directory = path_};
  SnapshotSource source_;
  std::unique_ptr<LastGoodStore> store_;
  snapshot::Snapshot::Compiled loaded_;

  LastGoodStoreTest() {
    EXPECT_THAT(SetLogLevel("error"), IsOk());  // each torn byte would be a line
    source_.Change({R(TestGroup("default"))});
  }

  // As a start of the program; the store before it is closed first.
  void Open() {
    store_.reset();
    auto store = LastGoodStore::Open(options_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
    auto loaded = store_->Load(NoSecrets);
    ASSERT_THAT(loaded, IsOk());
    loaded_ = *std::move(loaded);
  }
  void SaveBase() {
    ASSERT_THAT(store_->StageBase(source_.Parts(2)), IsOk());
    ASSERT_THAT(store_->CommitBase(), IsOk());
  }
  v1::SnapshotDelta AddKey(std::string_view name) {
    return source_.Change({R(TestKey(name, name, "default"))});
  }
  void SaveKey(std::string_view name) { ASSERT_THAT(store_->AppendDelta(AddKey(name)), IsOk()); }
  // Revision of what the last Open loaded; -1 = nothing.
  int64_t Loaded() const {
    return loaded_.snapshot == nullptr ? -1 : static_cast<int64_t>(loaded_.snapshot->revision());
  }
  bool HasKey(std::string_view secret) const {
    return loaded_.snapshot->FindKey(TestDigest(secret)) != nullptr;
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string Bytes(const std::string& name) const {
    std::ifstream file(path_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  void SetBytes(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ + "/" + name, std::ios::binary | std::ios::trunc) << bytes;
  }
  // The directory as it is, to come back to it.
  std::map<std::string, std::string> Picture() const {
    std::map<std::string, std::string> picture;
    for (const std::string& name : Names()) picture[name] = Bytes(name);
    return picture;
  }
  void Restore(const std::map<std::string, std::string>& picture) {
    store_.reset();
    for (const std::string& name : Names()) std::filesystem::remove(path_ + "/" + name);
    for (const auto& [name, bytes] : picture) SetBytes(name, bytes);
  }
};

TEST_F(LastGoodStoreTest, HoldsNothingAtFirst) {
  Open();

  EXPECT_EQ(Loaded(), -1);
  EXPECT_TRUE(store_->is_behind());
  EXPECT_THAT(store_->AppendDelta(AddKey("one")),
              StatusIs(absl::StatusCode::kFailedPrecondition, _));
}

TEST_F(LastGoodStoreTest, LoadsTheBaseAndTheDeltasAfterIt) {
  Open();
  SaveBase();
  SaveKey("one");
  SaveKey("two");

  Open();

  EXPECT_EQ(Loaded(), 3);
  EXPECT_EQ(loaded_.snapshot->hash(), source_.state().hash());
  EXPECT_TRUE(HasKey("one"));
  EXPECT_TRUE(HasKey("two"));
}

TEST_F(LastGoodStoreTest, GoesOnWhereItStopped) {
  Open();
  SaveBase();
  SaveKey("one");
  Open();
  SaveKey("two");
  Open();

  EXPECT_EQ(Loaded(), 3);
}

TEST_F(LastGoodStoreTest, ANewBaseReplacesAllThatWas) {
  Open();
  SaveBase();
  SaveKey("one");
  AddKey("unseen");
  SaveBase();

  EXPECT_THAT(Names(), ElementsAre("base-2", "journal-2", "lock"));
  Open();
  EXPECT_EQ(Loaded(), 3);
  EXPECT_TRUE(HasKey("unseen"));
}

TEST_F(LastGoodStoreTest, AStagedBaseThatIsNotCommittedChangesNothing) {
  Open();
  SaveBase();
  AddKey("one");
  ASSERT_THAT(store_->StageBase(source_.Parts()), IsOk());

  Open();

  EXPECT_EQ(Loaded(), 1);
  EXPECT_THAT(Names(), ElementsAre("base-1", "journal-1", "lock"));
}

TEST_F(LastGoodStoreTest, ADroppedBaseCannotBeCommitted) {
  Open();
  ASSERT_THAT(store_->StageBase(source_.Parts()), IsOk());
  store_->DropStagedBase();

  EXPECT_THAT(store_->CommitBase(), StatusIs(absl::StatusCode::kFailedPrecondition, _));
}

TEST_F(LastGoodStoreTest, FilesAreForTheOwnerAlone) {
  Open();
  SaveBase();

  for (const std::string& name : Names()) {
    struct stat info;
    ASSERT_EQ(::stat((path_ + "/" + name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << name;
  }
}

TEST_F(LastGoodStoreTest, SecretsAreStoredAsReferencesAndResolvedAtEachStart) {
  Open();
  source_.Change({R(TestConnection("a", "env:A_KEY"))});
  SaveBase();
  EXPECT_THAT(Bytes("base-1"), HasSubstr("env:A_KEY"));

  store_.reset();
  store_ = LastGoodStore::Open(options_).value();
  const auto loaded =
      store_->Load([](std::string_view) -> absl::StatusOr<std::string> { return "sk-of-today"; });

  EXPECT_THAT(loaded->snapshot->connections()[0]->header_block, HasSubstr("sk-of-today"));
  EXPECT_THAT(Bytes("base-1"), Not(HasSubstr("sk-of-today")));
}

TEST_F(LastGoodStoreTest, CompactsWhenTheJournalHasManyDeltas) {
  options_.compact_deltas = 3;
  Open();
  SaveBase();
  for (const char* key : {"k1", "k2", "k3", "k4"}) SaveKey(key);
  store_->WaitForCompaction();

  EXPECT_THAT(Names(), ElementsAre("base-2", "journal-2", "lock"));
  SaveKey("k5");
  Open();
  EXPECT_EQ(Loaded(), 6);
  EXPECT_EQ(loaded_.snapshot->hash(), source_.state().hash());
  EXPECT_TRUE(HasKey("k1"));
  EXPECT_TRUE(HasKey("k5"));
}

TEST_F(LastGoodStoreTest, CompactsWhenTheJournalHasManyBytes) {
  options_.compact_bytes_min = 1;
  Open();
  SaveBase();
  for (int i = 0; i < 20; ++i) {
    SaveKey(StrCat("k", i));
    store_->WaitForCompaction();
  }

  EXPECT_THAT(Names(), Not(Contains("base-1")));
  EXPECT_THAT(Names(), SizeIs(3));
  Open();
  EXPECT_EQ(Loaded(), 21);
}

TEST_F(LastGoodStoreTest, DeltasGoOnWhileItCompacts) {
  options_.compact_deltas = 5;
  Open();
  SaveBase();
  for (int i = 0; i < 200; ++i) SaveKey(StrCat("k", i));

  Open();

  EXPECT_EQ(Loaded(), 201);
  EXPECT_EQ(loaded_.snapshot->hash(), source_.state().hash());
}

// What a crash in the middle of a compaction can leave.
TEST_F(LastGoodStoreTest, StartsFromEveryStepOfACompaction) {
  Open();
  SaveBase();
  SaveKey("k1");
  SaveKey("k2");
  SaveKey("k3");
  store_.reset();
  const auto before = Picture();
  options_.compact_deltas = 3;
  Open();
  // Folds base-1 and journal-1, this delta included, into base-2.
  ASSERT_THAT(store_->AppendDelta(AddKey("k4")), IsOk());
  store_->WaitForCompaction();
  SaveKey("k5");  // into journal-2
  store_.reset();
  const auto after = Picture();
  // journal-1 as it was when it was folded.
  Restore(before);
  options_.compact_deltas = 1000;
  Open();
  ASSERT_THAT(store_->AppendDelta(source_.changes()[4]), IsOk());
  store_.reset();
  const std::string journal_1 = Bytes("journal-1");
  const std::string& base_1 = before.at("base-1");
  const std::string& base_2 = after.at("base-2");
  const std::string& journal_2 = after.at("journal-2");

  // Journal begun, base not folded yet; half folded; renamed, nothing deleted; base deleted.
  for (const std::map<std::string, std::string>& picture :
       std::vector<std::map<std::string, std::string>>{
           {{"base-1", base_1}, {"journal-1", journal_1}, {"journal-2", journal_2}},
           {{"base-1", base_1},
            {"journal-1", journal_1},
            {"journal-2", journal_2},
            {"base.folding", base_2.substr(0, base_2.size() / 2)}},
           {{"base-1", base_1},
            {"journal-1", journal_1},
            {"base-2", base_2},
            {"journal-2", journal_2}},
           {{"journal-1", journal_1}, {"base-2", base_2}, {"journal-2", journal_2}},
           // The new base went bad, the old one is still there.
           {{"base-1", base_1},
            {"journal-1", journal_1},
            {"base-2", "garbage"},
            {"journal-2", journal_2}}}) {
    Restore(picture);
    Open();
    EXPECT_EQ(Loaded(), 6);
    EXPECT_EQ(loaded_.snapshot->hash(), source_.state().hash());
  }
}

TEST_F(LastGoodStoreTest, AJournalCutAtAnyByteLosesOnlyWhatIsCut) {
  Open();
  SaveBase();
  std::map<size_t, int64_t> revision_by_size = {{8, 1}};
  for (int i = 0; i < 3; ++i) {
    SaveKey(StrCat("k", i));
    revision_by_size[Bytes("journal-1").size()] = i + 2;
  }
  store_.reset();
  const auto picture = Picture();
  const std::string& journal = picture.at("journal-1");

  for (size_t size = 0; size < journal.size(); ++size) {
    Restore(picture);
    SetBytes("journal-1", journal.substr(0, size));
    Open();
    const auto next = revision_by_size.upper_bound(size);
    const int64_t expected = next == revision_by_size.begin() ? 1 : std::prev(next)->second;
    ASSERT_EQ(Loaded(), expected) << size;
    // And it goes on from there.
    const SnapshotSource::ChangeList& changes = source_.changes();
    ASSERT_THAT(store_->AppendDelta(changes[static_cast<size_t>(expected)]), IsOk());
    Open();
    ASSERT_EQ(Loaded(), expected + 1) << size;
  }
}

TEST_F(LastGoodStoreTest, AByteFlippedInTheJournalNeverGivesAWrongSnapshot) {
  Open();
  SaveBase();
  std::map<int64_t, uint64_t> hash_by_revision = {{1, source_.state().hash()}};
  for (int i = 0; i < 3; ++i) {
    SaveKey(StrCat("k", i));
    hash_by_revision[i + 2] = source_.state().hash();
  }
  store_.reset();
  const auto picture = Picture();
  const std::string& journal = picture.at("journal-1");

  for (size_t at = 0; at < journal.size(); ++at) {
    Restore(picture);
    std::string damaged = journal;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    SetBytes("journal-1", damaged);
    Open();
    ASSERT_LT(Loaded(), 4) << at;
    ASSERT_EQ(loaded_.snapshot->hash(), hash_by_revision.at(Loaded())) << at;
    EXPECT_EQ(HasKey("k0"), Loaded() >= 2);
    EXPECT_FALSE(HasKey("k2"));
  }
}

TEST_F(LastGoodStoreTest, ADamagedBaseIsSetAsideWhateverByteItIs) {
  Open();
  SaveBase();
  SaveKey("one");
  store_.reset();
  const auto picture = Picture();
  const std::string& base = picture.at("base-1");

  for (size_t at = 0; at < base.size(); ++at) {
    Restore(picture);
    std::string damaged = base;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    SetBytes("base-1", damaged);
    Open();
    ASSERT_EQ(Loaded(), -1) << at;
    EXPECT_THAT(Names(), UnorderedElementsAre("lock", StartsWith("base-1.damaged-"),
                                              StartsWith("journal-1.damaged-")));
  }
  for (size_t size = 0; size < base.size(); ++size) {
    Restore(picture);
    SetBytes("base-1", base.substr(0, size));
    Open();
    ASSERT_EQ(Loaded(), -1) << size;
  }
  // And the store takes a new one.
  SaveBase();
  Open();
  EXPECT_EQ(Loaded(), 2);
}

TEST_F(LastGoodStoreTest, ABaseOfRecordsThatIsNoSnapshotIsSetAside) {
  Open();
  std::vector<v1::Snapshot> parts = source_.Parts();
  parts[0].set_hash(7);
  ASSERT_THAT(store_->StageBase(parts), IsOk());
  ASSERT_THAT(store_->CommitBase(), IsOk());

  Open();

  EXPECT_EQ(Loaded(), -1);
  EXPECT_THAT(Names(), Contains(StartsWith("base-1.damaged-")));
}

TEST_F(LastGoodStoreTest, AJournalOfAnotherBaseIsCutToNothing) {
  Open();
  SaveBase();
  AddKey("missed");
  ASSERT_THAT(store_->AppendDelta(AddKey("one")), IsOk());

  Open();

  EXPECT_EQ(Loaded(), 1);
  EXPECT_FALSE(HasKey("one"));
}

TEST_F(LastGoodStoreTest, WhenItCannotWriteItIsBehindUntilTheNextBase) {
  Open();
  SaveBase();
  std::filesystem::create_directory(path_ + "/base.new");  // nothing can be staged here
  AddKey("one");
  EXPECT_THAT(store_->StageBase(source_.Parts()), Not(IsOk()));
  store_->MarkBehind();
  EXPECT_THAT(store_->AppendDelta(AddKey("two")),
              StatusIs(absl::StatusCode::kFailedPrecondition, _));

  std::filesystem::remove(path_ + "/base.new");
  SaveBase();
  SaveKey("three");

  EXPECT_FALSE(store_->is_behind());
  Open();
  EXPECT_EQ(Loaded(), 4);
}

}  // namespace
}  // namespace lmgate::control

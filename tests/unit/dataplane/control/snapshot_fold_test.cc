#include "dataplane/control/snapshot_fold.h"

#include <absl/random/random.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "dataplane/control/snapshot_file.h"
#include "tests/support/snapshot_source.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace lmgate::control {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::SnapshotSource;
using ::lmgate::testing::StatusIs;
using ::lmgate::testing::TempDir;
using ::lmgate::testing::TestGroup;
using ::lmgate::testing::TestKey;
using ::lmgate::testing::TestKeyId;
using ::testing::_;

class SnapshotFoldTest : public ::testing::Test {
 protected:
  TempDir directory_;
  SnapshotSource source_;
  const std::string base_ = directory_.File("base");
  const std::string output_ = directory_.File("output");

  SnapshotFoldTest() {
    source_.Change({contract::MakeResource(TestGroup("default")), Key("k1", "one"),
                    Key("k2", "two"), Key("k3", "three")});
    auto writer = BaseFileWriter::Create(base_).value();
    for (const v1::Snapshot& part : source_.Parts(2)) EXPECT_THAT(writer.Add(part), IsOk());
    EXPECT_THAT(writer.Finish(), IsOk());
  }

  static v1::Resource Key(std::string_view id, std::string_view secret) {
    return contract::MakeResource(TestKey(id, secret, "default"));
  }
  std::string Journal(const std::string& name, const std::vector<v1::SnapshotDelta>& deltas) {
    const std::string path = directory_.File(name);
    auto journal = RecordWriter::Create(path).value();
    for (const v1::SnapshotDelta& delta : deltas) {
      EXPECT_THAT(AppendToJournal(delta, &journal), IsOk());
    }
    return path;
  }
  // What the output holds, checked by the contract's own reading of it.
  contract::SnapshotState Output() {
    v1::Snapshot whole;
    EXPECT_THAT(ReadBaseFile(output_,
                             [&whole](v1::Snapshot part) {
                               part.mutable_resources()->Swap(whole.mutable_resources());
                               whole.MergeFrom(part);
                               return absl::OkStatus();
                             }),
                IsOk());
    return contract::SnapshotState::FromSnapshot(whole).value();
  }
  void ExpectOutputIsTheSource() {
    const contract::SnapshotState output = Output();
    EXPECT_EQ(output.revision(), source_.state().revision());
    EXPECT_EQ(output.lineage(), source_.state().lineage());
    EXPECT_EQ(output.key_pepper(), source_.state().key_pepper());
    EXPECT_EQ(contract::Diff(output, source_.state()).changes_size(), 0);
    EXPECT_EQ(output.hash(), source_.state().hash());
  }
};

TEST_F(SnapshotFoldTest, WithoutDeltasItIsTheBase) {
  EXPECT_THAT(FoldSnapshot(base_, {}, output_), IsOk());

  ExpectOutputIsTheSource();
}

TEST_F(SnapshotFoldTest, FoldsChangesRemovalsAndAdditionsOfSeveralJournals) {
  const auto first = Journal(
      "1", {source_.Change({Key("k1", "uno"), Key("k4", "four")}),
            source_.Change({Key("k5", "five")}, {{v1::RESOURCE_KIND_KEY, TestKeyId("k4")}})});
  const auto second = Journal("2", {source_.Change({Key("k1", "eins"), Key("k4", "vier")},
                                                   {{v1::RESOURCE_KIND_KEY, TestKeyId("k2")}})});

  EXPECT_THAT(FoldSnapshot(base_, {first, second}, output_), IsOk());

  ExpectOutputIsTheSource();
}

TEST_F(SnapshotFoldTest, FoldsASnapshotThatBecomesEmpty) {
  const auto journal = Journal("1", {source_.Change({}, {{v1::RESOURCE_KIND_KEY, TestKeyId("k1")},
                                                         {v1::RESOURCE_KIND_KEY, TestKeyId("k2")},
                                                         {v1::RESOURCE_KIND_KEY, TestKeyId("k3")},
                                                         {v1::RESOURCE_KIND_GROUP, "default"}})});

  EXPECT_THAT(FoldSnapshot(base_, {journal}, output_), IsOk());

  ExpectOutputIsTheSource();
}

// The law: the same as contract::SnapshotState::Apply, delta by delta.
TEST_F(SnapshotFoldTest, FoldsAnyDeltasAsTheContractDoes) {
  const uint64_t seed = absl::Uniform<uint64_t>(absl::BitGen());
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::vector<v1::SnapshotDelta> deltas;
  for (int step = 0; step < 300; ++step) {
    const std::string id = TestKeyId(StrCat("k", absl::Uniform(random, 0, 20)));
    const bool is_there = source_.state().Find(v1::RESOURCE_KIND_KEY, id) != nullptr;
    if (is_there && absl::Bernoulli(random, 0.4)) {
      deltas.push_back(source_.Change({}, {{v1::RESOURCE_KIND_KEY, id}}));
    } else {
      deltas.push_back(source_.Change({Key(id, StrCat("s", step))}));
    }
  }
  const auto middle = deltas.begin() + absl::Uniform(random, 0, 300);

  EXPECT_THAT(
      FoldSnapshot(base_,
                   {Journal("1", {deltas.begin(), middle}), Journal("2", {middle, deltas.end()})},
                   output_),
      IsOk());

  ExpectOutputIsTheSource();
}

TEST_F(SnapshotFoldTest, RefusesAJournalThatDoesNotFit) {
  const v1::SnapshotDelta skipped = source_.Change({Key("k1", "uno")});
  const v1::SnapshotDelta delta = source_.Change({Key("k1", "eins")});
  v1::SnapshotDelta wrong_hash = skipped;
  wrong_hash.set_to_hash(7);
  v1::SnapshotDelta wrong_old = skipped;
  wrong_old.mutable_changes(0)->set_old_hash(7);
  v1::SnapshotDelta unknown = skipped;
  unknown.mutable_changes(0)->set_name("nobody000000");

  for (const auto& deltas : std::vector<std::vector<v1::SnapshotDelta>>{
           {delta}, {skipped, skipped}, {wrong_hash}, {wrong_old}, {unknown}}) {
    EXPECT_THAT(FoldSnapshot(base_, {Journal("1", deltas)}, output_),
                StatusIs(absl::StatusCode::kDataLoss, _));
  }
  EXPECT_THAT(FoldSnapshot(base_, {Journal("1", {skipped, delta})}, output_), IsOk());
}

}  // namespace
}  // namespace lmgate::control

#include "controlplane/discovery/full_snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/controlplane/storage/test_resources.h"

namespace lmgate::discovery {
namespace {

using ::testing::ElementsAre;

contract::SnapshotState StateWithGroups(int count) {
  v1::Snapshot snapshot;
  snapshot.set_revision(7);
  snapshot.set_lineage("lineage");
  snapshot.set_key_pepper(std::string(32, 'p'));
  uint64_t hash = 0;
  for (int i = 0; i < count; ++i) {
    *snapshot.add_resources() = contract::MakeResource(storage::TestGroup(StrCat("g", 1000 + i)));
    hash += snapshot.resources(i).hash();
  }
  snapshot.set_hash(hash);
  auto state = contract::SnapshotState::FromSnapshot(std::move(snapshot));
  LMGATE_CHECK(state.ok());
  return *std::move(state);
}

std::vector<v1::SnapshotChunk> Chunks(const FullSnapshot& full, FullSnapshot::Limits limits) {
  std::vector<v1::SnapshotChunk> chunks;
  FullSnapshot::Cursor cursor;
  while (!cursor.done) chunks.push_back(full.NextChunk(&cursor, limits));
  return chunks;
}

std::vector<int> Sizes(const std::vector<v1::SnapshotChunk>& chunks) {
  std::vector<int> sizes;
  for (const v1::SnapshotChunk& chunk : chunks) sizes.push_back(chunk.part().resources_size());
  return sizes;
}

TEST(FullSnapshot, OfNothingIsOneEmptyChunk) {
  const auto chunks = Chunks(FullSnapshot(StateWithGroups(0)), {});

  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_TRUE(chunks[0].last());
  EXPECT_EQ(chunks[0].part().revision(), 7u);
  EXPECT_EQ(chunks[0].part().lineage(), "lineage");
}

TEST(FullSnapshot, EndsAChunkAtTheLimitOfResources) {
  const FullSnapshot full(StateWithGroups(7));

  EXPECT_THAT(Sizes(Chunks(full, {.chunk_resources = 3})), ElementsAre(3, 3, 1));
  EXPECT_THAT(Sizes(Chunks(full, {.chunk_resources = 7})), ElementsAre(7));
  EXPECT_THAT(Sizes(Chunks(full, {.chunk_resources = 6})), ElementsAre(6, 1));
}

TEST(FullSnapshot, EndsAChunkAtTheLimitOfBytes) {
  const contract::SnapshotState state = StateWithGroups(4);
  const size_t bytes = state.Find(v1::RESOURCE_KIND_GROUP, "g1000")->ByteSizeLong();
  const FullSnapshot full(state);

  EXPECT_THAT(Sizes(Chunks(full, {.chunk_bytes = 2 * bytes})), ElementsAre(2, 2));
  EXPECT_THAT(Sizes(Chunks(full, {.chunk_bytes = 2 * bytes - 1})), ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(Sizes(Chunks(full, {.chunk_bytes = 1})), ElementsAre(1, 1, 1, 1));
}

TEST(FullSnapshot, NumbersItsChunksAndMarksTheLast) {
  const auto chunks = Chunks(FullSnapshot(StateWithGroups(3)), {.chunk_resources = 1});

  ASSERT_EQ(chunks.size(), 3u);
  for (uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(chunks[i].index(), i);
    EXPECT_EQ(chunks[i].last(), i == 2);
  }
}

TEST(FullSnapshot, AddsUpToTheState) {
  const contract::SnapshotState state = StateWithGroups(50);
  v1::Snapshot whole;
  for (const auto& chunk : Chunks(FullSnapshot(state), {.chunk_resources = 7})) {
    whole.MergeFrom(chunk.part());
  }

  const auto sum = contract::SnapshotState::FromSnapshot(whole);

  ASSERT_THAT(sum, lmgate::testing::IsOk());
  EXPECT_EQ(sum->hash(), state.hash());
  EXPECT_EQ(sum->key_pepper(), state.key_pepper());
  EXPECT_THAT(contract::Diff(*sum, state).changes(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace lmgate::discovery

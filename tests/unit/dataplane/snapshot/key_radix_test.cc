#include "dataplane/snapshot/key_radix.h"

#include <absl/random/random.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <vector>

namespace lmgate::snapshot {
namespace {

using contract::KeyDigest;

// The prefix decides the leaf, the suffix tells apart what stands in it.
KeyDigest Digest(uint16_t prefix, uint32_t suffix) {
  KeyDigest digest{};
  digest[0] = static_cast<uint8_t>(prefix >> 8);
  digest[1] = static_cast<uint8_t>(prefix);
  for (size_t i = 0; i < 4; ++i) digest[31 - i] = static_cast<uint8_t>(suffix >> (8 * i));
  return digest;
}

// As Digest, and spread over the leaf as an HMAC would be.
KeyDigest SpreadDigest(uint16_t prefix, uint32_t suffix) {
  KeyDigest digest = Digest(prefix, suffix);
  digest[2] = static_cast<uint8_t>(suffix * 149);
  return digest;
}

KeyRecord Record(const KeyDigest& digest, uint64_t hash) {
  KeyRecord record;
  record.digest = digest;
  record.resource_hash = hash;
  return record;
}

std::map<KeyDigest, uint64_t> Contents(const KeyRadix& radix) {
  std::map<KeyDigest, uint64_t> contents;
  radix.ForEach([&](const KeyRecord& record) { contents[record.digest] = record.resource_hash; });
  return contents;
}

TEST(KeyRadix, FindsNothingWhenEmpty) {
  const KeyRadix radix;

  EXPECT_EQ(radix.Find(Digest(0, 0)), nullptr);
  EXPECT_EQ(radix.size(), 0u);
}

TEST(KeyRadix, TellsApartDigestsThatDifferInTheLastBit) {
  KeyRadix radix;
  radix.Insert(Record(Digest(0x1234, 2), 20));
  radix.Insert(Record(Digest(0x1234, 3), 30));

  EXPECT_EQ(radix.Find(Digest(0x1234, 2))->resource_hash, 20u);
  EXPECT_EQ(radix.Find(Digest(0x1234, 3))->resource_hash, 30u);
  EXPECT_EQ(radix.Find(Digest(0x1234, 1)), nullptr);
  EXPECT_EQ(radix.Find(Digest(0x1234, 4)), nullptr);
  EXPECT_EQ(radix.Find(Digest(0x1235, 2)), nullptr);
}

TEST(KeyRadix, RefusesADigestThatIsTaken) {
  KeyRadix radix;
  radix.Insert(Record(Digest(7, 7), 1));

  EXPECT_FALSE(radix.Insert(Record(Digest(7, 7), 2)));

  EXPECT_EQ(radix.Find(Digest(7, 7))->resource_hash, 1u);
  EXPECT_EQ(radix.size(), 1u);
}

TEST(KeyRadix, RefusesToEraseWhatIsNotThere) {
  KeyRadix radix;
  radix.Insert(Record(Digest(7, 7), 1));

  EXPECT_FALSE(radix.Erase(Digest(7, 8)));
  EXPECT_FALSE(radix.Erase(Digest(8, 7)));
  EXPECT_EQ(radix.size(), 1u);
}

TEST(KeyRadix, ACopyKeepsWhatTheOriginalLoses) {
  KeyRadix original;
  for (uint32_t i = 0; i < 8; ++i) original.Insert(Record(Digest(5, i), i));
  const KeyRadix copy = original;

  original.Erase(Digest(5, 3));
  original.Insert(Record(Digest(5, 9), 9));

  EXPECT_EQ(copy.size(), 8u);
  EXPECT_NE(copy.Find(Digest(5, 3)), nullptr);
  EXPECT_EQ(copy.Find(Digest(5, 9)), nullptr);
}

TEST(KeyRadix, AChangeLeavesOtherLeavesWhereTheyAre) {
  KeyRadix before;
  before.Insert(Record(Digest(0x1111, 1), 1));
  before.Insert(Record(Digest(0x1112, 1), 2));
  KeyRadix after = before;

  after.Insert(Record(Digest(0x1111, 2), 3));

  EXPECT_EQ(before.Find(Digest(0x1112, 1)), after.Find(Digest(0x1112, 1)));
  EXPECT_NE(before.Find(Digest(0x1111, 1)), after.Find(Digest(0x1111, 1)));
}

TEST(KeyRadix, ModelListsLiveAsLongAsTheLastRecord) {
  const auto models = std::make_shared<const KeyRecord::Models>();
  auto radix = std::make_unique<KeyRadix>();
  KeyRecord record = Record(Digest(1, 1), 1);
  record.model_list = models;
  radix->Insert(std::move(record));
  auto copy = std::make_unique<KeyRadix>(*radix);
  for (uint32_t i = 2; i < 6; ++i) copy->Insert(Record(Digest(1, i), i));

  radix.reset();
  EXPECT_EQ(copy->Find(Digest(1, 1))->model_list, models);
  copy.reset();

  EXPECT_EQ(models.use_count(), 1);
}

// Against std::map, many versions alive at once; few digests, so that leaves fill, empty and share.
TEST(KeyRadix, BehavesAsAMapThroughAllItsVersions) {
  const uint64_t seed = absl::Uniform<uint64_t>(absl::BitGen());
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  KeyRadix radix;
  std::map<KeyDigest, uint64_t> model;
  std::vector<std::pair<KeyRadix, std::map<KeyDigest, uint64_t>>> versions;
  for (uint64_t step = 0; step < 4000; ++step) {
    const auto prefix = static_cast<uint16_t>(absl::Uniform(random, 0, 5) * 0x1001);
    const uint32_t suffix = absl::Uniform(random, 0u, 40u);
    const bool is_spread = absl::Bernoulli(random, 0.8);
    const KeyDigest digest = is_spread ? SpreadDigest(prefix, suffix) : Digest(prefix, suffix);
    if (absl::Bernoulli(random, 0.5)) {
      ASSERT_EQ(radix.Insert(Record(digest, step)), model.emplace(digest, step).second);
    } else {
      ASSERT_EQ(radix.Erase(digest), model.erase(digest) == 1);
    }
    if (step % 50 == 0) versions.emplace_back(radix, model);
    if (versions.size() > 20) versions.erase(versions.begin() + absl::Uniform(random, 0, 20));
  }

  versions.emplace_back(radix, model);
  for (const auto& [version, expected] : versions) {
    EXPECT_EQ(version.size(), expected.size());
    EXPECT_EQ(Contents(version), expected);
    for (const auto& [digest, hash] : expected) {
      ASSERT_NE(version.Find(digest), nullptr);
      EXPECT_EQ(version.Find(digest)->resource_hash, hash);
    }
  }
}

// For ThreadSanitizer: readers of old versions, which they also let go of, beside the one writer.
TEST(KeyRadix, VersionsMayBeReadAndDroppedWhileTheNextIsMade) {
  KeyRadix radix;
  for (uint32_t i = 0; i < 64; ++i) radix.Insert(Record(Digest(static_cast<uint16_t>(i), 0), i));
  std::vector<std::thread> readers;
  std::atomic<uint64_t> found = 0;
  for (uint32_t round = 0; round < 50; ++round) {
    readers.emplace_back([version = radix, &found]() mutable {
      for (uint32_t i = 0; i < 64; ++i) {
        if (version.Find(Digest(static_cast<uint16_t>(i), 0)) != nullptr) ++found;
      }
      version = KeyRadix();
    });
    radix.Insert(Record(Digest(static_cast<uint16_t>(round), 1), round));
  }
  for (std::thread& reader : readers) reader.join();

  EXPECT_EQ(found, 50u * 64u);
}

}  // namespace
}  // namespace lmgate::snapshot

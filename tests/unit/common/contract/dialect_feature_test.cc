#include "common/contract/dialect_feature.h"

#include <gtest/gtest.h>

#include <set>

namespace lmgate::contract {
namespace {

TEST(DialectFeatures, StandInTheOrderOfTheEnumeration) {
  size_t index = 0;
  for (const FeatureRow& row : DialectFeatures()) {
    EXPECT_EQ(static_cast<size_t>(row.feature), index++) << row.name;
    EXPECT_EQ(&FindFeature(row.feature), &row);
  }
  EXPECT_EQ(index, kFeatureCount);
}

TEST(DialectFeatures, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const FeatureRow& row : DialectFeatures()) {
    EXPECT_FALSE(row.name.empty());
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
  }
}

// A client can ask only for what its dialect has a word for; somebody must have one.
TEST(DialectFeatures, AreSaidInSomeDialect) {
  for (const FeatureRow& row : DialectFeatures()) {
    bool is_said = false;
    for (const std::string_view field : row.field) is_said = is_said || !field.empty();
    EXPECT_TRUE(is_said) << row.name;
  }
}

TEST(DialectFeatures, SayWhatStandsForWhatIsEmulated) {
  for (const FeatureRow& row : DialectFeatures()) {
    for (size_t column = 0; column < kDialectCount; ++column) {
      const bool emulated = row.treatment[column] == Treatment::kEmulated;
      EXPECT_FALSE(emulated && row.note[column].empty()) << row.name << kDialectNames[column];
    }
  }
}

TEST(DialectColumn, FindsEachDialectAndNoOther) {
  for (size_t column = 0; column < kDialectCount; ++column) {
    EXPECT_EQ(DialectColumn(kDialectNames[column]), column);
  }
  EXPECT_EQ(DialectColumn("claude"), kDialectCount);
  EXPECT_EQ(DialectColumn(""), kDialectCount);
}

TEST(TreatmentName, IsAWord) {
  EXPECT_EQ(TreatmentName(Treatment::kMaps), "maps");
  EXPECT_EQ(TreatmentName(Treatment::kEmulated), "emulated");
  EXPECT_EQ(TreatmentName(Treatment::kDropped), "dropped");
  EXPECT_EQ(TreatmentName(Treatment::kRefused), "refused");
}

TEST(DialectFeature, FilesOfOneProviderAreNoneOfAnothers) {
  const FeatureRow& row = FindFeature(Feature::kFileId);
  const size_t chat = DialectColumn("openai-chat");
  const size_t responses = DialectColumn("openai-responses");

  EXPECT_EQ(TreatmentBetween(row, chat, responses), Treatment::kMaps);
  EXPECT_EQ(TreatmentBetween(row, DialectColumn("anthropic"), chat), Treatment::kRefused);
}

}  // namespace
}  // namespace lmgate::contract

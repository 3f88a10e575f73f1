#include "controlplane/storage/migrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "controlplane/storage/sqlite_connection.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace lmgate::storage {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using migrations::Migration;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Migration kOne = {1, "0001_create_a", "CREATE TABLE a (i BIGINT);"};
constexpr Migration kTwo = {2, "0002_create_b", "CREATE TABLE b (i BIGINT);"};
constexpr Migration kBroken = {2, "0002_create_b", "CREATE TABLE b (i BIGINT); NO SQL;"};

class MigratorTest : public ::testing::Test {
 protected:
  absl::Status MigrateTo(const std::vector<Migration>& steps) {
    return Migrate(*sql_, steps, "test.db", absl::FromUnixSeconds(1));
  }

  std::vector<std::string> Tables() {
    std::vector<std::string> tables;
    EXPECT_THAT(sql_->Query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name != "
                            "'schema_migrations' ORDER BY name",
                            {},
                            [&](const SqlRow& row) {
                              tables.emplace_back(row.Bytes(0));
                              return absl::OkStatus();
                            }),
                IsOk());
    return tables;
  }

  testing::TempDir dir_;
  std::unique_ptr<SqlConnection> sql_ = *SqliteConnection::Create({.path = dir_.File("test.db")});
};

TEST_F(MigratorTest, AppliesEachStepOnce) {
  EXPECT_THAT(MigrateTo({kOne}), IsOk());
  EXPECT_THAT(Tables(), ElementsAre("a"));

  EXPECT_THAT(MigrateTo({kOne, kTwo}), IsOk());
  EXPECT_THAT(MigrateTo({kOne, kTwo}), IsOk());
  EXPECT_THAT(Tables(), ElementsAre("a", "b"));
}

TEST_F(MigratorTest, StepThatFailsLeavesNothing) {
  EXPECT_FALSE(MigrateTo({kOne, kBroken}).ok());
  EXPECT_THAT(Tables(), ElementsAre("a"));

  EXPECT_THAT(MigrateTo({kOne, kTwo}), IsOk());
  EXPECT_THAT(Tables(), ElementsAre("a", "b"));
}

TEST_F(MigratorTest, NewerDatabaseIsRefusedWithBothVersions) {
  ASSERT_THAT(MigrateTo({kOne, kTwo}), IsOk());

  EXPECT_THAT(MigrateTo({kOne}), StatusIs(absl::StatusCode::kFailedPrecondition,
                                          AllOf(HasSubstr("test.db"), HasSubstr("schema version 2"),
                                                HasSubstr("knows up to 1"))));
}

TEST_F(MigratorTest, EditedStepIsRefused) {
  ASSERT_THAT(MigrateTo({kOne}), IsOk());

  EXPECT_THAT(MigrateTo({{1, "0001_create_a", "CREATE TABLE a (j BIGINT);"}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("checksum")));
}

TEST_F(MigratorTest, DatabaseOfAnotherProgramIsRefusedAndLeftAlone) {
  ASSERT_THAT(sql_->ExecuteScript("CREATE TABLE theirs (i BIGINT)"), IsOk());

  EXPECT_THAT(MigrateTo({kOne}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not those of lmgate")));
  EXPECT_THAT(Tables(), ElementsAre("theirs"));
}

TEST_F(MigratorTest, EmbeddedStepsAreNumberedWithoutGaps) {
  const auto steps = migrations::SqliteMigrations();

  ASSERT_FALSE(steps.empty());
  for (size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(steps[i].version, static_cast<int>(i) + 1);
    EXPECT_FALSE(steps[i].sql.empty());
  }
  EXPECT_THAT(MigrateTo({steps.begin(), steps.end()}), IsOk());
  EXPECT_THAT(Tables(), ::testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace lmgate::storage

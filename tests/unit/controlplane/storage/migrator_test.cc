#include "controlplane/storage/migrator.h"

#include <absl/strings/str_format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "controlplane/storage/sqlite_connection.h"
#include "tests/support/golden.h"
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

  // Tables, indexes and what else there is, by name.
  std::string Schema() {
    std::string schema;
    EXPECT_THAT(sql_->Query("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name", {},
                            [&](const SqlRow& row) {
                              StrAppend(&schema, row.Bytes(0), ";\n\n");
                              return absl::OkStatus();
                            }),
                IsOk());
    return schema;
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

// A schema as SQLite keeps it, so that what a migration does to it shows in a review: each step
// leaves its version, and a released one never changes.
TEST_F(MigratorTest, SchemaOfEachVersionIsAsReviewed) {
  const auto steps = migrations::SqliteMigrations();
  for (size_t count = 1; count <= steps.size(); ++count) {
    ASSERT_THAT(MigrateTo({steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(count)}),
                IsOk());
    const std::string schema = Schema();
    const std::string file = absl::StrFormat("schema/version_%04d.sql", count);

    EXPECT_EQ(schema, testing::Golden(file, schema))
        << "a new migration: LMGATE_UPDATE_GOLDEN=1 writes " << file;
  }
}

}  // namespace
}  // namespace lmgate::storage

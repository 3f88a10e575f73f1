#include "tests/repo/migration_numbers.h"

#include <gmock/gmock.h>

namespace lmgate::repo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Complaints Check(const std::vector<std::string>& paths) {
  SourceTree tree;
  for (const std::string& path : paths) tree.push_back({.path = "migrations/" + path, .text = ""});
  return CheckMigrations(tree);
}

TEST(MigrationNumbers, OneAfterTheOtherIsFine) {
  EXPECT_THAT(Check({}), IsEmpty());
  EXPECT_THAT(Check({"CMakeLists.txt", "sqlite/0001_create_a.sql", "sqlite/0002_add_b.sql",
                     "postgres/0001_create_a.sql", "postgres/0002_add_b.sql"}),
              IsEmpty());
}

TEST(MigrationNumbers, GapsAndDoublesAreFound) {
  EXPECT_THAT(Check({"sqlite/0001_a.sql", "sqlite/0003_c.sql"}),
              ElementsAre("migrations/sqlite/0003_c.sql: the next number is 0002"));
  EXPECT_THAT(Check({"sqlite/0001_a.sql", "sqlite/0001_b.sql"}),
              ElementsAre("migrations/sqlite/0001_b.sql: the next number is 0002"));
  EXPECT_THAT(Check({"sqlite/0002_a.sql"}), ElementsAre(HasSubstr("the next number is 0001")));
}

TEST(MigrationNumbers, NamesHaveFourDigitsAndWords) {
  for (const char* name : {"1_a.sql", "0001.sql", "0001_.sql", "0001-a.sql", "0001_A.sql"}) {
    EXPECT_THAT(Check({std::string("sqlite/") + name}), ElementsAre(HasSubstr("NNNN_verb_noun")))
        << name;
  }
}

TEST(MigrationNumbers, EveryDatabaseHasTheSameSteps) {
  EXPECT_THAT(Check({"postgres/0001_a.sql", "sqlite/0001_a.sql", "sqlite/0002_b.sql"}),
              ElementsAre("migrations/sqlite: has not the same steps as migrations/postgres"));
}

}  // namespace
}  // namespace lmgate::repo

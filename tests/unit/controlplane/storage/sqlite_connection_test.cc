#include "controlplane/storage/sqlite_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace lmgate::storage {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::IsOkAndHolds;
using ::lmgate::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;

class SqliteConnectionTest : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteConnection> Open(uint64_t bytes_max = 0) {
    auto connection = SqliteConnection::Create({.path = path_,
                                                .read_only = false,
                                                .busy_timeout = absl::Milliseconds(1),
                                                .bytes_max = bytes_max});
    EXPECT_THAT(connection, IsOk());
    return *std::move(connection);
  }

  static absl::StatusOr<int64_t> Count(SqlConnection& sql) {
    int64_t count = -1;
    const absl::Status status = sql.Query("SELECT COUNT(*) FROM t", {}, [&](const SqlRow& row) {
      count = row.Integer(0);
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return count;
  }

  testing::TempDir dir_;
  std::string path_ = dir_.File("t.db");
};

TEST_F(SqliteConnectionTest, GivesBackWhatWasBound) {
  const auto sql = Open();
  ASSERT_THAT(sql->ExecuteScript("CREATE TABLE t (i BIGINT, s TEXT, b BLOB, n TEXT)"), IsOk());
  const std::string bytes("\0\xff", 2);

  ASSERT_THAT(sql->Execute("INSERT INTO t (i, s, b, n) VALUES (?, ?, ?, ?)",
                           {int64_t{-7}, "", SqlBlob{bytes}, nullptr}),
              IsOk());

  int rows = 0;
  EXPECT_THAT(sql->Query("SELECT i, s, b, n FROM t", {},
                         [&](const SqlRow& row) {
                           ++rows;
                           EXPECT_EQ(row.Integer(0), -7);
                           EXPECT_FALSE(row.IsNull(1));
                           EXPECT_EQ(row.Bytes(1), "");
                           EXPECT_EQ(row.Bytes(2), bytes);
                           EXPECT_TRUE(row.IsNull(3));
                           return absl::OkStatus();
                         }),
              IsOk());
  EXPECT_EQ(rows, 1);
}

TEST_F(SqliteConnectionTest, DatabaseFileHasMode0600) {
  const mode_t before = umask(0);
  Open();
  umask(before);

  struct stat found {};
  ASSERT_EQ(stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, mode_t{0600});
}

TEST_F(SqliteConnectionTest, UniqueViolationIsAlreadyExists) {
  const auto sql = Open();
  ASSERT_THAT(sql->ExecuteScript("CREATE TABLE t (i BIGINT UNIQUE); INSERT INTO t VALUES (1)"),
              IsOk());

  EXPECT_THAT(sql->Execute("INSERT INTO t (i) VALUES (?)", {int64_t{1}}),
              StatusIs(absl::StatusCode::kAlreadyExists, _));
}

TEST_F(SqliteConnectionTest, ForeignKeysAreEnforced) {
  const auto sql = Open();
  ASSERT_THAT(sql->ExecuteScript("CREATE TABLE p (i BIGINT PRIMARY KEY);"
                                 "CREATE TABLE t (i BIGINT REFERENCES p (i))"),
              IsOk());

  EXPECT_THAT(sql->Execute("INSERT INTO t (i) VALUES (?)", {int64_t{1}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, _));
}

TEST_F(SqliteConnectionTest, FullDiskIsResourceExhaustedAndRollsBack) {
  const auto sql = Open(16 * 4096);
  ASSERT_THAT(sql->ExecuteScript("CREATE TABLE t (b BLOB)"), IsOk());
  const std::string large(32 * 4096, 'x');

  {
    SqlTransaction transaction(*sql);
    ASSERT_THAT(transaction.Begin(), IsOk());
    ASSERT_THAT(sql->Execute("INSERT INTO t (b) VALUES (?)", {"small"}), IsOk());
    EXPECT_THAT(sql->Execute("INSERT INTO t (b) VALUES (?)", {SqlBlob{large}}),
                StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("full")));
  }

  EXPECT_THAT(Count(*sql), IsOkAndHolds(0));
  EXPECT_THAT(sql->Execute("INSERT INTO t (b) VALUES (?)", {"small"}), IsOk());
}

TEST_F(SqliteConnectionTest, LockedDatabaseIsUnavailable) {
  const auto other = Open();
  ASSERT_THAT(other->ExecuteScript("CREATE TABLE t (i BIGINT)"), IsOk());
  const auto sql = Open();
  ASSERT_THAT(other->Begin(), IsOk());

  EXPECT_THAT(sql->Begin(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("locked")));

  other->Rollback();
  EXPECT_THAT(sql->Begin(), IsOk());
}

TEST_F(SqliteConnectionTest, ReaderSeesCommitsBesideAnOpenTransaction) {
  const auto writer = Open();
  ASSERT_THAT(writer->ExecuteScript("CREATE TABLE t (i BIGINT); INSERT INTO t VALUES (1)"), IsOk());
  auto reader = SqliteConnection::Create({.path = path_, .read_only = true});
  ASSERT_THAT(reader, IsOk());
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(writer->Execute("INSERT INTO t (i) VALUES (?)", {int64_t{2}}), IsOk());

  EXPECT_THAT(Count(**reader), IsOkAndHolds(1));
  ASSERT_THAT(writer->Commit(), IsOk());
  EXPECT_THAT(Count(**reader), IsOkAndHolds(2));
  EXPECT_FALSE((*reader)->Execute("INSERT INTO t (i) VALUES (?)", {int64_t{3}}).ok());
}

TEST_F(SqliteConnectionTest, ErrorOfTheVisitEndsTheQueryAndComesBack) {
  const auto sql = Open();
  ASSERT_THAT(sql->ExecuteScript("CREATE TABLE t (i BIGINT); INSERT INTO t VALUES (1), (2)"),
              IsOk());

  int visits = 0;
  EXPECT_THAT(sql->Query("SELECT i FROM t", {},
                         [&](const SqlRow&) {
                           ++visits;
                           return absl::NotFoundError("enough");
                         }),
              StatusIs(absl::StatusCode::kNotFound, "enough"));
  EXPECT_EQ(visits, 1);
}

TEST_F(SqliteConnectionTest, FileThatIsNoDatabaseIsRefused) {
  std::ofstream(path_) << std::string(8192, 'x');

  EXPECT_THAT(SqliteConnection::Create({.path = path_}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not a database")));
}

TEST_F(SqliteConnectionTest, PathThatCannotBeOpenedIsRefused) {
  EXPECT_THAT(SqliteConnection::Create({.path = dir_.File("missing/t.db")}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("No such file")));
}

}  // namespace
}  // namespace lmgate::storage

#include "dataplane/gateway/access_log.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace lmgate::gateway {
namespace {

std::string Take(AccessLogRing& ring) {
  std::string out;
  ring.TakeAll(&out);
  return out;
}

TEST(AccessLogRing, GivesLinesOnceAndInOrder) {
  AccessLogRing ring;
  ring.Push("a\n");
  ring.Push("b\n");

  EXPECT_EQ(Take(ring), "a\nb\n");
  EXPECT_EQ(Take(ring), "");
}

TEST(AccessLogRing, Wraps) {
  AccessLogRing ring;
  const std::string half(AccessLogRing::kBytes / 2 + 1, 'x');
  const std::string line = std::string(half.size() - 2, 'y') + "z\n";
  ring.Push(half);
  ASSERT_EQ(Take(ring), half);

  ring.Push(line);

  EXPECT_EQ(Take(ring), line);
  EXPECT_EQ(ring.dropped(), 0u);
}

TEST(AccessLogRing, TakesAllItsBytesAndDropsOneMore) {
  AccessLogRing ring;
  const std::string full(AccessLogRing::kBytes, 'x');
  ring.Push(full);

  ring.Push("y");

  EXPECT_EQ(ring.dropped(), 1u);
  EXPECT_EQ(Take(ring), full);
  ring.Push("z");
  EXPECT_EQ(Take(ring), "z");
  EXPECT_EQ(ring.dropped(), 1u);
}

TEST(AccessLogRing, DropsALineThatNeverFits) {
  AccessLogRing ring;

  ring.Push(std::string(AccessLogRing::kBytes + 1, 'x'));

  EXPECT_EQ(ring.dropped(), 1u);
  EXPECT_EQ(Take(ring), "");
}

TEST(AccessLog, WritesWhatIsLeftAtItsEnd) {
  const testing::TempDir directory;
  const std::string path = directory.File("access.log");
  {
    auto log = AccessLog::Create(path, 2);
    ASSERT_THAT(log, testing::IsOk());
    (*log)->ring(0)->Push("a\n");
    (*log)->ring(1)->Push("b\n");
  }

  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(text, ::testing::AnyOf("a\nb\n", "b\na\n"));
  const auto others = std::filesystem::perms::others_all;
  EXPECT_EQ(std::filesystem::status(path).permissions() & others, std::filesystem::perms::none);
}

TEST(AccessLog, OffHasNoRings) {
  const auto log = AccessLog::Create("off", 2);

  ASSERT_THAT(log, testing::IsOk());
  EXPECT_EQ((*log)->ring(0), nullptr);
}

TEST(AccessLog, SaysWhichFileCannotBeOpened) {
  EXPECT_THAT(AccessLog::Create("/nonexistent/access.log", 1),
              testing::StatusIs(absl::StatusCode::kUnavailable,
                                ::testing::HasSubstr("/nonexistent/access.log")));
}

}  // namespace
}  // namespace lmgate::gateway

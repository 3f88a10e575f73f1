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

TEST(AccessLine, IsGolden) {
  AccessRecord record;
  record.time_us = 1'700'000'000'123'456;
  record.request_id = "req-1";
  record.method = "POST";
  record.path = "/v1/chat/completions";
  record.status = 200;
  record.key = "k1";
  record.group = "team";
  record.model = "a\"b";
  record.route = "r";
  record.connection = "c";
  record.upstream_model = "m";
  record.upstream_status = 200;
  record.attempts = 1;
  record.stream = true;
  record.request_bytes = 10;
  record.response_bytes = 20;
  record.duration_us = 30;
  record.first_byte_us = 5;
  record.usage = {.known = true, .prompt_tokens = 1, .completion_tokens = 2, .total_tokens = 3};
  record.revision = 7;
  std::string line;

  AppendAccessLine(&line, record);

  EXPECT_EQ(line,
            R"({"time":"2023-11-14T22:13:20.123Z","request_id":"req-1","method":"POST",)"
            R"("path":"/v1/chat/completions","status":200,"code":"ok","key":"k1","group":"team",)"
            R"("model":"a\"b","route":"r","connection":"c","upstream_model":"m",)"
            R"("upstream_status":200,"attempts":1,"stream":true,"request_bytes":10,)"
            R"("response_bytes":20,"duration_us":30,"first_byte_us":5,"prompt_tokens":1,)"
            R"("completion_tokens":2,"total_tokens":3,"cached_tokens":0,"reasoning_tokens":0,)"
            R"("revision":7})"
            "\n");
}

TEST(AccessLine, LeavesOutWhatIsNotKnown) {
  AccessRecord record;
  record.code = contract::ErrorCode::kInvalidApiKey;
  std::string line;

  AppendAccessLine(&line, record);

  EXPECT_EQ(line,
            R"({"time":"1970-01-01T00:00:00.000Z","status":0,"code":"invalid_api_key",)"
            R"("attempts":0,"stream":false,"request_bytes":0,"response_bytes":0,"duration_us":0,)"
            R"("revision":0})"
            "\n");
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

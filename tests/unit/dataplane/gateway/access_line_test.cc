#include "dataplane/gateway/access_line.h"

#include <gtest/gtest.h>

#include <string>

namespace lmgate::gateway {
namespace {

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
  AccessLineWriter writer;

  const std::string_view line = writer.Write(record);

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
  AccessLineWriter writer;

  const std::string_view line = writer.Write(record);

  EXPECT_EQ(line,
            R"({"time":"1970-01-01T00:00:00.000Z","status":0,"code":"invalid_api_key",)"
            R"("attempts":0,"stream":false,"request_bytes":0,"response_bytes":0,"duration_us":0,)"
            R"("revision":0})"
            "\n");
}

TEST(AccessLine, TellsTheTimeOfEachRecord) {
  AccessLineWriter writer;
  AccessRecord record;
  const auto time_of = [&](int64_t time_us) {
    record.time_us = time_us;
    return std::string(writer.Write(record).substr(9, 24));
  };

  EXPECT_EQ(time_of(1'700'000'000'999'999), "2023-11-14T22:13:20.999Z");
  EXPECT_EQ(time_of(1'700'000'000'001'000), "2023-11-14T22:13:20.001Z");
  EXPECT_EQ(time_of(1'700'000'001'000'000), "2023-11-14T22:13:21.000Z");
  EXPECT_EQ(time_of(1'700'000'000'050'000), "2023-11-14T22:13:20.050Z");
}

}  // namespace
}  // namespace lmgate::gateway

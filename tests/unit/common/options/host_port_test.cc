#include "common/options/host_port.h"

#include "tests/support/status_matchers.h"

namespace lmgate::options {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;

// The text of what was read: equal to what was written.
std::string ReadBack(std::string_view text) {
  const absl::StatusOr<HostPort> address = ParseHostPort(text);
  return address.ok() ? address->Text() : std::string(address.status().message());
}

bool IsLoopback(std::string_view text) {
  const absl::StatusOr<HostPort> address = ParseHostPort(text);
  EXPECT_THAT(address, IsOk());
  return address.ok() && address->IsLoopback();
}

TEST(HostPort, AddressesAndNamesAreReadAndWrittenAlike) {
  for (const std::string_view text :
       {"127.0.0.1:8000", "[::1]:8000", "localhost:0", "gw.example.eu:65535", "my_host-1:80"}) {
    EXPECT_EQ(ReadBack(text), text);
  }
}

TEST(HostPort, TheHostHasNoBrackets) { EXPECT_EQ(ParseHostPort("[::1]:80")->host, "::1"); }

TEST(HostPort, MalformedTextIsRefusedWithTheReason) {
  const struct {
    std::string_view text;
    std::string_view reason;
  } cases[] = {
      {"", "the port is missing"},
      {"localhost", "the port is missing"},
      {":8000", "the host is missing"},
      {"::1:8000", "needs brackets"},
      {"[::1:8000", "needs brackets"},
      {"[]:1", "no host name"},
      {"[127.0.0.1]:8000", "no IPv6 address"},
      {"[::1%lo]:8000", "no IPv6 address"},
      {"127.1:8000", "no IPv4 address"},
      {"2130706433:8000", "no IPv4 address"},
      {"256.0.0.1:8000", "no IPv4 address"},
      {"a b:1", "no host name"},
      {"http://localhost:8000", "needs brackets"},
      {"localhost:", "within 0 and 65535"},
      {"localhost:65536", "within 0 and 65535"},
      {"localhost:-1", "within 0 and 65535"},
      {"localhost:+1", "within 0 and 65535"},
      {"localhost: 1", "within 0 and 65535"},
      {"localhost:80x", "within 0 and 65535"},
  };
  for (const auto& [text, reason] : cases) {
    EXPECT_THAT(ParseHostPort(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(reason))))
        << text;
  }
}

TEST(HostPort, AHostMayHave253BytesAndNoMore) {
  EXPECT_THAT(ParseHostPort(std::string(253, 'a') + ":1"), IsOk());
  EXPECT_THAT(ParseHostPort(std::string(254, 'a') + ":1"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("longer than 253")));
}

TEST(HostPort, LoopbackIsKnownWithoutALookUp) {
  EXPECT_TRUE(IsLoopback("127.0.0.1:1"));
  EXPECT_TRUE(IsLoopback("127.255.0.3:1"));
  EXPECT_TRUE(IsLoopback("[::1]:1"));
  EXPECT_TRUE(IsLoopback("[0:0:0:0:0:0:0:1]:1"));
  EXPECT_TRUE(IsLoopback("[::ffff:127.0.0.1]:1"));
  EXPECT_TRUE(IsLoopback("LocalHost:1"));
}

TEST(HostPort, EverythingElseIsBeyondLoopback) {
  EXPECT_FALSE(IsLoopback("0.0.0.0:1"));
  EXPECT_FALSE(IsLoopback("[::]:1"));
  EXPECT_FALSE(IsLoopback("[::ffff:10.0.0.1]:1"));
  EXPECT_FALSE(IsLoopback("128.0.0.1:1"));
  EXPECT_FALSE(IsLoopback("localhost.example.com:1"));
  EXPECT_FALSE(IsLoopback("127.0.0.1.example.com:1"));
}

}  // namespace
}  // namespace lmgate::options

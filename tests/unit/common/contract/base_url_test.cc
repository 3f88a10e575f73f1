#include "common/contract/base_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace lmgate::contract {
namespace {

using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;
using Scheme = BaseUrl::Scheme;

void ExpectUrl(std::string_view text, const BaseUrl& expected) {
  const auto url = ParseBaseUrl(text);
  ASSERT_TRUE(url.ok()) << text << ": " << url.status();
  EXPECT_EQ(url->scheme, expected.scheme) << text;
  EXPECT_EQ(url->host, expected.host) << text;
  EXPECT_EQ(url->port, expected.port) << text;
  EXPECT_EQ(url->path, expected.path) << text;
  EXPECT_EQ(url->host_header, expected.host_header) << text;
}

TEST(ParseBaseUrl, TakesTheUsualOnesApart) {
  ExpectUrl("https://api.openai.com/v1",
            {Scheme::kHttps, "api.openai.com", 443, "/v1", "api.openai.com"});
  ExpectUrl("http://127.0.0.1:8080/v1",
            {Scheme::kHttp, "127.0.0.1", 8080, "/v1", "127.0.0.1:8080"});
  ExpectUrl("http://localhost", {Scheme::kHttp, "localhost", 80, "", "localhost"});
  ExpectUrl("https://[2001:db8::1]/a/b",
            {Scheme::kHttps, "2001:db8::1", 443, "/a/b", "[2001:db8::1]"});
  ExpectUrl("http://[::1]:81", {Scheme::kHttp, "::1", 81, "", "[::1]:81"});
  ExpectUrl("unix:/run/llm.sock", {Scheme::kUnix, "/run/llm.sock", 0, "", "localhost"});
}

TEST(ParseBaseUrl, PathOfAUnixSocketStandsBehindAColon) {
  ExpectUrl("unix:/run/llm.sock:/v1", {Scheme::kUnix, "/run/llm.sock", 0, "/v1", "localhost"});
  ExpectUrl("unix:/run/a:b:/v1/c//", {Scheme::kUnix, "/run/a:b", 0, "/v1/c", "localhost"});
  ExpectUrl("unix:/run/llm.sock:/", {Scheme::kUnix, "/run/llm.sock", 0, "", "localhost"});
}

TEST(ParseBaseUrl, NormalisesCaseDefaultPortAndTrailingSlashes) {
  ExpectUrl("HTTPS://API.Example.com:443/V1//",
            {Scheme::kHttps, "api.example.com", 443, "/V1", "api.example.com"});
  ExpectUrl("http://h:0080/", {Scheme::kHttp, "h", 80, "", "h"});
}

TEST(ParseBaseUrl, KeepsAPortThatIsTheOtherSchemesDefault) {
  ExpectUrl("http://h:443", {Scheme::kHttp, "h", 443, "", "h:443"});
}

TEST(ParseBaseUrl, SaysWhatIsWrong) {
  const struct {
    std::string_view text;
    std::string_view message;
  } cases[] = {
      {"", "must begin with"},
      {"unix::/v1", "absolute path"},
      {"unix:/run/:/v1", "absolute path"},
      {"unix:/run/llm.sock:/v%1", "percent-encoded"},
      {"api.openai.com/v1", "must begin with"},
      {"ftp://h", "must begin with"},
      {"http:/h", "must begin with"},
      {"http://", "no host"},
      {"http:///v1", "no host"},
      {"http://:80", "no host"},
      {"http://user@h", "user name"},
      {"http://user:secret@h", "user name"},
      {"http://h/v1?x=1", "query"},
      {"http://h/v1#x", "fragment"},
      {"http://h /v1", "white space"},
      {"http://h/v1\r\nx: y", "control character"},
      {"http://h:", "port"},
      {"http://h:0", "port"},
      {"http://h:65536", "port"},
      {"http://h:8o", "port"},
      {"http://h:-1", "port"},
      {"http://h:1:2", "port"},
      {"http://::1/", "no host"},
      {"http://[::1", "\"]\""},
      {"http://[::1]x", "after the \"]\""},
      {"http://[::g]", "cannot be one"},
      {"http://[127.0.0.1]", "cannot be one"},
      {"http://[fe80::1%25eth0]", "cannot be one"},
      {"http://10.0.0.256", "cannot be one"},
      {"http://1.2.3", "cannot be one"},
      {"http://a..b", "cannot be one"},
      {"http://-a", "cannot be one"},
      {"http://h%41", "cannot be one"},
      {"http://größe", "cannot be one"},
      {"http://h/größe", "percent-encoded"},
      {"http://h/a%4", "percent-encoded"},
      {"http://h/a\\b", "percent-encoded"},
      {"unix:relative", "absolute path"},
      {"unix:", "absolute path"},
      {"unix:/", "absolute path"},
      {"unix://h/x/", "absolute path"},
  };
  for (const auto& each : cases) {
    EXPECT_THAT(ParseBaseUrl(each.text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(each.message))))
        << each.text;
  }
}

TEST(ParseBaseUrl, NeverRepeatsAPassword) {
  EXPECT_THAT(ParseBaseUrl("http://user:hunter2@h").status().ToString(),
              ::testing::Not(HasSubstr("hunter2")));
}

TEST(ParseBaseUrl, EndsAt2048Bytes) {
  const std::string at_limit = "http://h/" + std::string(2048 - 9, 'a');

  EXPECT_TRUE(ParseBaseUrl(at_limit).ok());
  EXPECT_THAT(ParseBaseUrl(at_limit + "a"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("2048")));
}

TEST(ParseBaseUrl, SocketPathEndsAt107Bytes) {
  const std::string at_limit = "unix:/" + std::string(106, 'a');

  EXPECT_TRUE(ParseBaseUrl(at_limit).ok());
  EXPECT_FALSE(ParseBaseUrl(at_limit + "a").ok());
}

TEST(ParseBaseUrl, HostNameEndsAt253BytesAndItsLabelsAt63) {
  const std::string label(63, 'a');
  const std::string name = label + "." + label + "." + label + "." + std::string(61, 'a');

  EXPECT_TRUE(ParseBaseUrl("http://" + name).ok());
  EXPECT_FALSE(ParseBaseUrl("http://" + name + "a").ok());
  EXPECT_FALSE(ParseBaseUrl("http://" + label + "a.com").ok());
}

}  // namespace
}  // namespace lmgate::contract

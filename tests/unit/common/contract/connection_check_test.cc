#include "common/contract/connection_check.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "common/contract/config_check.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/contract/refusal_matcher.h"

namespace lmgate::contract {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::Refuses;
using ::testing::HasSubstr;
using ::testing::Not;

// `text` (protobuf text format) on top of a good connection.
absl::Status Check(const std::string& text) {
  v1::Connection connection;
  connection.set_name("openai");
  connection.set_provider("openai");
  connection.set_api_key("env:OPENAI_API_KEY");
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &connection)) << text;
  return CheckConnection(connection);
}

absl::Status CheckHeaderPair(const std::string& name, const std::string& value) {
  v1::Connection connection;
  connection.set_name("openai");
  connection.set_provider("openai");
  connection.set_api_key("env:OPENAI_API_KEY");
  (*connection.mutable_headers())[name] = value;
  return CheckConnection(connection);
}

TEST(CheckConnection, PassesAFullOne) {
  EXPECT_THAT(Check(R"(
    headers { key: 'x-team' value: 'search' } headers { key: 'x-org' value: 'env:ORG' }
    timeouts { connect { seconds: 2 } }
    tls { ca: 'file:/etc/ca.pem' client_cert: '/c.pem' client_key: '/k.pem'
          server_name: 'llm.example.eu' })"),
              IsOk());
}

TEST(CheckConnection, NameHasNoDot) {
  EXPECT_THAT(Check("name: 'a.b'"), Refuses("name"));
  EXPECT_THAT(Check("name: ''"), Refuses("name"));
}

TEST(CheckConnection, ReportsWhatResolvingRefuses) {
  EXPECT_THAT(Check("base_url: 'api.openai.com'"), Refuses("base_url"));
}

TEST(CheckConnection, StaticHeadersMustBeSendable) {
  EXPECT_THAT(CheckHeaderPair("x team", "a"), Refuses("headers[\"x team\"]"));
  EXPECT_THAT(CheckHeaderPair("x-team", "a\r\nb: c"), Refuses("headers[\"x-team\"]"));
  EXPECT_THAT(CheckHeaderPair("x-team", " a"), Refuses("headers[\"x-team\"]"));
  EXPECT_THAT(CheckHeaderPair("x-team", "env:"), Refuses("headers[\"x-team\"]"));
  EXPECT_THAT(CheckHeaderPair("x-team", "stored:0123456789ab"), Refuses("headers[\"x-team\"]"));
}

TEST(CheckConnection, StaticHeadersMustNotFrameTheMessage) {
  for (const char* name : {"Host", "content-length", "Transfer-Encoding", "connection", "TE"}) {
    EXPECT_THAT(CheckHeaderPair(name, "a"), Refuses("headers[\"" + std::string(name) + "\"]"));
  }
}

TEST(CheckConnection, AStaticHeaderCannotDoubleTheCredential) {
  EXPECT_THAT(CheckHeaderPair("Authorization", "env:X"), Refuses("headers[\"Authorization\"]"));
  EXPECT_THAT(CheckHeaderPair("x-api-key", "env:X"), IsOk());
}

TEST(CheckConnection, AStaticHeaderCannotStandInForASignature) {
  v1::Connection connection;
  connection.set_name("bedrock");
  connection.set_provider("aws-bedrock");
  connection.mutable_aws()->set_region("us-east-1");
  (*connection.mutable_headers())["X-Amz-Date"] = "now";
  EXPECT_THAT(CheckConnection(connection), Refuses("headers[\"X-Amz-Date\"]"));

  connection.set_api_key("k");
  EXPECT_THAT(CheckConnection(connection), IsOk());
}

TEST(CheckConnection, HeaderNamesHaveNoCase) {
  EXPECT_THAT(
      Check("headers { key: 'x-a' value: '1' } headers { key: 'X-A' value: '2' }").ToString(),
      HasSubstr("given twice"));
}

TEST(CheckConnection, NeverRepeatsASecret) {
  EXPECT_THAT(CheckHeaderPair("x-team", "hunter2\n").ToString(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(Check("api_key: 'hunter2\\n'").ToString(), Not(HasSubstr("hunter2")));
}

TEST(CheckConnection, ClientCertificateAndKeyBelongTogether) {
  EXPECT_THAT(Check("tls { client_cert: '/c.pem' }"), Refuses("tls.client_key"));
  EXPECT_THAT(Check("tls { client_key: '/k.pem' }"), Refuses("tls.client_cert"));
}

TEST(CheckConnection, TlsFilesAreAbsolutePaths) {
  EXPECT_THAT(Check("tls { ca: 'ca.pem' }"), Refuses("tls.ca"));
  EXPECT_THAT(Check("tls { ca: 'file:ca.pem' }"), Refuses("tls.ca"));
}

TEST(CheckConnection, ServerNameIsAHost) {
  EXPECT_THAT(Check("tls { server_name: 'LLM.example.eu' }"), IsOk());
  for (const char* name : {"a b", "a:443", "a/b", "https://a", "user@a", "a..b"}) {
    EXPECT_THAT(Check("tls { server_name: '" + std::string(name) + "' }"),
                Refuses("tls.server_name"))
        << name;
  }
}

TEST(CheckConnection, HasAtMost1000Headers) {
  v1::Connection connection;
  connection.set_name("openai");
  connection.set_provider("ollama");
  for (int i = 0; i < kListEntriesMax; ++i) {
    (*connection.mutable_headers())["x-" + std::to_string(i)] = "v";
  }
  EXPECT_THAT(CheckConnection(connection), IsOk());

  (*connection.mutable_headers())["x-more"] = "v";
  EXPECT_THAT(CheckConnection(connection), Refuses("headers"));
}

}  // namespace
}  // namespace lmgate::contract

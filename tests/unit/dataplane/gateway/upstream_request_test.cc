#include "dataplane/gateway/upstream_request.h"

#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

namespace lmgate::gateway {
namespace {

using contract::EffectiveConnection;
using http1::HeaderId;
using ::testing::HasSubstr;
using ::testing::Not;

class UpstreamRequestTest : public ::testing::Test {
 protected:
  UpstreamRequestTest() {
    connection_.config.base_url.path = "/v1";
    connection_.header_block = "Host: provider\r\nauthorization: Bearer sk\r\n";
    connection_.own_headers = {"host", "authorization"};
    request_.connection = &connection_;
    request_.method = "POST";
    request_.path = "/chat/completions";
    request_.request_id = "req-1";
  }

  // Encodes the request with `lines` as the client's header lines.
  std::string Encode(std::string_view lines = {}) {
    head_text_ = "POST / HTTP/1.1\r\nHost: gateway\r\n" + std::string(lines) + "\r\n";
    EXPECT_EQ(http1::ScanRequestHead(head_text_, &head_).status, http1::ScanStatus::kComplete);
    request_.headers = head_.headers();
    encoded_.Encode(request_);
    return Text();
  }
  std::string Text() {
    std::string text;
    for (const iovec& piece : encoded_.Rewind()) {
      text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    return text;
  }

  snapshot::UpstreamConnection connection_;
  UpstreamRequest request_;
  EncodedRequest encoded_;
  std::string head_text_;
  http1::RequestHead head_;
};

TEST_F(UpstreamRequestTest, IsGolden) {
  request_.body = "{}";
  request_.has_body = true;

  EXPECT_EQ(Encode("Content-Type: application/json\r\nUser-Agent: sdk\r\nX-Other: a\r\n"),
            "POST /v1/chat/completions HTTP/1.1\r\nHost: provider\r\nauthorization: Bearer sk\r\n"
            "Content-Type: application/json\r\nUser-Agent: sdk\r\nx-request-id: req-1\r\n"
            "content-length: 2\r\n\r\n{}");
}

TEST_F(UpstreamRequestTest, RemovesCredentialsAndWhatBelongsToTheHop) {
  EXPECT_EQ(
      Encode(
          "Authorization: Bearer lmg\r\nX-Api-Key: lmg\r\nApi-Key: lmg\r\nX-Goog-Api-Key: lmg\r\n"
          "Cookie: a=b\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
          "Trailer: x\r\nUpgrade: h2c\r\nProxy-Authorization: Basic x\r\n"
          "Proxy-Connection: close\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n"
          "Accept-Encoding: gzip\r\nX-Forwarded-For: 1.2.3.4\r\nX-Request-Id: theirs\r\n"),
      "POST /v1/chat/completions HTTP/1.1\r\nHost: provider\r\nauthorization: Bearer sk\r\n"
      "x-request-id: req-1\r\n\r\n");
}

TEST_F(UpstreamRequestTest, RouteCannotForwardCredentialsOrFraming) {
  const std::vector<std::string> names{
      "authorization",  "x-api-key", "connection",        "te",
      "content-length", "host",      "transfer-encoding", "x-mine"};
  request_.forward_headers = names;

  EXPECT_EQ(Encode("Authorization: Bearer lmg\r\nX-Api-Key: lmg\r\nConnection: close\r\n"
                   "TE: trailers\r\nContent-Length: 9\r\nX-Mine: yes\r\n"),
            "POST /v1/chat/completions HTTP/1.1\r\nHost: provider\r\nauthorization: Bearer sk\r\n"
            "X-Mine: yes\r\nx-request-id: req-1\r\n\r\n");
}

TEST_F(UpstreamRequestTest, RemovesWhatConnectionNames) {
  EXPECT_THAT(Encode("Connection: OpenAI-Beta\r\nOpenAI-Beta: a\r\nOpenAI-Beta: b\r\n"),
              Not(HasSubstr("OpenAI-Beta")));
}

TEST_F(UpstreamRequestTest, ConnectionCannotRemoveWhatTheGatewaySetsOrReadTheBodyBy) {
  request_.body = "{}";
  request_.has_body = true;

  EXPECT_EQ(Encode("Connection: content-length, authorization, host, x-request-id\r\n"
                   "Connection: content-type, content-encoding\r\n"
                   "Content-Type: a\r\nContent-Encoding: b\r\n"),
            "POST /v1/chat/completions HTTP/1.1\r\nHost: provider\r\nauthorization: Bearer sk\r\n"
            "Content-Type: a\r\nContent-Encoding: b\r\nx-request-id: req-1\r\n"
            "content-length: 2\r\n\r\n{}");
}

TEST_F(UpstreamRequestTest, UpgradesEndHere) {
  EXPECT_EQ(Encode("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c, websocket\r\n"
                   "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"),
            "POST /v1/chat/completions HTTP/1.1\r\nHost: provider\r\nauthorization: Bearer sk\r\n"
            "x-request-id: req-1\r\n\r\n");
}

TEST_F(UpstreamRequestTest, RequestIdIsSentOnce) {
  const std::vector<std::string> names{"x-request-id"};
  request_.forward_headers = names;

  EXPECT_THAT(Encode("X-Request-Id: theirs\r\n"), Not(HasSubstr("theirs")));
}

TEST_F(UpstreamRequestTest, ConnectionsOwnHeadersReplaceTheClients) {
  connection_.header_block += "anthropic-version: 1\r\n";
  connection_.own_headers.push_back("anthropic-version");

  EXPECT_THAT(Encode("Anthropic-Version: 2\r\n"), Not(HasSubstr("Anthropic-Version: 2")));
}

TEST_F(UpstreamRequestTest, PassthroughKeepsTheCredentialButNotTheVirtualKey) {
  connection_.config.auth_mode = EffectiveConnection::AuthMode::kPassthrough;
  connection_.header_block = "Host: provider\r\n";
  request_.key_header = HeaderId::kXApiKey;

  const std::string text = Encode("Authorization: Bearer own\r\nX-Api-Key: lmg\r\n");

  EXPECT_THAT(text, HasSubstr("Authorization: Bearer own\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("lmg")));
}

TEST_F(UpstreamRequestTest, PassthroughKeepsTheVirtualKeyInNoHeader) {
  connection_.config.auth_mode = EffectiveConnection::AuthMode::kPassthrough;
  connection_.header_block = "Host: provider\r\n";
  request_.key_header = HeaderId::kAuthorization;

  EXPECT_THAT(Encode("Authorization: Bearer lmg-1\r\nX-Api-Key: lmg-1\r\nApi-Key:  lmg-1\r\n"),
              Not(HasSubstr("lmg-1")));
  request_.key_header = HeaderId::kOther;
  request_.query = "key=lmg%2D1";
  const std::string text = Encode("Authorization: Bearer lmg-1\r\nX-Api-Key: own\r\n");
  EXPECT_THAT(text, Not(HasSubstr("lmg-1")));
  EXPECT_THAT(text, HasSubstr("X-Api-Key: own\r\n"));
}

TEST_F(UpstreamRequestTest, QueryLosesItsKey) {
  request_.query = "key=lmg&a=b";
  EXPECT_THAT(Encode(), HasSubstr("POST /v1/chat/completions?a=b HTTP/1.1\r\n"));

  request_.query = "key=lmg";
  EXPECT_THAT(Encode(), HasSubstr("POST /v1/chat/completions HTTP/1.1\r\n"));
}

TEST_F(UpstreamRequestTest, QueryNamesTheTargetsModelHoweverTheClientSpeltIt) {
  request_.query = "model=a&mod%65l=b&x=y";
  request_.place.kind = ModelPlace::Kind::kQuery;
  request_.client_model = "a";
  request_.model = "org/real";

  EXPECT_THAT(Encode(), HasSubstr("?model=org%2Freal&model=org%2Freal&x=y HTTP/1.1\r\n"));
}

TEST_F(UpstreamRequestTest, SplicesTheModelIntoJson) {
  request_.body = R"({"model":"a","n":1})";
  request_.has_body = true;
  request_.place = {.kind = ModelPlace::Kind::kJson, .offset = 9, .bytes = 3};
  request_.client_model = "a";
  request_.model = "b\"c";

  const std::string text = Encode();

  EXPECT_THAT(text, HasSubstr("content-length: 22\r\n\r\n"));
  EXPECT_TRUE(text.ends_with("\r\n\r\n{\"model\":\"b\\\"c\",\"n\":1}")) << text;
  EXPECT_EQ(Text(), text) << "Rewind gives all pieces again";
}

TEST_F(UpstreamRequestTest, SplicesTheModelIntoMultipart) {
  request_.body = "--X\r\nabc\r\n--X--";
  request_.has_body = true;
  request_.place = {.kind = ModelPlace::Kind::kMultipart, .offset = 5, .bytes = 3};
  request_.client_model = "abc";
  request_.model = "z";

  EXPECT_TRUE(Encode().ends_with("content-length: 13\r\n\r\n--X\r\nz\r\n--X--")) << Text();
}

TEST_F(UpstreamRequestTest, SameModelLeavesTheBodyUntouched) {
  request_.body = R"({"model":"\u0061"})";
  request_.has_body = true;
  request_.place = {.kind = ModelPlace::Kind::kJson, .offset = 9, .bytes = 8};
  request_.client_model = "a";
  request_.model = "a";

  EXPECT_TRUE(Encode().ends_with("\r\n\r\n{\"model\":\"\\u0061\"}"));
}

}  // namespace
}  // namespace lmgate::gateway

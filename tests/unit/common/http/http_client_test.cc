#include "common/http/http_client.h"

#include <absl/strings/numbers.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "common/base/strings.h"
#include "tests/support/scripted_upstream.h"
#include "tests/support/status_matchers.h"

namespace lmgate::http {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::ScriptedUpstream;
using ::lmgate::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;

class HttpClientTest : public ::testing::Test {
 protected:
  // A call to a server that answers so.
  HttpCall To(ScriptedUpstream::Answer answer) {
    server_ = std::make_unique<ScriptedUpstream>(std::vector{std::move(answer)});
    const std::string url = server_->base_url();  // http://127.0.0.1:PORT/v1
    int port = 0;
    EXPECT_TRUE(absl::SimpleAtoi(url.substr(17, url.size() - 20), &port)) << url;
    return {.host = "127.0.0.1", .port = static_cast<uint16_t>(port)};
  }

  std::unique_ptr<ScriptedUpstream> server_;
  HttpClient client_{{.timeout = absl::Seconds(10), .reply_bytes_max = 1000}};
};

TEST_F(HttpClientTest, SendsACallAndReadsTheReply) {
  HttpCall call = To({.bytes = "HTTP/1.1 201 Made\r\nContent-Length: 5\r\n\r\nhello"});
  call.method = HttpCall::Method::kPost;
  call.target = "/a?b=c";
  call.headers = {{"X-Team", "search"}};
  call.body = "question";

  const auto reply = client_.Send(call);

  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->status, 201);
  EXPECT_EQ(reply->body, "hello");
  EXPECT_EQ(server_->requests().at(0),
            StrCat("POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:", call.port,
                   "\r\nConnection: close\r\nAccept: */*\r\nX-Team: search\r\n"
                   "Content-Length: 8\r\n\r\nquestion"));
}

TEST_F(HttpClientTest, ReadsAChunkedReplyAndOneThatEndsWithTheConnection) {
  EXPECT_EQ(client_
                .Send(To({.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"}))
                ->body,
            "abc");
  EXPECT_EQ(client_.Send(To({.bytes = "HTTP/1.1 200 OK\r\n\r\nabc", .close = true}))->body, "abc");
}

TEST_F(HttpClientTest, AReplyHasALimit) {
  const auto reply_of = [this](size_t bytes) {
    return client_.Send(To({.bytes = StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", bytes,
                                            "\r\n\r\n", std::string(bytes, 'x'))}));
  };

  EXPECT_THAT(reply_of(1000), IsOk());
  EXPECT_THAT(reply_of(1001).status(), StatusIs(absl::StatusCode::kUnavailable, _));
}

TEST_F(HttpClientTest, AnIncompleteReplyIsNone) {
  EXPECT_THAT(
      client_.Send(To({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", .close = true}))
          .status(),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("answer:")));
  EXPECT_THAT(client_.Send(To({.bytes = "what?\r\n\r\n", .close = true})).status(),
              StatusIs(absl::StatusCode::kUnavailable, _));
}

TEST_F(HttpClientTest, NobodyThereIsUnavailable) {
  const HttpCall call{.host = "127.0.0.1", .port = 1};

  EXPECT_THAT(client_.Send(call).status(),
              StatusIs(absl::StatusCode::kUnavailable, "connect: Connection refused"));
}

TEST_F(HttpClientTest, ACallHasADeadline) {
  HttpClient client({.timeout = absl::Milliseconds(30)});

  EXPECT_THAT(client.Send(To({.bytes = ""})).status(),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("30ms")));
}

TEST_F(HttpClientTest, StopEndsTheCallThatRunsAndAllLaterOnes) {
  const HttpCall call = To({.bytes = ""});
  std::thread stopper([this] {
    while (server_->requests().empty()) std::this_thread::yield();
    client_.Stop();
  });

  EXPECT_THAT(client_.Send(call).status(), StatusIs(absl::StatusCode::kCancelled, _));

  stopper.join();
  EXPECT_THAT(client_.Send(call).status(), StatusIs(absl::StatusCode::kCancelled, _));
  EXPECT_EQ(server_->requests().size(), 1U);
}

// One that speaks no TLS answers with something else than a handshake.
TEST_F(HttpClientTest, TlsIsNotLeftOut) {
  HttpCall call = To({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .close = true});
  call.tls = true;
  HttpClient client({.timeout = absl::Milliseconds(300)});

  EXPECT_FALSE(client.Send(call).ok());
}

}  // namespace
}  // namespace lmgate::http

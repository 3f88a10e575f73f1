#include "common/http/admin_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

#include "common/base/strings.h"
#include "tests/support/status_matchers.h"

namespace lmgate::http {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// A client on a plain socket, which sends what it is told to.
class RawClient {
 public:
  explicit RawClient(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    // Deadline of a test that would otherwise hang.
    const timeval deadline{.tv_sec = 20, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawClient() { close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool is_connected() const { return is_connected_; }

  // False when the server has closed.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // True when there is something to receive, be it the close.
  bool HearsWithin(absl::Duration duration) {
    pollfd descriptor{.fd = socket_, .events = POLLIN, .revents = 0};
    return poll(&descriptor, 1, static_cast<int>(absl::ToInt64Milliseconds(duration))) > 0;
  }

  // Everything up to and including `end`, or up to the close.
  std::string ReceiveUntil(std::string_view end) {
    while (received_.find(end) == std::string::npos && ReceiveMore()) {
    }
    const size_t found = received_.find(end);
    const size_t bytes = found == std::string::npos ? received_.size() : found + end.size();
    std::string result = received_.substr(0, bytes);
    received_.erase(0, bytes);
    return result;
  }

  // Everything until the server closes; fails the test when it does not.
  std::string ReceiveAll() {
    while (ReceiveMore()) {
    }
    EXPECT_TRUE(is_closed_) << "the server did not close";
    return std::exchange(received_, "");
  }

 private:
  bool ReceiveMore() {
    std::array<char, 65536> block;
    const ssize_t count = recv(socket_, block.data(), block.size(), 0);
    // A reset is a close, too; running into the deadline is not.
    is_closed_ = count == 0 || (count < 0 && errno == ECONNRESET);
    if (count > 0) received_.append(block.data(), static_cast<size_t>(count));
    return count > 0;
  }

  const int socket_;
  bool is_connected_ = false;
  bool is_closed_ = false;
  std::string received_;
};

// A server whose handler knows /healthz and /big and tells what it was asked.
class AdminServerTest : public ::testing::Test {
 protected:
  void Start(AdminServer::Options options = {}) {
    auto server = AdminServer::Create(
        std::move(options), [this](const AdminRequest& request) { return Handle(request); });
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
  }

  AdminResponse Handle(const AdminRequest& request) {
    ++requests_;
    if (request.path == "/healthz") {
      return {.body = StrCat(request.method, " ", request.target, "\n")};
    }
    if (request.path == "/big") return {.body = std::string(64 << 20, 'x')};
    return {.status = 404, .content_type = "application/json", .body = "{\"error\":1}\n"};
  }

  // The whole answer to one request, after which the server closes.
  std::string Exchange(std::string_view request) {
    RawClient client(server_->port());
    EXPECT_TRUE(client.Send(request));
    return client.ReceiveAll();
  }

  std::atomic<int> requests_ = 0;
  std::unique_ptr<AdminServer> server_;
};

constexpr std::string_view kClose = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

TEST_F(AdminServerTest, GetIsAnswered) {
  Start();

  EXPECT_EQ(Exchange(StrCat("GET /healthz", kClose)),
            "HTTP/1.1 200 OK\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Cache-Control: no-store\r\n"
            "Content-Length: 13\r\n"
            "Connection: close\r\n"
            "\r\n"
            "GET /healthz\n");
}

TEST_F(AdminServerTest, TheHandlerDecidesStatusAndContentType) {
  Start();

  EXPECT_THAT(Exchange(StrCat("GET /nowhere", kClose)),
              AllOf(StartsWith("HTTP/1.1 404 Not Found\r\n"),
                    HasSubstr("Content-Type: application/json\r\n"), EndsWith("{\"error\":1}\n")));
}

TEST_F(AdminServerTest, ThePathIsTheTargetWithoutItsQuery) {
  Start();

  EXPECT_THAT(Exchange(StrCat("GET /healthz?a=b?c", kClose)), EndsWith("GET /healthz?a=b?c\n"));
}

TEST_F(AdminServerTest, HeadHasTheLengthButNoBody) {
  Start();

  EXPECT_THAT(Exchange(StrCat("HEAD /healthz", kClose)),
              AllOf(HasSubstr("Content-Length: 14\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(AdminServerTest, AConnectionServesManyRequests) {
  Start();
  RawClient client(server_->port());

  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.Send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT_THAT(client.ReceiveUntil("GET /healthz\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
}

TEST_F(AdminServerTest, PipelinedRequestsAreAnsweredInOrder) {
  Start();

  const std::string answers =
      Exchange(StrCat("GET /healthz?1 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /healthz?2", kClose));

  const size_t first = answers.find("GET /healthz?1\n");
  ASSERT_NE(first, std::string::npos);
  EXPECT_NE(answers.find("GET /healthz?2\n", first), std::string::npos);
}

TEST_F(AdminServerTest, AnHttp10ClientIsClosedAfterItsAnswer) {
  Start();

  EXPECT_THAT(Exchange("GET /healthz HTTP/1.0\r\n\r\n"), EndsWith("GET /healthz\n"));
}

TEST_F(AdminServerTest, ARequestMayArriveByteByByte) {
  Start();
  RawClient client(server_->port());

  for (const char c : StrCat("GET /healthz", kClose)) ASSERT_TRUE(client.Send({&c, 1}));

  EXPECT_THAT(client.ReceiveAll(), EndsWith("GET /healthz\n"));
}

TEST_F(AdminServerTest, OtherMethodsGet405AndTheConnectionStays) {
  Start();

  const std::string answers =
      Exchange(StrCat("DELETE /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
                      "BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "GET /healthz", kClose));

  EXPECT_THAT(answers, AllOf(StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"),
                             HasSubstr("Allow: GET, HEAD\r\n"), EndsWith("GET /healthz\n")));
  EXPECT_EQ(requests_, 1);
}

TEST_F(AdminServerTest, ABodyIsRefusedAndTheConnectionClosed) {
  Start();

  EXPECT_THAT(Exchange("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(
      Exchange("POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      StartsWith("HTTP/1.1 413 "));
  EXPECT_EQ(requests_, 0);
}

TEST_F(AdminServerTest, AnEmptyBodyIsNone) {
  Start();

  EXPECT_THAT(Exchange("GET /healthz HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
              EndsWith("GET /healthz\n"));
}

TEST_F(AdminServerTest, GarbageGets400) {
  Start();

  for (const std::string_view garbage :
       {"garbage\r\n\r\n", "\x16\x03\x01\x02\x01\x01\x01\r\n\r\n", "GET / HTTP/3.0\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"}) {
    EXPECT_THAT(Exchange(garbage),
                AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("Connection: close\r\n")))
        << garbage;
  }
  EXPECT_EQ(requests_, 0);
}

// A request whose head has so many bytes.
std::string RequestOfHeadBytes(size_t bytes) {
  const std::string start = "GET /healthz HTTP/1.1\r\nConnection: close\r\nX-Padding: ";
  return StrCat(start, std::string(bytes - start.size() - 4, 'x'), "\r\n\r\n");
}

TEST_F(AdminServerTest, AHeadMayHave16KibibytesAndNoByteMore) {
  Start();

  EXPECT_THAT(Exchange(RequestOfHeadBytes(16 * 1024)), EndsWith("GET /healthz\n"));
  EXPECT_THAT(Exchange(RequestOfHeadBytes(16 * 1024 + 1)), StartsWith("HTTP/1.1 431 "));
}

TEST_F(AdminServerTest, ARequestLineCountsAsHead) {
  Start();

  EXPECT_THAT(Exchange(StrCat("GET /", std::string(16 * 1024, 'x'), kClose)),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Exchange("GET /" + std::string(1 << 20, 'x')), Not(HasSubstr("200 OK")));
  EXPECT_EQ(requests_, 0);
}

TEST_F(AdminServerTest, AHeaderBombIsStopped) {
  Start();
  RawClient client(server_->port());

  // Either the answer arrives or the reset: it must end, and the handler must not be asked.
  client.Send("GET /healthz HTTP/1.1\r\n");
  const std::string line = "X-Bomb: " + std::string(4000, 'x') + "\r\n";
  int sent_lines = 0;
  while (sent_lines < 100'000 && client.Send(line)) ++sent_lines;

  EXPECT_LT(sent_lines, 100'000);
  EXPECT_EQ(requests_, 0);
}

TEST_F(AdminServerTest, AClientThatGoesAwayHalfWayIsForgotten) {
  Start({.connections_max = 1});
  { RawClient(server_->port()).Send("GET /heal"); }

  // Its slot becomes free; a connection before that is closed without an answer.
  std::string answer;
  while (answer.empty()) answer = Exchange(StrCat("GET /healthz", kClose));

  EXPECT_THAT(answer, EndsWith("GET /healthz\n"));
}

TEST_F(AdminServerTest, AClientSlowerThanTheTimeoutIsClosed) {
  Start({.request_timeout = absl::Milliseconds(50)});

  EXPECT_THAT(Exchange("GET /heal"), IsEmpty());
  EXPECT_THAT(Exchange(""), IsEmpty());
  EXPECT_EQ(requests_, 0);
}

TEST_F(AdminServerTest, BytesThatDripInDoNotMoveTheTimeout) {
  Start({.request_timeout = absl::Milliseconds(50)});
  RawClient client(server_->port());

  ASSERT_TRUE(client.Send("GET /healthz HTTP/1.1\r\nX-Drip: "));
  // Far fewer bytes than a head may have, so that only the timeout can end it.
  int dripped_bytes = 0;
  while (dripped_bytes < 4000 && !client.HearsWithin(absl::Milliseconds(5)) && client.Send("x")) {
    ++dripped_bytes;
  }

  EXPECT_GT(dripped_bytes, 0);
  EXPECT_LT(dripped_bytes, 4000);
  EXPECT_THAT(client.ReceiveAll(), IsEmpty());
}

TEST_F(AdminServerTest, AClientThatDoesNotReadIsClosed) {
  Start({.request_timeout = absl::Milliseconds(50), .connections_max = 1});
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send(StrCat("GET /big", kClose)));

  // The slot is free again although the first client has not read its answer.
  std::string answer;
  while (answer.empty()) answer = Exchange(StrCat("GET /healthz", kClose));

  EXPECT_LT(client.ReceiveAll().size(), 64u << 20);
}

TEST_F(AdminServerTest, ABigAnswerArrivesWhole) {
  Start();

  EXPECT_EQ(Exchange(StrCat("GET /big", kClose)).size() >> 20, 64u);
}

TEST_F(AdminServerTest, OneConnectionMoreThanTheLimitIsClosed) {
  Start({.connections_max = 2});
  RawClient first(server_->port());
  RawClient second(server_->port());
  for (RawClient* client : {&first, &second}) {
    ASSERT_TRUE(client->Send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT_THAT(client->ReceiveUntil("GET /healthz\n"), StartsWith("HTTP/1.1 200 OK"));
  }

  RawClient third(server_->port());

  EXPECT_TRUE(third.is_connected());
  EXPECT_THAT(third.ReceiveAll(), IsEmpty());
  ASSERT_TRUE(first.Send(StrCat("GET /healthz", kClose)));
  EXPECT_THAT(first.ReceiveAll(), Not(IsEmpty()));
}

TEST_F(AdminServerTest, APortInUseIsNamed) {
  Start();

  EXPECT_THAT(AdminServer::Create({.host = "127.0.0.1", .port = server_->port()},
                                  [](const AdminRequest&) { return AdminResponse(); }),
              StatusIs(absl::StatusCode::kUnavailable,
                       StrCat("127.0.0.1:", server_->port(), ": address already in use")));
}

TEST_F(AdminServerTest, AnAddressThatIsNotOursIsNamed) {
  const AdminServer::Handler handler = [](const AdminRequest&) { return AdminResponse(); };

  // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
  EXPECT_THAT(AdminServer::Create({.host = "192.0.2.1", .port = 8001}, handler),
              StatusIs(absl::StatusCode::kUnavailable, StartsWith("192.0.2.1:8001: ")));
  EXPECT_THAT(AdminServer::Create({.host = "2001:db8::1", .port = 8001}, handler),
              StatusIs(absl::StatusCode::kUnavailable, StartsWith("[2001:db8::1]:8001: ")));
}

TEST_F(AdminServerTest, LocalhostIsTheIpv4Address) {
  Start({.host = "localhost"});

  EXPECT_THAT(Exchange(StrCat("GET /healthz", kClose)), EndsWith("GET /healthz\n"));
}

TEST_F(AdminServerTest, StopClosesEverythingAndFreesThePort) {
  Start();
  const uint16_t port = server_->port();
  RawClient idle(port);
  ASSERT_TRUE(idle.Send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
  idle.ReceiveUntil("GET /healthz\n");

  server_->Stop();
  server_->Stop();

  EXPECT_THAT(idle.ReceiveAll(), IsEmpty());
  EXPECT_FALSE(RawClient(port).is_connected());
  EXPECT_EQ(server_->port(), port);
  Start({.port = port});
}

}  // namespace
}  // namespace lmgate::http

// The provider that all peers are measured against: answers every request as its body asks (see
// AnswerShape), at once, on one thread. Loopback only.
//   bench_upstream [CERTIFICATE KEY]     PEM files: serves TLS
// Prints its port, and runs until it is ended.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <memory>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/bench/clock.h"
#include "tests/bench/http_reader.h"
#include "tests/bench/socket.h"
#include "tests/bench/upstream_answer.h"

namespace lmgate::bench {
namespace {

struct Connection {
  uint64_t id = 0;
  Socket socket;
  HttpReader reader;
  BodyEnds body;
  AnswerShape shape;
  bool is_streaming = false;
  uint32_t sequence = 0;   // of the next event
  uint64_t due_nanos = 0;  // when it is sent
  bool is_due = false;     // it has a place among the due ones
  std::string output;      // not yet taken by the socket
  bool waits_to_write = false;
};

class Upstream {
 public:
  // Zero = cannot listen.
  uint16_t Listen();
  void Run(SSL_CTX* tls);

 private:
  struct Due {
    uint64_t at_nanos;
    uint64_t connection;
    bool operator<(const Due& other) const { return at_nanos > other.at_nanos; }
  };

  void Accept(SSL_CTX* tls);
  // These return false when the connection is to be closed.
  bool OnReady(Connection* connection);
  bool Consume(Connection* connection, std::string_view data);
  bool Answer(Connection* connection);
  bool SendEvent(Connection* connection);
  void ScheduleEvent(Connection* connection);
  bool Flush(Connection* connection);
  void SendDueEvents();
  void WatchForWriting(Connection* connection, bool wanted);

  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  int listener_ = -1;
  uint64_t next_id_ = 1;  // 0 = the listener
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  std::priority_queue<Due> due_;
  std::array<char, 256 * 1024> buffer_;
  const std::string small_ = MakePlainAnswer(1024);
  const std::string big_ = MakePlainAnswer(16 * 1024);
};

uint16_t Upstream::Listen() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, any, size) != 0 || listen(listener_, 4096) != 0) return 0;
  getsockname(listener_, any, &size);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = 0}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
  return ntohs(address.sin_port);
}

void Upstream::Run(SSL_CTX* tls) {
  std::array<epoll_event, 512> events;
  while (true) {
    timespec timeout{};
    if (!due_.empty()) {
      const uint64_t now = NowNanos();
      timeout = ToTimespec(due_.top().at_nanos > now ? due_.top().at_nanos - now : 0);
    }
    const int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()),
                                   due_.empty() ? nullptr : &timeout, nullptr);
    for (const epoll_event& event :
         std::span(events.data(), static_cast<size_t>(count > 0 ? count : 0))) {
      if (event.data.u64 == 0) {
        Accept(tls);
        continue;
      }
      const auto found = connections_.find(event.data.u64);
      if (found != connections_.end() && !OnReady(found->second.get())) connections_.erase(found);
    }
    SendDueEvents();
  }
}

void Upstream::Accept(SSL_CTX* tls) {
  while (true) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    auto connection = std::make_unique<Connection>();
    connection->id = next_id_++;
    connection->socket = Socket::Accepted(fd, tls);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = connection->id}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    connections_.emplace(connection->id, std::move(connection));
  }
}

bool Upstream::OnReady(Connection* connection) {
  if (!Flush(connection)) return false;
  ScheduleEvent(connection);
  do {
    const Transfer read = connection->socket.Read(buffer_);
    if (read.next == Transfer::Next::kClosed) return false;
    if (!Consume(connection, std::string_view(buffer_.data(), read.bytes))) return false;
  } while (connection->socket.HasBuffered());
  return true;
}

bool Upstream::Consume(Connection* connection, std::string_view data) {
  while (!data.empty()) {
    // No proxy under test sends the next request before it has the answer.
    if (connection->is_streaming) return false;
    const HttpReader::Step step = connection->reader.Next(data);
    data.remove_prefix(step.consumed);
    connection->body.Add(step.body);
    if (step.status == HttpReader::Status::kBroken) return false;
    if (step.status == HttpReader::Status::kDone && !Answer(connection)) return false;
  }
  return true;
}

bool Upstream::Answer(Connection* connection) {
  connection->shape = connection->body.Shape();
  connection->body.Clear();
  if (!connection->shape.is_stream) {
    connection->output += connection->shape.is_big ? big_ : small_;
    return Flush(connection);
  }
  connection->output += kStreamHead;
  connection->is_streaming = true;
  connection->sequence = 0;
  if (!Flush(connection)) return false;
  connection->due_nanos = NowNanos();
  // The streams' beats are spread evenly; 7919 is a prime.
  const uint64_t gap = connection->shape.gap_nanos;
  if (gap > 0) connection->due_nanos += connection->id * 7919 * 1000 % gap;
  ScheduleEvent(connection);
  return true;
}

// A stream without a gap waits for its socket; it takes its turn with the others, so that not all
// of it arrives as one piece. One with a gap waits for nothing.
void Upstream::ScheduleEvent(Connection* connection) {
  if (!connection->is_streaming || connection->is_due) return;
  if (connection->shape.gap_nanos == 0 && !connection->output.empty()) return;
  connection->is_due = true;
  due_.push({connection->due_nanos, connection->id});
}

bool Upstream::SendEvent(Connection* connection) {
  AppendEvent(connection->shape, connection->sequence, NowNanos(), &connection->output);
  connection->is_streaming = ++connection->sequence < connection->shape.events;
  return Flush(connection);
}

bool Upstream::Flush(Connection* connection) {
  std::string_view rest = connection->output;
  while (!rest.empty()) {
    const Transfer written = connection->socket.Write(rest);
    if (written.next == Transfer::Next::kClosed) return false;
    rest.remove_prefix(written.bytes);
    if (written.next == Transfer::Next::kDone) continue;
    WatchForWriting(connection, written.next == Transfer::Next::kWaitWritable);
    connection->output.erase(0, connection->output.size() - rest.size());
    return true;
  }
  connection->output.clear();
  WatchForWriting(connection, false);
  return true;
}

void Upstream::SendDueEvents() {
  const uint64_t now = NowNanos();
  while (!due_.empty() && due_.top().at_nanos <= now) {
    const Due due = due_.top();
    due_.pop();
    const auto found = connections_.find(due.connection);
    if (found == connections_.end()) continue;
    Connection* const connection = found->second.get();
    connection->is_due = false;
    if (!SendEvent(connection)) {
      connections_.erase(found);
      continue;
    }
    const uint64_t gap = connection->shape.gap_nanos;
    connection->due_nanos = gap == 0 ? NowNanos() : connection->due_nanos + gap;
    ScheduleEvent(connection);
  }
}

void Upstream::WatchForWriting(Connection* connection, bool wanted) {
  if (connection->waits_to_write == wanted) return;
  connection->waits_to_write = wanted;
  epoll_event event{.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN,
                    .data = {.u64 = connection->id}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection->socket.fd(), &event);
}

}  // namespace
}  // namespace lmgate::bench

int main(int argc, char** argv) {
  using namespace lmgate::bench;
  if (argc != 1 && argc != 3) {
    std::fprintf(stderr, "usage: bench_upstream [CERTIFICATE KEY]\n");
    return 2;
  }
  TlsContext tls;
  if (argc == 3) {
    tls = MakeServerTls(argv[1], argv[2]);
    if (tls == nullptr) return 1;
  }
  prctl(PR_SET_TIMERSLACK, 1UL);  // nanosecond: events leave when they are due
  static Upstream upstream;       // its buffer is too large for a stack
  const uint16_t port = upstream.Listen();
  if (port == 0) {
    std::perror("bench_upstream: listen");
    return 1;
  }
  std::printf("%u\n", port);
  std::fflush(stdout);
  upstream.Run(tls.get());
}

#include "tests/support/scripted_upstream.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/time/clock.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/base/logging.h"
#include "common/base/strings.h"

namespace lmgate::testing {
namespace {

// Bytes of the first request in `received`; 0 = not whole yet. The gateway frames by length only.
size_t RequestBytes(std::string_view received) {
  const size_t head_end = received.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return 0;
  const std::string head = absl::AsciiStrToLower(ToAbsl(received.substr(0, head_end + 2)));
  size_t bytes = head_end + 4;
  constexpr std::string_view kLength = "\r\ncontent-length: ";
  if (const size_t at = head.find(kLength); at != std::string::npos) {
    const size_t start = at + kLength.size();
    uint64_t length = 0;
    LMGATE_CHECK(absl::SimpleAtoi(head.substr(start, head.find('\r', start) - start), &length));
    bytes += static_cast<size_t>(length);
  }
  return received.size() >= bytes ? bytes : 0;
}

void SendAll(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

}  // namespace

ScriptedUpstream::ScriptedUpstream(std::vector<Answer> answers) : answers_(std::move(answers)) {
  LMGATE_CHECK(!answers_.empty());
  LMGATE_CHECK(::pipe(wake_) == 0);
  listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  LMGATE_CHECK(::bind(listener_, generic, length) == 0);
  LMGATE_CHECK(::listen(listener_, 64) == 0);
  LMGATE_CHECK(::getsockname(listener_, generic, &length) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

ScriptedUpstream::~ScriptedUpstream() {
  ::close(wake_[1]);
  thread_.join();
  ::close(wake_[0]);
  ::close(listener_);
}

std::string ScriptedUpstream::base_url() const { return StrCat("http://127.0.0.1:", port_, "/v1"); }

std::vector<std::string> ScriptedUpstream::requests() const {
  const MutexLock lock(&mutex_);
  return requests_;
}

size_t ScriptedUpstream::connections() const {
  const MutexLock lock(&mutex_);
  return connections_;
}

bool ScriptedUpstream::WaitForClosedConnection(absl::Duration patience) const {
  const absl::Time deadline = absl::Now() + patience;
  const MutexLock lock(&mutex_);
  while (closed_ == 0 && absl::Now() < deadline) {
    closed_changed_.WaitWithTimeout(&mutex_, deadline - absl::Now());
  }
  return closed_ > 0;
}

void ScriptedUpstream::Run() {
  for (;;) {
    std::vector<pollfd> entries{{.fd = wake_[0], .events = POLLIN, .revents = 0},
                                {.fd = listener_, .events = POLLIN, .revents = 0}};
    for (const Connection& connection : open_) {
      entries.push_back({.fd = connection.socket, .events = POLLIN, .revents = 0});
    }
    if (::poll(entries.data(), entries.size(), -1) < 0) continue;
    if (entries[0].revents != 0) break;  // the other end was closed
    for (size_t i = 0; i < open_.size(); ++i) {
      if (entries[i + 2].revents != 0) Read(open_[i]);
    }
    if (entries[1].revents != 0) Accept();
    const size_t closed = std::erase_if(open_, [](const Connection& connection) {
      if (connection.ended) ::close(connection.socket);
      return connection.ended;
    });
    const MutexLock lock(&mutex_);
    closed_ += closed;
    closed_changed_.SignalAll();
  }
  for (const Connection& connection : open_) ::close(connection.socket);
}

void ScriptedUpstream::Accept() {
  const int socket = ::accept(listener_, nullptr, nullptr);
  if (socket < 0) return;
  open_.push_back({.socket = socket, .received = {}, .ended = false});
  const MutexLock lock(&mutex_);
  ++connections_;
}

void ScriptedUpstream::Read(Connection& connection) {
  char bytes[65536];
  const ssize_t count = ::recv(connection.socket, bytes, sizeof(bytes), 0);
  if (count <= 0) {
    connection.ended = true;
    return;
  }
  connection.received.append(bytes, static_cast<size_t>(count));
  while (!connection.ended && RequestBytes(connection.received) > 0) AnswerNext(connection);
}

void ScriptedUpstream::AnswerNext(Connection& connection) {
  const size_t bytes = RequestBytes(connection.received);
  size_t index = 0;
  {
    const MutexLock lock(&mutex_);
    index = std::min(requests_.size(), answers_.size() - 1);
    requests_.push_back(connection.received.substr(0, bytes));
  }
  connection.received.erase(0, bytes);
  const Answer& answer = answers_[index];
  SendAll(connection.socket, answer.bytes);
  if (!answer.later.empty()) {
    ::poll(nullptr, 0, static_cast<int>(absl::ToInt64Milliseconds(kLater)));
    SendAll(connection.socket, answer.later);
  }
  connection.ended = answer.close;
}

}  // namespace lmgate::testing

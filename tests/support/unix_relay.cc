#include "tests/support/unix_relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "common/base/logging.h"

namespace lmgate::testing {
namespace {

// Blocking, all of it; false = the other side is gone.
bool SendAll(int file, const char* data, size_t bytes) {
  while (bytes > 0) {
    const ssize_t sent = ::send(file, data, bytes, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    bytes -= static_cast<size_t>(sent);
  }
  return true;
}

}  // namespace

UnixRelay::UnixRelay(const std::string& path, uint16_t port) : port_(port) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  LMGATE_CHECK(path.size() < sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.data(), path.size());
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  LMGATE_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  LMGATE_CHECK(::listen(listener_, 16) == 0);
  LMGATE_CHECK(::pipe(stop_) == 0);
  thread_ = std::thread([this] { Run(); });
}

UnixRelay::~UnixRelay() {
  ::close(stop_[1]);
  thread_.join();
  ::close(stop_[0]);
  ::close(listener_);
}

void UnixRelay::Run() {
  for (;;) {
    std::array<pollfd, 2> ready{{{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}}};
    ::poll(ready.data(), ready.size(), -1);
    if (ready[1].revents != 0) return;
    const int near = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (near < 0) continue;
    const int far = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(far, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
      Pump(near, far);
    }
    ::close(far);
    ::close(near);
  }
}

// Until either side has ended.
void UnixRelay::Pump(int near, int far) const {
  std::array<char, 16384> block;
  for (;;) {
    std::array<pollfd, 3> ready{{{near, POLLIN, 0}, {far, POLLIN, 0}, {stop_[0], POLLIN, 0}}};
    ::poll(ready.data(), ready.size(), -1);
    if (ready[2].revents != 0) return;
    for (int i = 0; i < 2; ++i) {
      if (ready[static_cast<size_t>(i)].revents == 0) continue;
      const int from = i == 0 ? near : far;
      const ssize_t count = ::recv(from, block.data(), block.size(), 0);
      if (count <= 0) return;
      if (!SendAll(i == 0 ? far : near, block.data(), static_cast<size_t>(count))) return;
    }
  }
}

}  // namespace lmgate::testing

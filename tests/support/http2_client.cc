#include "tests/support/http2_client.h"

#include <absl/time/clock.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "common/base/logging.h"

namespace lmgate::testing {
namespace {

// What the condition is about may be elsewhere, so it is looked at now and then.
constexpr int kLookMs = 5;

}  // namespace

Http2Client::Http2Client(uint16_t port, Http2Peer::Options options) : peer_(options) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  LMGATE_CHECK(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
}

void Http2Client::Close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

bool Http2Client::Until(absl::FunctionRef<bool()> condition, absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  std::string output;
  while (!condition()) {
    output += peer_.TakeOutput();
    if (closed_ || absl::Now() >= deadline) return false;
    pollfd watched{.fd = socket_, .events = POLLIN, .revents = 0};
    if (!output.empty()) watched.events |= POLLOUT;
    ::poll(&watched, 1, kLookMs);
    if ((watched.revents & POLLOUT) != 0) {
      const ssize_t sent =
          ::send(socket_, output.data(), output.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) output.erase(0, static_cast<size_t>(sent));
    }
    if ((watched.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      char bytes[64 << 10];
      const ssize_t received = ::recv(socket_, bytes, sizeof(bytes), MSG_DONTWAIT);
      if (received <= 0) {
        closed_ = true;
      } else if (!peer_.Feed({bytes, static_cast<size_t>(received)})) {
        closed_ = true;
      }
    }
  }
  return true;
}

const Http2Answer& Http2Client::Exchange(const Http2Fields& fields,
                                         std::optional<std::string_view> body) {
  const int32_t stream = peer_.Send(fields, body);
  Until([&] { return peer_.answer(stream).over(); });
  return peer_.answer(stream);
}

bool Http2Client::UntilClosed(absl::Duration patience) {
  Until([] { return false; }, patience);
  return closed_;
}

}  // namespace lmgate::testing

#include "tests/fakeprovider/test_client.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "common/base/strings.h"

namespace lmgate::fakeprovider {

std::string TestResponse::FindHeader(std::string_view name) const {
  for (const absl::string_view line : absl::StrSplit(head, "\r\n")) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    if (absl::EqualsIgnoreCase(field.first, ToAbsl(name))) return std::string(field.second);
  }
  return "";
}

TestClient::TestClient(uint16_t port) {
  socket_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) Close();
}

void TestClient::Close() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

void TestClient::ShutdownWrite() { shutdown(socket_, SHUT_WR); }

void TestClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // what follows will report the end of the connection
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

void TestClient::SendRequest(std::string_view method, std::string_view target,
                             std::string_view body, std::string_view more_headers) {
  Send(StrCat(method, " ", target, " HTTP/1.1\r\nhost: fake\r\ncontent-type: application/json\r\n",
              more_headers, "content-length: ", body.size(), "\r\n\r\n", body));
}

TestResponse TestClient::Post(std::string_view target, std::string_view body,
                              std::string_view more_headers) {
  SendRequest("POST", target, body, more_headers);
  return Read();
}

TestResponse TestClient::Get(std::string_view target, std::string_view more_headers) {
  Send(StrCat("GET ", target, " HTTP/1.1\r\nhost: fake\r\n", more_headers, "\r\n"));
  return Read();
}

ReadEnd TestClient::ReadMore(absl::Duration patience) {
  pollfd poll_entry{.fd = socket_, .events = POLLIN, .revents = 0};
  const int ready = poll(&poll_entry, 1, static_cast<int>(absl::ToInt64Milliseconds(patience)));
  if (ready <= 0) return ReadEnd::kTimeout;
  char bytes[65536];
  const ssize_t count = recv(socket_, bytes, sizeof(bytes), 0);
  if (count == 0) return ReadEnd::kFin;
  if (count < 0) return ReadEnd::kReset;
  received_.append(bytes, static_cast<size_t>(count));
  return ReadEnd::kComplete;
}

std::optional<std::string> TestClient::TakeUpTo(std::string_view delimiter) {
  const size_t end = received_.find(delimiter);
  if (end == std::string::npos) return std::nullopt;
  std::string taken = received_.substr(0, end + delimiter.size());
  received_.erase(0, taken.size());
  return taken;
}

ReadEnd TestClient::ReadChunks(TestResponse& response, absl::Duration patience) {
  while (true) {
    const size_t line_end = received_.find("\r\n");
    uint64_t size = 0;
    if (line_end != std::string::npos) {
      if (!absl::SimpleHexAtoi(received_.substr(0, line_end), &size)) return ReadEnd::kMalformed;
      if (size == 0) {
        const size_t end = received_.find("\r\n\r\n", line_end);
        if (end != std::string::npos) {
          response.trailers = received_.substr(line_end + 2, end - line_end);
          received_.erase(0, end + 4);
          return ReadEnd::kComplete;
        }
      } else if (received_.size() >= line_end + 2 + size + 2) {
        response.chunks.push_back(received_.substr(line_end + 2, size));
        response.body += response.chunks.back();
        received_.erase(0, line_end + 2 + size + 2);
        continue;
      }
    }
    const ReadEnd end = ReadMore(patience);
    if (end != ReadEnd::kComplete) return end;
  }
}

TestResponse TestClient::Read(absl::Duration patience, bool has_body) {
  TestResponse response;
  while (true) {
    while (received_.find("\r\n\r\n") == std::string::npos) {
      response.end = ReadMore(patience);
      if (response.end != ReadEnd::kComplete) return response;
    }
    response.head = *TakeUpTo("\r\n\r\n");
    if (!absl::SimpleAtoi(response.head.substr(9, 3), &response.status)) {
      response.end = ReadEnd::kMalformed;
      return response;
    }
    if (response.status >= 200) break;
    response.interim_answers.push_back(response.head);
  }
  response.end = ReadEnd::kComplete;
  if (!has_body || response.status == 204 || response.status == 304) return response;
  if (response.FindHeader("transfer-encoding") == "chunked") {
    response.end = ReadChunks(response, patience);
    return response;
  }
  uint64_t length = 0;
  const bool has_length = absl::SimpleAtoi(response.FindHeader("content-length"), &length);
  while (!has_length || received_.size() < length) {
    response.end = ReadMore(patience);
    if (response.end == ReadEnd::kComplete) continue;
    // Without a length the FIN is the regular end.
    if (!has_length && response.end == ReadEnd::kFin) response.end = ReadEnd::kComplete;
    length = received_.size();
    break;
  }
  response.body = received_.substr(0, length);
  received_.erase(0, length);
  return response;
}

ReadEnd TestClient::ReadToClose(absl::Duration patience) {
  if (!received_.empty()) return ReadEnd::kMalformed;
  const ReadEnd end = ReadMore(patience);
  return end == ReadEnd::kComplete ? ReadEnd::kMalformed : end;
}

}  // namespace lmgate::fakeprovider

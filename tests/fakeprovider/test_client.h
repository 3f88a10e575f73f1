#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lmgate::fakeprovider {

// How reading came to its end.
enum class ReadEnd {
  kComplete,   // the answer was whole by its framing
  kFin,        // the provider closed before that
  kReset,      // it closed with RST before that
  kTimeout,    // nothing came for a while
  kMalformed,  // the bytes are no HTTP/1.1
};

struct TestResponse {
  ReadEnd end = ReadEnd::kTimeout;
  int status = 0;  // 0 = no head came
  std::string head;
  std::string body;                          // without framing; what had come so far
  std::vector<std::string> chunks;           // as they were framed; empty unless chunked
  std::string trailers;                      // raw lines
  std::vector<std::string> interim_answers;  // heads of 1xx

  // Value of the first header line `name: value`, any case; empty = none.
  std::string FindHeader(std::string_view name) const;
};

// A client on a blocking socket that reports every byte and every way to end; unlike a real client
// it takes nothing for granted. Reads give up when nothing comes for a while.
class TestClient {
 public:
  explicit TestClient(uint16_t port);
  ~TestClient() { Close(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  void Send(std::string_view bytes);
  // Sends the request with content-length and content-type: application/json.
  void SendRequest(std::string_view method, std::string_view target, std::string_view body,
                   std::string_view more_headers = "");
  // Reads one answer. `patience`: how long to wait for more bytes.
  TestResponse Read(absl::Duration patience = absl::Seconds(10), bool has_body = true);

  TestResponse Post(std::string_view target, std::string_view body,
                    std::string_view more_headers = "");
  TestResponse Get(std::string_view target, std::string_view more_headers = "");

  // kFin or kReset when the provider has closed, kTimeout when it has not; kMalformed: more bytes.
  ReadEnd ReadToClose(absl::Duration patience = absl::Seconds(10));
  void Close();
  void ShutdownWrite();

 private:
  // Appends to received_; kComplete = got some.
  ReadEnd ReadMore(absl::Duration patience);
  std::optional<std::string> TakeUpTo(std::string_view delimiter);
  ReadEnd ReadChunks(TestResponse& response, absl::Duration patience);

  int socket_ = -1;
  std::string received_;
};

}  // namespace lmgate::fakeprovider

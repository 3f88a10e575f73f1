#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/event_check.h"
#include "tests/bench/http_reader.h"
#include "tests/bench/latencies.h"
#include "tests/bench/load_options.h"
#include "tests/bench/socket.h"

namespace lmgate::bench {

// The client side of one measurement, on the calling thread. What it counts is in ToJson.
class Load {
 public:
  explicit Load(const LoadOptions& options);

  // Returns when the last answer is there, or has been waited for too long.
  void Run();

  bool failed() const { return errors_ > 0 || lost_ > 0; }
  std::string ToJson();

 private:
  struct Client {
    Socket socket;
    HttpReader reader;
    EventCheck events;
    std::string_view unsent;   // of request_
    uint64_t begin_nanos = 0;  // when the request was sent, or should have been
    uint64_t body_bytes = 0;   // of the answer so far
    bool is_busy = false;
    bool is_fresh = true;  // nothing was answered yet on this connection
    bool waits_to_write = false;
  };

  void BeginAll();
  void BeginDue(uint64_t now);
  uint64_t WaitNanos(uint64_t now) const;
  bool IsOver(uint64_t now) const;

  // Sends the request; an unusable connection is an error at once.
  void Begin(Client* client, uint64_t begin_nanos);
  bool Open(Client* client);
  void OnReady(Client* client);
  // False = the connection is of no more use.
  bool Send(Client* client);
  bool Receive(Client* client);
  bool Consume(Client* client, std::string_view data, uint64_t now);
  void AddBody(Client* client, std::string_view body, uint64_t now);
  // Judges a whole answer.
  void Finish(Client* client, uint64_t now);
  void Fail(Client* client, const char* why);
  // The client is free: for the next request if there is to be one.
  void Release(Client* client, uint64_t now);
  void WatchForWriting(Client* client, bool wanted);

  const LoadOptions options_;
  const std::string request_;
  TlsContext tls_;
  const int epoll_;
  std::vector<Client> clients_;
  std::array<char, 256 * 1024> buffer_;

  uint64_t start_nanos_ = 0;
  uint64_t end_nanos_ = 0;        // no request begins later
  uint64_t gap_nanos_ = 0;        // of the schedule
  uint64_t due_nanos_ = 0;        // of the schedule's next request
  std::deque<uint64_t> backlog_;  // requests that are due and have no connection
  std::deque<Client*> idle_;
  size_t busy_ = 0;

  uint64_t requests_ = 0;
  uint64_t events_ = 0;
  uint64_t errors_ = 0;
  uint64_t lost_ = 0;
  uint64_t streams_begun_ = 0;  // whose first event has come
  uint64_t last_nanos_ = 0;
  int complaints_ = 0;
  Latencies answers_;      // until the last byte; a connection's first answer aside
  Latencies first_bytes_;  // streams: until the body begins
  Latencies lags_;         // of events
};

}  // namespace lmgate::bench

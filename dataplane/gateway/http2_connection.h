#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/gateway/http2_exchange.h"
#include "dataplane/gateway/worker.h"
#include "dataplane/http1/stream.h"
#include "dataplane/http1/timer_wheel.h"
#include "dataplane/http2/session.h"

namespace lmgate::gateway {

// One client connection that speaks HTTP/2. Each of its streams is an HTTP/1.1 request to a
// ServerConnection of the same worker, over a pair of sockets (Http2Exchange): what a request goes
// through is one code. This class has the client's socket, the session and their timers.
//
// Made when a ServerConnection has found out what its client speaks, and given its stream. Deletes
// itself at the end. Belongs to its worker's thread.
class Http2Connection {
 public:
  Http2Connection(Worker& worker, http1::StreamPtr client);
  Http2Connection(const Http2Connection&) = delete;
  Http2Connection& operator=(const Http2Connection&) = delete;

  void Start();
  // The client is told; what it has sent by then is answered.
  void OnDrain();
  // The end now, whatever is under way.
  void Abort();

  // ---- for its exchanges
  Worker& worker() { return worker_; }
  http2::Session& session() { return session_; }
  // Does what the session has to do, after anything has happened to it.
  void Work();
  // Calls OnWritable of the exchange when `socket` takes more, if both still live.
  void AwaitWritable(http1::Socket& socket, int32_t stream);

 private:
  static constexpr size_t kInputBytes = 32 << 10;
  static constexpr size_t kOutputBytes = 64 << 10;  // written at a time
  // As ServerConnection's of the same names.
  static constexpr int64_t kDrainFirstMs = 1000;
  static constexpr int64_t kDrainNextMs = 100;
  static constexpr int64_t kLingerMs = 2000;
  static constexpr size_t kLingerBytesMax = 1 << 20;

  // What the timer watches over.
  enum class Phase : uint8_t { kHead, kIdle, kBusy, kLinger };

  http1::Awaitable<> Serve();
  http1::Awaitable<> WriteRest();
  void HandleEvents();
  void Begin(http2::Session::Event event);
  // True = all of it went out, and there may be more.
  bool WriteOut();
  void UpdateTimer();
  void OnTimer();
  void BeginLinger();
  void EndOperation();

  Worker& worker_;
  http1::StreamPtr client_;
  http2::Session session_;
  absl::flat_hash_map<int32_t, std::unique_ptr<Http2Exchange>> exchanges_;
  http1::TimerWheel::Entry timer_;
  http1::TimerWheel::Entry write_timer_;
  http1::TimerWheel::Entry drain_timer_;
  const int64_t first_request_end_ms_;  // while the worker drains
  Phase phase_ = Phase::kBusy;
  std::string out_;  // being written
  iovec out_piece_{};
  bool writing_ = false;
  bool working_ = false;
  bool ended_ = false;     // Serve has come to its end
  size_t operations_ = 0;  // that will come back to this object
};

}  // namespace lmgate::gateway

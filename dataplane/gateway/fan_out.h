#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/contract/error_code.h"
#include "dataplane/gateway/worker.h"
#include "dataplane/http1/client_pool.h"

namespace lmgate::gateway {

// One request sent several times at once, for a client that wants several answers of a provider
// that gives one at a time. Belongs to its worker's thread and to one coroutine, which waits for
// news and takes what the branches have brought; dropping it ends them.
class FanOut {
 public:
  // A branch that is so far ahead of the client waits.
  static constexpr size_t kPendingBytesMax = 256 << 10;

  struct Options {
    std::string request;  // complete: head and body
    int64_t connect_timeout_ms = 0;
    int64_t header_timeout_ms = 0;
    int64_t first_token_timeout_ms = 0;
    int64_t idle_timeout_ms = 0;
    int64_t total_deadline_ms = 0;  // TimerWheel's clock
    // True: payload is handed out as it comes; false: it is kept until all has come.
    bool stream = false;
    size_t answer_bytes_max = 0;  // of a branch that is kept
  };

  // What one branch has brought so far.
  struct Branch {
    int status = 0;  // 0 = no head yet
    std::string content_type;
    std::string error_type;   // x-amzn-errortype
    std::string retry_after;  // the header's value
    std::string payload;      // not taken yet
    bool ended = false;
    // Why it ended; kOk = its answer is whole.
    contract::ErrorCode code = contract::ErrorCode::kOk;
  };

  // `worker` and `endpoint` must outlive the branches, which `endpoint` does as long as `served`.
  FanOut(Worker& worker, ServedSnapshotRef served, http1::Endpoint& endpoint, Options options,
         size_t count);
  ~FanOut();
  FanOut(const FanOut&) = delete;
  FanOut& operator=(const FanOut&) = delete;

  void Start();
  // Completes when a branch has brought something since the last time, and after Wake.
  http1::Awaitable<> WaitNews();
  void Wake();
  std::vector<Branch>& branches() { return branches_; }
  // The payload of a branch was taken: it may go on.
  void Resume(size_t branch);

 private:
  class Runner;

  Worker& worker_;
  const ServedSnapshotRef served_;
  http1::Endpoint& endpoint_;
  const Options options_;
  std::vector<Branch> branches_;
  std::vector<Runner*> runners_;  // null = it is gone
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    http1::Executor>
      news_;
  bool has_news_ = false;
};

}  // namespace lmgate::gateway

#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/mutex.h"
#include "common/contract/error_code.h"
#include "dataplane/chat/token_usage.h"

namespace lmgate::gateway {

// A number that one worker changes and the scrape reads: no lock, no shared cache line contended.
class WorkerCounter {
 public:
  void Add(uint64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void Subtract(uint64_t amount) { Add(~amount + 1); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Upper bounds of the duration buckets, in milliseconds; one more bucket is +Inf.
inline constexpr std::array<int64_t, 16> kDurationBucketsMs = {
    1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 120000, 600000};

class DurationHistogram {
 public:
  void Observe(int64_t duration_us);
  uint64_t bucket(size_t i) const { return buckets_[i].value(); }
  uint64_t sum_us() const { return sum_us_.value(); }

 private:
  std::array<WorkerCounter, kDurationBucketsMs.size() + 1> buckets_;
  WorkerCounter sum_us_;
};

// What one worker counts of one connection; "" stands for requests that reached none.
struct ConnectionMetrics {
  std::array<WorkerCounter, contract::kErrorCodeCount> requests;  // by outcome
  WorkerCounter attempts;
  WorkerCounter prompt_tokens;
  WorkerCounter completion_tokens;
  WorkerCounter cached_tokens;
  WorkerCounter reasoning_tokens;
  DurationHistogram duration;
  DurationHistogram first_byte;
};

// What one worker counts. The worker writes; any thread may read.
class WorkerMetrics {
 public:
  WorkerCounter client_connections;  // open now
  WorkerCounter client_connections_total;
  WorkerCounter active_requests;  // now
  WorkerCounter upstream_connects_total;
  WorkerCounter request_bytes_total;
  WorkerCounter response_bytes_total;

  // Made on first use; lives as long as this. A worker keeps the pointer.
  ConnectionMetrics* ForConnection(std::string_view connection);
  void Visit(const std::function<void(const std::string&, const ConnectionMetrics&)>& visit) const;

 private:
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, std::unique_ptr<ConnectionMetrics>> connections_
      ABSL_GUARDED_BY(mutex_);
};

// What the program adds beside the workers' numbers.
struct ProcessGauges {
  uint64_t snapshot_revision = 0;
  uint64_t snapshot_keys = 0;
  bool control_plane_connected = false;
  uint64_t snapshot_applies_total = 0;
  uint64_t snapshot_nacks_total = 0;
  uint64_t control_plane_stream_ends_total = 0;
  uint64_t access_log_dropped_total = 0;
  bool draining = false;
};

// The text of GET /metrics (Prometheus exposition format, by prometheus-cpp), summed over workers.
std::string RenderMetrics(const std::vector<const WorkerMetrics*>& workers,
                          const ProcessGauges& process);

}  // namespace lmgate::gateway

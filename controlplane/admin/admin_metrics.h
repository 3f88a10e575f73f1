#pragma once

#include <absl/status/status.h>
#include <absl/types/span.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lmgate/v1/admin.pb.h"

namespace lmgate::admin {

// What the control plane says of itself at /metrics. Thread-safe.
class AdminMetrics {
 public:
  AdminMetrics();

  void CountCall(std::string_view method, absl::StatusCode code);
  void CountChange() { changes_.Increment(); }

  // The page in Prometheus's text format, with the state of now.
  std::string Page(uint64_t revision, const std::vector<v1::Replica>& replicas);

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& calls_;
  prometheus::Counter& changes_;
  prometheus::Gauge& revision_;
  prometheus::Family<prometheus::Gauge>& replicas_;
};

}  // namespace lmgate::admin

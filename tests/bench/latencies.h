#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lmgate::bench {

// Durations, all kept, for exact percentiles.
class Latencies {
 public:
  void Add(uint64_t nanos);

  // As JSON, in microseconds: {"count":2,"p50":81.2,"p99":90.0,"p999":90.0}; null when empty.
  std::string ToJson();

 private:
  double PercentileMicros(double share);

  std::vector<uint32_t> tens_of_nanos_;  // up to 42 s
};

}  // namespace lmgate::bench

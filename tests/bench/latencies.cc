#include "tests/bench/latencies.h"

#include <algorithm>
#include <cstdio>
#include <limits>

namespace lmgate::bench {
namespace {

constexpr size_t kCountMax = 20'000'000;  // 80 MB

}  // namespace

void Latencies::Add(uint64_t nanos) {
  if (tens_of_nanos_.size() >= kCountMax) return;
  tens_of_nanos_.push_back(
      static_cast<uint32_t>(std::min<uint64_t>(nanos / 10, std::numeric_limits<uint32_t>::max())));
}

std::string Latencies::ToJson() {
  if (tens_of_nanos_.empty()) return "null";
  char text[160];
  std::snprintf(text, sizeof text, R"({"count":%zu,"p50":%.2f,"p99":%.2f,"p999":%.2f})",
                tens_of_nanos_.size(), PercentileMicros(0.5), PercentileMicros(0.99),
                PercentileMicros(0.999));
  return text;
}

double Latencies::PercentileMicros(double share) {
  const size_t rank =
      std::min(tens_of_nanos_.size() - 1,
               static_cast<size_t>(share * static_cast<double>(tens_of_nanos_.size())));
  const auto nth = tens_of_nanos_.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(tens_of_nanos_.begin(), nth, tens_of_nanos_.end());
  return static_cast<double>(*nth) / 100;
}

}  // namespace lmgate::bench

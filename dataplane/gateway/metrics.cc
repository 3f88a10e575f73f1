#include "dataplane/gateway/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <map>
#include <sstream>
#include <utility>

namespace lmgate::gateway {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
 public:
  void Counter(const std::string& name, const std::string& help, double value, Labels labels = {}) {
    ClientMetric& metric = Add(name, help, MetricType::Counter, std::move(labels));
    metric.counter.value = value;
  }
  void Gauge(const std::string& name, const std::string& help, double value, Labels labels = {}) {
    ClientMetric& metric = Add(name, help, MetricType::Gauge, std::move(labels));
    metric.gauge.value = value;
  }
  ClientMetric& Histogram(const std::string& name, const std::string& help, Labels labels) {
    return Add(name, help, MetricType::Histogram, std::move(labels));
  }

  std::string Render() const {
    std::vector<MetricFamily> families;
    for (const auto& [name, family] : families_) families.push_back(family);
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families);
    return out.str();
  }

 private:
  ClientMetric& Add(const std::string& name, const std::string& help, MetricType type,
                    Labels labels) {
    MetricFamily& family = families_[name];
    family.name = name;
    family.help = help;
    family.type = type;
    family.metric.emplace_back();
    family.metric.back().label = std::move(labels);
    return family.metric.back();
  }

  std::map<std::string, MetricFamily> families_;
};

struct SummedHistogram {
  std::array<uint64_t, kDurationBucketsMs.size() + 1> buckets{};
  uint64_t sum_us = 0;

  void Add(const DurationHistogram& histogram) {
    for (size_t i = 0; i < buckets.size(); ++i) buckets[i] += histogram.bucket(i);
    sum_us += histogram.sum_us();
  }
};

// One connection, summed over the workers.
struct SummedConnection {
  std::array<uint64_t, contract::kErrorCodeCount> requests{};
  uint64_t attempts = 0;
  uint64_t prompt_tokens = 0;
  uint64_t completion_tokens = 0;
  uint64_t cached_tokens = 0;
  uint64_t reasoning_tokens = 0;
  SummedHistogram duration;
  SummedHistogram first_byte;

  void Add(const ConnectionMetrics& metrics) {
    for (size_t i = 0; i < requests.size(); ++i) requests[i] += metrics.requests[i].value();
    attempts += metrics.attempts.value();
    prompt_tokens += metrics.prompt_tokens.value();
    completion_tokens += metrics.completion_tokens.value();
    cached_tokens += metrics.cached_tokens.value();
    reasoning_tokens += metrics.reasoning_tokens.value();
    duration.Add(metrics.duration);
    first_byte.Add(metrics.first_byte);
  }
};

void FillHistogram(const SummedHistogram& summed, ClientMetric* metric) {
  uint64_t cumulative = 0;
  for (size_t i = 0; i < summed.buckets.size(); ++i) {
    cumulative += summed.buckets[i];
    const double bound = i < kDurationBucketsMs.size()
                             ? static_cast<double>(kDurationBucketsMs[i]) / 1000.0
                             : std::numeric_limits<double>::infinity();
    metric->histogram.bucket.push_back({.cumulative_count = cumulative, .upper_bound = bound});
  }
  metric->histogram.sample_count = cumulative;
  metric->histogram.sample_sum = static_cast<double>(summed.sum_us) / 1e6;
}

void AddConnection(const std::string& name, const SummedConnection& summed, Families* out) {
  const ClientMetric::Label connection{.name = "connection", .value = name};
  for (int i = 0; i < contract::kErrorCodeCount; ++i) {
    const uint64_t count = summed.requests[static_cast<size_t>(i)];
    if (count == 0) continue;
    const std::string code(contract::ErrorCodeName(static_cast<contract::ErrorCode>(i)));
    out->Counter("lmgate_requests_total",
                 "Finished requests by the connection that served them and by outcome.",
                 static_cast<double>(count), {connection, {.name = "code", .value = code}});
  }
  out->Counter("lmgate_upstream_attempts_total", "Requests sent to a provider, retries included.",
               static_cast<double>(summed.attempts), {connection});
  const std::pair<const char*, uint64_t> tokens[] = {{"prompt", summed.prompt_tokens},
                                                     {"completion", summed.completion_tokens},
                                                     {"cached", summed.cached_tokens},
                                                     {"reasoning", summed.reasoning_tokens}};
  for (const auto& [kind, count] : tokens) {
    out->Counter("lmgate_tokens_total",
                 "Tokens as providers stated them; cached and reasoning are parts of the others.",
                 static_cast<double>(count), {connection, {.name = "kind", .value = kind}});
  }
  FillHistogram(
      summed.duration,
      &out->Histogram("lmgate_request_duration_seconds",
                      "From a request's first byte to the end of its answer.", {connection}));
  FillHistogram(summed.first_byte,
                &out->Histogram("lmgate_first_byte_seconds",
                                "From a request's first byte to the first byte of its answer.",
                                {connection}));
}

}  // namespace

void DurationHistogram::Observe(int64_t duration_us) {
  size_t bucket = 0;
  while (bucket < kDurationBucketsMs.size() && duration_us > kDurationBucketsMs[bucket] * 1000) {
    ++bucket;
  }
  buckets_[bucket].Add(1);
  sum_us_.Add(static_cast<uint64_t>(duration_us > 0 ? duration_us : 0));
}

ConnectionMetrics* WorkerMetrics::ForConnection(std::string_view connection) {
  const MutexLock lock(&mutex_);
  std::unique_ptr<ConnectionMetrics>& metrics = connections_[std::string(connection)];
  if (metrics == nullptr) metrics = std::make_unique<ConnectionMetrics>();
  return metrics.get();
}

void WorkerMetrics::Visit(
    const std::function<void(const std::string&, const ConnectionMetrics&)>& visit) const {
  const MutexLock lock(&mutex_);
  for (const auto& [name, metrics] : connections_) visit(name, *metrics);
}

std::string RenderMetrics(const std::vector<const WorkerMetrics*>& workers,
                          const ProcessGauges& process) {
  Families out;
  std::map<std::string, SummedConnection> connections;
  uint64_t open = 0, opened = 0, active = 0, connects = 0, request_bytes = 0, response_bytes = 0;
  for (const WorkerMetrics* worker : workers) {
    worker->Visit([&](const std::string& name, const ConnectionMetrics& metrics) {
      connections[name].Add(metrics);
    });
    open += worker->client_connections.value();
    opened += worker->client_connections_total.value();
    active += worker->active_requests.value();
    connects += worker->upstream_connects_total.value();
    request_bytes += worker->request_bytes_total.value();
    response_bytes += worker->response_bytes_total.value();
  }
  for (const auto& [name, summed] : connections) AddConnection(name, summed, &out);
  out.Gauge("lmgate_client_connections", "Open client connections.", static_cast<double>(open));
  out.Counter("lmgate_client_connections_total", "Accepted client connections.",
              static_cast<double>(opened));
  out.Gauge("lmgate_active_requests", "Requests being served now.", static_cast<double>(active));
  out.Counter("lmgate_upstream_connects_total", "Sockets opened to providers.",
              static_cast<double>(connects));
  out.Counter("lmgate_request_bytes_total", "Bytes of request bodies.",
              static_cast<double>(request_bytes));
  out.Counter("lmgate_response_bytes_total", "Bytes of answer bodies, as sent.",
              static_cast<double>(response_bytes));
  out.Gauge("lmgate_snapshot_revision", "Revision of the configuration being served.",
            static_cast<double>(process.snapshot_revision));
  out.Gauge("lmgate_snapshot_keys", "Virtual keys in the configuration being served.",
            static_cast<double>(process.snapshot_keys));
  out.Gauge("lmgate_control_plane_connected", "1 while subscribed to the control plane.",
            process.control_plane_connected ? 1 : 0);
  out.Counter("lmgate_snapshot_applies_total", "Snapshots and deltas applied.",
              static_cast<double>(process.snapshot_applies_total));
  out.Counter("lmgate_snapshot_nacks_total", "Snapshots and deltas refused.",
              static_cast<double>(process.snapshot_nacks_total));
  out.Counter("lmgate_control_plane_stream_ends_total",
              "Subscriptions that ended or could not begin.",
              static_cast<double>(process.control_plane_stream_ends_total));
  out.Counter("lmgate_access_log_dropped_total", "Access-log lines lost to a full ring or disk.",
              static_cast<double>(process.access_log_dropped_total));
  out.Gauge("lmgate_draining", "1 after SIGTERM.", process.draining ? 1 : 0);
  return out.Render();
}

}  // namespace lmgate::gateway

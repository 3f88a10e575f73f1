#include "dataplane/gateway/metrics.h"

#include <gmock/gmock.h>

#include <string>

namespace lmgate::gateway {
namespace {

using contract::ErrorCode;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(DurationHistogram, BoundIsPartOfItsBucket) {
  DurationHistogram histogram;
  histogram.Observe(1000);
  histogram.Observe(1001);
  histogram.Observe(600'000'000);
  histogram.Observe(600'000'001);
  histogram.Observe(-5);

  EXPECT_EQ(histogram.bucket(0), 2u);
  EXPECT_EQ(histogram.bucket(1), 1u);
  EXPECT_EQ(histogram.bucket(kDurationBucketsMs.size() - 1), 1u);
  EXPECT_EQ(histogram.bucket(kDurationBucketsMs.size()), 1u);
  EXPECT_EQ(histogram.sum_us(), 1'200'002'002u);
}

TEST(WorkerMetrics, ConnectionStaysInPlace) {
  WorkerMetrics worker;
  ConnectionMetrics* const first = worker.ForConnection("c0");
  for (int i = 1; i < 100; ++i) worker.ForConnection("c" + std::to_string(i));

  EXPECT_EQ(worker.ForConnection("c0"), first);
}

TEST(RenderMetrics, SumsOverWorkers) {
  WorkerMetrics a;
  WorkerMetrics b;
  for (WorkerMetrics* worker : {&a, &b}) {
    ConnectionMetrics* const connection = worker->ForConnection("openai");
    connection->requests[static_cast<size_t>(ErrorCode::kOk)].Add(2);
    connection->prompt_tokens.Add(10);
    connection->duration.Observe(1500);
    worker->client_connections.Add(3);
    worker->client_connections.Subtract(1);
  }

  const std::string text = RenderMetrics({&a, &b}, {});

  EXPECT_THAT(text, HasSubstr("lmgate_requests_total{connection=\"openai\",code=\"ok\"} 4"));
  EXPECT_THAT(text, HasSubstr("lmgate_tokens_total{connection=\"openai\",kind=\"prompt\"} 20"));
  EXPECT_THAT(text, HasSubstr("lmgate_client_connections 4"));
  EXPECT_THAT(text, HasSubstr("lmgate_request_duration_seconds_count{connection=\"openai\"} 2"));
  EXPECT_THAT(text, Not(HasSubstr("code=\"invalid_request\""))) << "zero counts are left out";
}

TEST(RenderMetrics, ShowsTheProcess) {
  const std::string text = RenderMetrics({}, {.snapshot_revision = 7,
                                              .snapshot_keys = 9,
                                              .control_plane_connected = true,
                                              .access_log_dropped_total = 3,
                                              .draining = true});

  EXPECT_THAT(text, HasSubstr("\nlmgate_snapshot_revision 7"));
  EXPECT_THAT(text, HasSubstr("\nlmgate_snapshot_keys 9"));
  EXPECT_THAT(text, HasSubstr("\nlmgate_control_plane_connected 1"));
  EXPECT_THAT(text, HasSubstr("\nlmgate_access_log_dropped_total 3"));
  EXPECT_THAT(text, HasSubstr("\nlmgate_draining 1"));
}

}  // namespace
}  // namespace lmgate::gateway

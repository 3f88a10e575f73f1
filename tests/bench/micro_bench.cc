// The steps of one request, and what a change of the configuration costs, each by itself.
// Options of Google Benchmark: --benchmark_filter=REGEX, --benchmark_format=json and others.

#include <benchmark/benchmark.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "dataplane/auth/authenticator.h"
#include "dataplane/gateway/upstream_request.h"
#include "dataplane/http1/head_scanner.h"
#include "dataplane/http1/request_scan.h"
#include "dataplane/routing/plan.h"
#include "dataplane/usage/usage_scanner.h"
#include "tests/bench/load_options.h"
#include "tests/bench/snapshot_of_keys.h"
#include "tests/bench/upstream_answer.h"
#include "tests/support/snapshot_source.h"

namespace lmgate::bench {
namespace {

constexpr uint64_t kKeys = 1'000'000;

// Made when the first benchmark needs it, and kept.
const SnapshotOfKeys& MillionKeys() {
  static const SnapshotOfKeys keys(kKeys);
  return keys;
}

std::string Request(size_t prompt_bytes) {
  return MakeRequest({.port = 8000, .prompt_bytes = prompt_bytes});
}

std::string_view BodyOf(std::string_view message) {
  return message.substr(message.find("\r\n\r\n") + 4);
}

// ---- one request

void ScanHead(benchmark::State& state) {
  const std::string request = Request(1024);
  http1::RequestHead head;
  for (auto _ : state) benchmark::DoNotOptimize(http1::ScanRequestHead(request, &head));
}
BENCHMARK(ScanHead);

void DigestKey(benchmark::State& state) {
  const contract::KeyHasher hasher(testing::SnapshotSource::kPepper);
  for (auto _ : state) {
    benchmark::DoNotOptimize(hasher.Digest("sk-virtual-0123456789abcdef0123456789abcdef"));
  }
}
BENCHMARK(DigestKey);

void FindKey(benchmark::State& state) {
  const snapshot::Snapshot& snapshot = *MillionKeys().snapshot();
  const std::vector<contract::KeyDigest> digests = MillionKeys().DrawDigests(1 << 17);
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(snapshot.FindKey(digests[i++ % digests.size()]));
  }
}
BENCHMARK(FindKey);

// A hundred routes of one model each and one for all others, which is the one taken.
std::shared_ptr<const snapshot::Snapshot> SnapshotOfRoutes() {
  testing::SnapshotSource source;
  std::vector<v1::Resource> resources = {
      contract::MakeResource(testing::TestConnection("upstream")),
      contract::MakeResource(testing::TestGroup("default")),
      contract::MakeResource(testing::TestRoute("*", 1000, {"upstream"}))};
  for (int64_t n = 1; n <= 100; ++n) {
    resources.push_back(
        contract::MakeResource(testing::TestRoute(StrCat("model-", n), n, {"upstream"})));
  }
  source.Change(std::move(resources));
  auto compiled = snapshot::Snapshot::Compile(source.Parts(), NoSecrets);
  LMGATE_CHECK(compiled.ok());
  return std::move(compiled->snapshot);
}

void Route(benchmark::State& state) {
  const auto snapshot = SnapshotOfRoutes();
  const contract::RoutingTable& routing = snapshot->routing();
  const contract::RoutingTable::Group& group = *routing.FindGroup("default");
  const auto no_header = [](std::string_view) { return std::optional<std::string_view>(); };
  const contract::RoutingTable::Query query{
      .model = "gpt-4o", .path_prefix = "", .dialect = "openai-chat", .header = no_header};
  for (auto _ : state) {
    const auto decision = routing.Decide(query, group, {});
    benchmark::DoNotOptimize(routing::MakePlan(*snapshot, group, decision,
                                               {.model = query.model, .dialect = query.dialect}));
  }
}
BENCHMARK(Route);

void ScanBody(benchmark::State& state) {
  const std::string request = Request(static_cast<size_t>(state.range(0)));
  const std::string padded =
      std::string(BodyOf(request)) + std::string(http1::RequestScanner::kPaddingBytes, '\0');
  const std::string_view body(padded.data(), BodyOf(request).size());
  http1::RequestScanner scanner;
  LMGATE_CHECK(scanner.Scan(body).valid);
  for (auto _ : state) benchmark::DoNotOptimize(scanner.Scan(body));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * body.size()));
}
BENCHMARK(ScanBody)->Arg(1 << 10)->Arg(1 << 16)->Arg(1 << 20);

// The head made anew, and another model's name put into the body.
void EncodeRequest(benchmark::State& state) {
  const std::string request = Request(1024);
  http1::RequestHead head;
  LMGATE_CHECK(http1::ScanRequestHead(request, &head).status == http1::ScanStatus::kComplete);
  const auto snapshot = SnapshotOfRoutes();
  const std::string_view body = BodyOf(request);
  const gateway::UpstreamRequest upstream{.connection = snapshot->connections().front().get(),
                                          .method = head.method,
                                          .path = "/chat/completions",
                                          .query = {},
                                          .headers = head.headers(),
                                          .forward_headers = {},
                                          .key_header = http1::HeaderId::kAuthorization,
                                          .request_id = "req_0123456789abcdef",
                                          .body = body,
                                          .place = {.kind = gateway::ModelPlace::Kind::kJson,
                                                    .offset = body.find("\"gpt-4o\""),
                                                    .bytes = 8},
                                          .client_model = "gpt-4o",
                                          .model = "gpt-4o-mini",
                                          .has_body = true};
  gateway::EncodedRequest encoded;
  for (auto _ : state) {
    encoded.Encode(upstream);
    benchmark::DoNotOptimize(encoded.Rewind());
  }
}
BENCHMARK(EncodeRequest);

void ScanUsage(benchmark::State& state) {
  const std::string answer = MakePlainAnswer(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    usage::UsageScanner scanner;
    scanner.Feed(BodyOf(answer));
    benchmark::DoNotOptimize(scanner.usage());
  }
}
BENCHMARK(ScanUsage)->Arg(1 << 10)->Arg(1 << 14);

// ---- a change of the configuration

// The old version is dropped each time, as when all workers have taken the new one.
void ApplyOneKeyDelta(benchmark::State& state) {
  const std::vector<v1::SnapshotDelta> deltas =
      MillionKeys().MakeDeltas(static_cast<uint64_t>(state.max_iterations));
  std::shared_ptr<const snapshot::Snapshot> snapshot = MillionKeys().snapshot();
  size_t i = 0;
  for (auto _ : state) {
    auto next = snapshot->Apply(deltas[i++], NoSecrets);
    LMGATE_CHECK(next.ok());
    snapshot = std::move(next->snapshot);
  }
}
BENCHMARK(ApplyOneKeyDelta)->Iterations(20000);

// Its time is that of one compilation.
void CompileSnapshot(benchmark::State& state) {
  for (auto _ : state) state.SetIterationTime(MillionKeys().compile_seconds());
  state.counters["bytes_per_key"] = MillionKeys().bytes_per_key();
}
BENCHMARK(CompileSnapshot)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lmgate::bench

BENCHMARK_MAIN();

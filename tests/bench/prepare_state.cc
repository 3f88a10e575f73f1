// Writes the state directory of a replica that has never seen a control plane: every model goes to
// one OpenAI upstream, and the rig's virtual key may use it. For benches: see peer.sh.
//   bench_state DIR UPSTREAM_URL [KEYS [CA]]
// KEYS: how many keys in all (default 1000). CA: PEM file to trust for an https upstream.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "dataplane/control/last_good_store.h"
#include "tests/support/snapshot_source.h"

namespace lmgate {
namespace {

constexpr std::string_view kClientKey = "sk-virtual-0123456789abcdef0123456789abcdef";
constexpr std::string_view kUpstreamKey = "sk-upstream-key-0123456789";

struct StateOptions {
  std::string directory;
  std::string upstream;
  uint64_t keys = 1000;
  std::string ca_file = {};  // empty = the system's authorities
};

absl::Status WriteState(const StateOptions& options) {
  v1::Connection connection = testing::TestConnection("upstream", kUpstreamKey);
  connection.set_base_url(options.upstream);
  if (!options.ca_file.empty()) {
    connection.mutable_tls()->set_ca(StrCat("file:", options.ca_file));
  }
  std::vector<v1::Resource> resources = {
      contract::MakeResource(connection), contract::MakeResource(testing::TestGroup("default")),
      contract::MakeResource(testing::TestRoute("*", 1, {"upstream"})),
      contract::MakeResource(testing::TestKey("bench", kClientKey, "default"))};
  for (uint64_t n = 1; n < options.keys; ++n) {
    resources.push_back(contract::MakeResource(testing::TestKey(
        StrCat("k", absl::Dec(n, absl::kZeroPad9)), StrCat("sk-other-", n), "default")));
  }
  testing::SnapshotSource source;
  source.Change(std::move(resources));
  auto store = control::LastGoodStore::Open({.directory = options.directory});
  if (!store.ok()) return store.status();
  if (absl::Status status = (*store)->StageBase(source.Parts()); !status.ok()) return status;
  return (*store)->CommitBase();
}

}  // namespace
}  // namespace lmgate

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    std::fprintf(stderr, "usage: bench_state DIR UPSTREAM_URL [KEYS [CA]]\n");
    return 2;
  }
  lmgate::StateOptions options{.directory = argv[1], .upstream = argv[2]};
  if (argc > 3) options.keys = std::strtoull(argv[3], nullptr, 10);
  if (argc > 4) options.ca_file = argv[4];
  const absl::Status status = lmgate::WriteState(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "bench_state: %s\n", std::string(status.message()).c_str());
  return 1;
}

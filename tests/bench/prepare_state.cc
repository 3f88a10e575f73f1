// Writes the state directory of a replica that has never seen a control plane: every model goes to
// one OpenAI upstream, and the rig's virtual key may use it. For benches: see peer.sh.
//   bench_state DIR UPSTREAM_URL [KEYS]     KEYS: how many keys in all (default 1000)

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

absl::Status WriteState(const std::string& directory, std::string_view upstream, uint64_t keys) {
  v1::Connection connection = testing::TestConnection("upstream", kUpstreamKey);
  connection.set_base_url(std::string(upstream));
  std::vector<v1::Resource> resources = {
      contract::MakeResource(connection), contract::MakeResource(testing::TestGroup("default")),
      contract::MakeResource(testing::TestRoute("*", 1, {"upstream"})),
      contract::MakeResource(testing::TestKey("bench", kClientKey, "default"))};
  for (uint64_t n = 1; n < keys; ++n) {
    resources.push_back(contract::MakeResource(testing::TestKey(
        StrCat("k", absl::Dec(n, absl::kZeroPad9)), StrCat("sk-other-", n), "default")));
  }
  testing::SnapshotSource source;
  source.Change(std::move(resources));
  auto store = control::LastGoodStore::Open({.directory = directory});
  if (!store.ok()) return store.status();
  if (absl::Status status = (*store)->StageBase(source.Parts()); !status.ok()) return status;
  return (*store)->CommitBase();
}

}  // namespace
}  // namespace lmgate

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr, "usage: bench_state DIR UPSTREAM_URL [KEYS]\n");
    return 2;
  }
  const uint64_t keys = argc == 4 ? std::strtoull(argv[3], nullptr, 10) : 1000;
  const absl::Status status = lmgate::WriteState(argv[1], argv[2], keys);
  if (status.ok()) return 0;
  std::fprintf(stderr, "bench_state: %s\n", std::string(status.message()).c_str());
  return 1;
}

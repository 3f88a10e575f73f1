// What a snapshot of many keys costs: memory a key, time to compile, a look-up, a delta of one key.
//   snapshot_bench [KEYS]   (default 1000000)

#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/base/logging.h"
#include "common/contract/key_token.h"
#include "common/contract/resource.h"
#include "dataplane/snapshot/snapshot.h"
#include "tests/support/snapshot_source.h"

namespace lmgate {
namespace {

// CPU time of the process, so that a busy machine does not count.
double CpuMicros() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}
double MicrosSince(double begin) { return CpuMicros() - begin; }

size_t AllocatedBytes() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

// The key number `n`, with a made-up digest: a HMAC each would be most of the time.
v1::Resource MakeKey(uint64_t n) {
  std::mt19937_64 random(n);
  std::string digest(32, '\0');
  for (char& byte : digest) byte = static_cast<char>(random());
  std::string id = std::to_string(n);
  id.insert(0, contract::kKeyPublicIdSize - id.size(), '0');
  v1::Key key = testing::TestKey(id, "x", "default");
  key.set_digest(digest);
  v1::Resource resource;
  resource.set_hash(random() | 1);
  *resource.mutable_key() = std::move(key);
  return resource;
}

contract::KeyDigest DigestOf(const v1::Resource& resource) {
  contract::KeyDigest digest;
  std::copy(resource.key().digest().begin(), resource.key().digest().end(), digest.begin());
  return digest;
}

absl::StatusOr<std::string> NoSecrets(std::string_view) { return absl::NotFoundError("none"); }

void Run(uint64_t keys) {
  v1::Snapshot head;
  head.set_revision(1);
  head.set_lineage("bench");
  head.set_key_pepper(std::string(testing::SnapshotSource::kPepper));
  std::vector<v1::Snapshot> parts(1, head);
  *parts[0].add_resources() = contract::MakeResource(testing::TestGroup("default"));
  uint64_t hash = parts[0].resources(0).hash();
  for (uint64_t n = 0; n < keys; ++n) {
    if (parts.back().resources_size() >= 10000) parts.push_back(head);
    v1::Resource resource = MakeKey(n);
    hash += resource.hash();
    *parts.back().add_resources() = std::move(resource);
  }
  for (v1::Snapshot& part : parts) part.set_hash(hash);

  double begin = CpuMicros();
  auto compiled = snapshot::Snapshot::Compile(std::move(parts), NoSecrets);
  LMGATE_CHECK(compiled.ok());
  std::printf("compile       %8.0f ms\n", MicrosSince(begin) / 1000);
  std::shared_ptr<const snapshot::Snapshot> snapshot = std::move(compiled->snapshot);
  std::vector<v1::Snapshot>().swap(parts);
  const size_t with_keys = AllocatedBytes();

  constexpr uint64_t kRounds = 200000;
  std::mt19937_64 random(1);
  std::vector<contract::KeyDigest> digests;
  for (uint64_t i = 0; i < kRounds; ++i) digests.push_back(DigestOf(MakeKey(random() % keys)));
  begin = CpuMicros();
  uint64_t found = 0;
  for (const contract::KeyDigest& digest : digests) found += snapshot->FindKey(digest) != nullptr;
  std::printf("look-up       %8.0f ns\n", MicrosSince(begin) * 1000 / kRounds);
  LMGATE_CHECK(found == kRounds);

  // Each blocks one key; the version before goes, as when the workers have taken the new one.
  constexpr uint64_t kDeltas = 20000;
  std::vector<v1::SnapshotDelta> deltas;
  for (uint64_t i = 0; i < kDeltas; ++i) {
    const v1::Resource before = MakeKey(i * 31 % keys);
    v1::Resource after = before;
    after.set_hash(before.hash() + 1);
    after.mutable_key()->set_state("blocked");
    v1::SnapshotDelta delta;
    delta.set_from_revision(1 + i);
    delta.set_from_hash(hash);
    hash += after.hash() - before.hash();
    delta.set_to_revision(2 + i);
    delta.set_to_hash(hash);
    *delta.add_changes() = contract::MakeChange(&before, &after);
    deltas.push_back(std::move(delta));
  }
  begin = CpuMicros();
  for (const v1::SnapshotDelta& delta : deltas) {
    auto next = snapshot->Apply(delta, NoSecrets);
    LMGATE_CHECK(next.ok());
    snapshot = std::move(next->snapshot);
  }
  std::printf("one-key delta %8.2f us (applied, checked, the old version dropped)\n",
              MicrosSince(begin) / kDeltas);

  std::vector<v1::SnapshotDelta>().swap(deltas);
  std::vector<contract::KeyDigest>().swap(digests);
  snapshot.reset();
  const size_t without_keys = AllocatedBytes();
  std::printf("memory        %8.1f B a key\n",
              static_cast<double>(with_keys - without_keys) / static_cast<double>(keys));
}

}  // namespace
}  // namespace lmgate

int main(int argc, char** argv) {
  lmgate::Run(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000000);
  return 0;
}

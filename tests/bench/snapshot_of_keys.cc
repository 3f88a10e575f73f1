#include "tests/bench/snapshot_of_keys.h"

#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>

#include "common/base/logging.h"
#include "common/contract/key_token.h"
#include "common/contract/resource.h"
#include "tests/support/snapshot_source.h"

namespace lmgate::bench {
namespace {

// CPU time of the process, so that a busy machine does not count.
double CpuSeconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

size_t AllocatedBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// The key number `n`.
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

}  // namespace

absl::StatusOr<std::string> NoSecrets(std::string_view) { return absl::NotFoundError("none"); }

SnapshotOfKeys::SnapshotOfKeys(uint64_t keys) : keys_(keys) {
  const size_t bytes_before = AllocatedBytes();
  v1::Snapshot head;
  head.set_revision(1);
  head.set_lineage("bench");
  head.set_key_pepper(std::string(testing::SnapshotSource::kPepper));
  std::vector<v1::Snapshot> parts(1, head);
  *parts[0].add_resources() = contract::MakeResource(testing::TestGroup("default"));
  hash_ = parts[0].resources(0).hash();
  for (uint64_t n = 0; n < keys; ++n) {
    if (parts.back().resources_size() >= 10000) parts.push_back(head);
    v1::Resource resource = MakeKey(n);
    hash_ += resource.hash();
    *parts.back().add_resources() = std::move(resource);
  }
  for (v1::Snapshot& part : parts) part.set_hash(hash_);

  const double begin = CpuSeconds();
  auto compiled = snapshot::Snapshot::Compile(std::move(parts), NoSecrets);
  LMGATE_CHECK(compiled.ok());
  compile_seconds_ = CpuSeconds() - begin;
  snapshot_ = std::move(compiled->snapshot);
  std::vector<v1::Snapshot>().swap(parts);
  bytes_per_key_ = static_cast<double>(AllocatedBytes() - bytes_before) / static_cast<double>(keys);
}

std::vector<contract::KeyDigest> SnapshotOfKeys::DrawDigests(uint64_t count) const {
  std::mt19937_64 random(1);
  std::vector<contract::KeyDigest> digests(count);
  for (contract::KeyDigest& digest : digests) {
    const v1::Resource resource = MakeKey(random() % keys_);
    const std::string& bytes = resource.key().digest();
    std::copy(bytes.begin(), bytes.end(), digest.begin());
  }
  return digests;
}

std::vector<v1::SnapshotDelta> SnapshotOfKeys::MakeDeltas(uint64_t count) const {
  std::vector<v1::SnapshotDelta> deltas(count);
  uint64_t hash = hash_;
  for (uint64_t i = 0; i < count; ++i) {
    const v1::Resource before = MakeKey(i * 31 % keys_);
    v1::Resource after = before;
    after.set_hash(before.hash() + 1);
    after.mutable_key()->set_state("blocked");
    v1::SnapshotDelta& delta = deltas[i];
    delta.set_from_revision(1 + i);
    delta.set_from_hash(hash);
    hash += after.hash() - before.hash();
    delta.set_to_revision(2 + i);
    delta.set_to_hash(hash);
    *delta.add_changes() = contract::MakeChange(&before, &after);
  }
  return deltas;
}

}  // namespace lmgate::bench

#include <cstdint>
#include <string>

#include "common/base/logging.h"
#include "common/contract/resource.h"
#include "common/contract/snapshot_state.h"
#include "lmgate/v1/snapshot.pb.h"

namespace {

using lmgate::contract::Diff;
using lmgate::contract::KindOf;
using lmgate::contract::NameOf;
using lmgate::contract::SnapshotState;
namespace v1 = lmgate::v1;

// Hashes that a fuzzer can guess: 1, 2 and 3.
SnapshotState SmallState() {
  v1::Snapshot snapshot;
  snapshot.set_revision(1);
  snapshot.set_hash(6);
  v1::Resource& group = *snapshot.add_resources();
  group.set_hash(1);
  group.mutable_group()->set_name("g");
  v1::Resource& key = *snapshot.add_resources();
  key.set_hash(2);
  key.mutable_key()->set_id("k");
  key.mutable_key()->set_digest("d");
  v1::Resource& settings = *snapshot.add_resources();
  settings.set_hash(3);
  settings.mutable_settings();
  return SnapshotState::FromSnapshot(snapshot).value();
}

uint64_t SumOfHashes(const SnapshotState& state) {
  uint64_t sum = 0;
  state.ForEach([&sum](const SnapshotState::ResourcePtr& resource) { sum += resource->hash(); });
  return sum;
}

bool Equal(const SnapshotState& a, const SnapshotState& b) {
  if (a.revision() != b.revision() || a.hash() != b.hash() || a.size() != b.size()) return false;
  bool equal = true;
  a.ForEach([&](const SnapshotState::ResourcePtr& resource) {
    const auto other = b.Find(KindOf(*resource), NameOf(*resource));
    equal = equal && other != nullptr && other->hash() == resource->hash();
  });
  return equal;
}

}  // namespace

// The bytes are a v1::SnapshotDelta. Applied or refused, the laws of SnapshotState hold.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  v1::SnapshotDelta delta;
  if (!delta.ParseFromArray(data, static_cast<int>(size))) return 0;
  const SnapshotState before = SmallState();
  SnapshotState after = before;

  const absl::Status status = after.Apply(delta);

  LMGATE_CHECK(after.hash() == SumOfHashes(after));
  if (!status.ok()) {
    LMGATE_CHECK(absl::IsFailedPrecondition(status));
    LMGATE_CHECK(Equal(after, before));
    return 0;
  }
  LMGATE_CHECK(after.revision() == delta.to_revision() && after.hash() == delta.to_hash());

  // There and back again, and by way of a snapshot.
  SnapshotState forth = before;
  LMGATE_CHECK(forth.Apply(Diff(before, after)).ok() && Equal(forth, after));
  SnapshotState back = after;
  LMGATE_CHECK(back.Apply(Diff(after, before)).ok() && Equal(back, before));
  const auto whole = SnapshotState::FromSnapshot(after.ToSnapshot());
  LMGATE_CHECK(whole.ok() && Equal(*whole, after));
  return 0;
}

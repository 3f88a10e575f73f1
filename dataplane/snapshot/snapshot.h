#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/contract/key_digest.h"
#include "common/contract/routing_table.h"
#include "dataplane/snapshot/key_record.h"
#include "dataplane/snapshot/upstream_connection.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::snapshot {

// One version of the configuration, compiled for look-ups: immutable, structurally shared with the
// versions before and after it (keys: KeyRadix; the rest: compiled as a whole only when one of it
// changes), so that a delta costs what it changes. Thread-safe. Each worker holds the current one;
// a request copies out what it needs or holds the shared_ptr of the worker's.
class Snapshot {
 public:
  struct Compiled {
    std::shared_ptr<const Snapshot> snapshot;
    // All resources that cannot be used on this replica, not only the changed ones.
    std::vector<v1::Complaint> complaints;
  };

  // From the chunks of a full snapshot (each as SnapshotChunk.part, in any order). Resources are
  // consumed. InvalidArgument: hash sum, lineage or revision disagree, a resource or a digest
  // stands there twice, contract::CheckConfig or CheckKey refuses.
  static absl::StatusOr<Compiled> Compile(std::vector<v1::Snapshot> parts,
                                          const SecretResolver& resolver);

  // The next version. FailedPrecondition: the delta's base is not this snapshot (revision, hash,
  // or the old hash or digests of a changed resource). InvalidArgument: the check refuses the
  // result. A connection whose secrets could not be resolved is tried again whenever anything but
  // keys changes; one that is unchanged and available keeps its UpstreamConnection.
  absl::StatusOr<Compiled> Apply(const v1::SnapshotDelta& delta,
                                 const SecretResolver& resolver) const;

  // Null = unknown. The pointer lives as long as this snapshot. Neither locks nor allocates.
  const KeyRecord* FindKey(const contract::KeyDigest& digest) const;
  // The group of a record that this snapshot's FindKey returned.
  const contract::RoutingTable::Group& group(const KeyRecord& key) const;

  const std::shared_ptr<const contract::KeyHasher>& hasher() const;
  const contract::RoutingTable& routing() const;
  // By the routing table's connection index.
  const std::vector<std::shared_ptr<const UpstreamConnection>>& connections() const;
  const v1::Settings& settings() const;
  // Routes as given, in order: for GET /v1/models. As routing().routes(), index by index.
  const std::vector<v1::Route>& routes() const;
  const std::vector<v1::Complaint>& complaints() const;

  uint64_t revision() const;
  uint64_t hash() const;
  const std::string& lineage() const;
  // Key resources, revoked ones included.
  size_t key_count() const;

  ~Snapshot();

 private:
  struct Data;
  explicit Snapshot(std::unique_ptr<const Data> data);
  std::unique_ptr<const Data> data_;
};

}  // namespace lmgate::snapshot

#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>
#include <absl/types/span.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/contract/key_digest.h"
#include "common/contract/model_pattern.h"
#include "common/contract/provider_preset.h"
#include "common/contract/routing_table.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::snapshot {

// Returns what `env:NAME` or `file:/path` stands for. NotFound names the variable or the file and
// never shows a value. Handed in by the program: this folder reads no environment and no files.
using SecretResolver = std::function<absl::StatusOr<std::string>(std::string_view reference)>;

// A connection as the request path uses it. Immutable; shared by the snapshots in which it is the
// same, so that a worker can compare pointers to see what changed.
struct UpstreamConnection {
  std::string name;
  contract::EffectiveConnection config;
  // Ready-made head lines for each request, each ending in CRLF: Host, the credential
  // (kCredential only), static headers. SECRET.
  std::string header_block;
  // Lower-case names that header_block sets: a client's header of that name is never forwarded.
  std::vector<std::string> own_headers;
  // PEM, resolved; empty = the system's authorities / no client certificate. SECRET: client_key.
  std::string tls_ca_pem;
  std::string tls_client_cert_pem;
  std::string tls_client_key_pem;
  std::string tls_server_name;
  bool tls_verify = true;
  // Not empty = cannot be used on this replica: "environment variable X is not set".
  std::string unavailable_reason;
};

enum class KeyState : uint8_t { kActive, kBlocked, kRevoked };

// What the request path needs to know of a key. Points into the snapshot.
struct KeyRecord {
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  std::string id;          // public id: may be logged
  std::string group_name;  // interned by the snapshot
  uint32_t group = 0;      // index into routing().groups()
  KeyState state = KeyState::kActive;
  // Unix milliseconds from which this digest is refused: the key's expiry, or the end of the grace
  // of a rotated secret.
  int64_t expires_ms = kNever;
  std::vector<contract::ModelPattern> models;  // the key's own list; empty = none
};

// One version of the configuration, compiled for look-ups: immutable, structurally shared with the
// versions before and after it (keys: copy-on-write radix over digest bits), so that a delta costs
// what it changes. Thread-safe. Each worker holds the current one; a request copies out what it
// needs or holds the shared_ptr of the worker's.
class Snapshot {
 public:
  struct Compiled {
    std::shared_ptr<const Snapshot> snapshot;
    // All resources that cannot be used on this replica, not only the changed ones.
    std::vector<v1::Complaint> complaints;
  };

  // From the chunks of a full snapshot (each as SnapshotChunk.part, in any order). Resources are
  // consumed. InvalidArgument: hash sum, lineage or revision disagree, contract::CheckConfig or
  // CheckKey refuses.
  static absl::StatusOr<Compiled> Compile(std::vector<v1::Snapshot> parts,
                                          const SecretResolver& resolver);

  // The next version. FailedPrecondition: the delta's base is not this snapshot (revision, hash, or
  // a changed resource's old hash). InvalidArgument: the check refuses the result.
  absl::StatusOr<Compiled> Apply(const v1::SnapshotDelta& delta,
                                 const SecretResolver& resolver) const;

  // Null = unknown. The pointer lives as long as this snapshot.
  const KeyRecord* FindKey(const contract::KeyDigest& digest) const;

  const contract::KeyHasher& hasher() const;
  const contract::RoutingTable& routing() const;
  // By the routing table's connection index.
  const std::vector<std::shared_ptr<const UpstreamConnection>>& connections() const;
  const v1::Settings& settings() const;
  // Routes as given, in order: for GET /v1/models.
  const std::vector<v1::Route>& routes() const;

  uint64_t revision() const;
  uint64_t hash() const;
  const std::string& lineage() const;
  size_t key_count() const;

  ~Snapshot();

 private:
  struct Data;
  explicit Snapshot(std::unique_ptr<const Data> data);
  std::unique_ptr<const Data> data_;
};

}  // namespace lmgate::snapshot

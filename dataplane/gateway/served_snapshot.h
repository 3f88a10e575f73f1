#pragma once

#include <absl/status/statusor.h>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/credential/token_source.h"
#include "dataplane/gateway/metrics.h"
#include "dataplane/http1/client_pool.h"
#include "dataplane/snapshot/snapshot.h"

namespace lmgate::gateway {

// A snapshot as one worker serves it: with the worker's own endpoints and counters beside each
// connection. Requests hold a ServedSnapshotRef, whose count is the worker's own, so that no
// counter is shared between threads; a long stream thereby keeps an old version alive, of which the
// newer ones share all that they did not change.
class ServedSnapshot {
 public:
  // `credentials` may be null: then nobody fetches any.
  ServedSnapshot(std::shared_ptr<const snapshot::Snapshot> snapshot, http1::ClientPool& pool,
                 WorkerMetrics& metrics, credential::TokenSource* credentials,
                 const ServedSnapshot* previous);

  const snapshot::Snapshot& snapshot() const { return *snapshot_; }
  // Made on first use.
  http1::Endpoint& endpoint(uint32_t connection);
  ConnectionMetrics& metrics(uint32_t connection);
  // What an attempt adds to the connection's header_block: the credential that is fetched for it,
  // newest; null = header_block has all. Unavailable: why there is none for now. Valid until the
  // next call for the same connection. Neither locks nor allocates while nothing changes.
  absl::StatusOr<const credential::Credential*> CredentialFor(uint32_t connection) {
    if (!snapshot_->connections()[connection]->config.has_fetched_credential()) return nullptr;
    return FetchedCredential(connection);
  }
  // The provider refused what CredentialFor gave: TokenSource::Renew, if it was fetched.
  void RenewCredential(uint32_t connection);

 private:
  friend void intrusive_ptr_add_ref(ServedSnapshot* served) { ++served->references_; }
  friend void intrusive_ptr_release(ServedSnapshot* served) {
    if (--served->references_ == 0) delete served;
  }
  struct Connection {
    std::shared_ptr<http1::Endpoint> endpoint;
    ConnectionMetrics* metrics = nullptr;
    std::optional<credential::CredentialReader> credential;
  };

  absl::StatusOr<const credential::Credential*> FetchedCredential(uint32_t connection);

  const std::shared_ptr<const snapshot::Snapshot> snapshot_;
  http1::ClientPool& pool_;
  WorkerMetrics& metrics_;
  credential::TokenSource* const credentials_;
  std::vector<Connection> connections_;
  uint32_t references_ = 0;
};

using ServedSnapshotRef = boost::intrusive_ptr<ServedSnapshot>;

}  // namespace lmgate::gateway

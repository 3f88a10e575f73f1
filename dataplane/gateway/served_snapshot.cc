#include "dataplane/gateway/served_snapshot.h"

#include <utility>

namespace lmgate::gateway {

ServedSnapshot::ServedSnapshot(std::shared_ptr<const snapshot::Snapshot> snapshot,
                               http1::ClientPool& pool, WorkerMetrics& metrics,
                               credential::TokenSource* credentials, const ServedSnapshot* previous)
    : snapshot_(std::move(snapshot)), pool_(pool), metrics_(metrics), credentials_(credentials) {
  const auto& connections = snapshot_->connections();
  connections_.resize(connections.size());
  if (previous == nullptr) return;
  // Unchanged connections are the same objects: their endpoints are taken over.
  const auto& before = previous->snapshot_->connections();
  for (size_t i = 0; i < connections.size() && i < before.size(); ++i) {
    if (connections[i] == before[i]) connections_[i] = previous->connections_[i];
  }
}

http1::Endpoint& ServedSnapshot::endpoint(uint32_t connection) {
  std::shared_ptr<http1::Endpoint>& endpoint = connections_[connection].endpoint;
  if (endpoint == nullptr) {
    const snapshot::UpstreamConnection& upstream = *snapshot_->connections()[connection];
    endpoint = pool_.Get({.url = upstream.config.base_url,
                          .ca_pem = upstream.tls_ca_pem,
                          .client_cert_pem = upstream.tls_client_cert_pem,
                          .client_key_pem = upstream.tls_client_key_pem,
                          .server_name = upstream.tls_server_name,
                          .verify = upstream.tls_verify});
  }
  return *endpoint;
}

ConnectionMetrics& ServedSnapshot::metrics(uint32_t connection) {
  ConnectionMetrics*& metrics = connections_[connection].metrics;
  if (metrics == nullptr) {
    metrics = metrics_.ForConnection(snapshot_->connections()[connection]->name);
  }
  return *metrics;
}

void ServedSnapshot::RenewCredential(uint32_t connection) {
  if (credentials_ != nullptr) credentials_->Renew(*snapshot_->connections()[connection]);
}

absl::StatusOr<const credential::Credential*> ServedSnapshot::FetchedCredential(
    uint32_t connection) {
  const snapshot::UpstreamConnection& upstream = *snapshot_->connections()[connection];
  std::optional<credential::CredentialReader>& reader = connections_[connection].credential;
  if (!reader.has_value()) {
    auto slot = credentials_ == nullptr ? nullptr : credentials_->FindSlot(upstream);
    // A request that still holds an old configuration, whose account nobody uses any more.
    if (slot == nullptr) return absl::UnavailableError("its credential is no longer fetched");
    reader.emplace(std::move(slot));
  }
  const credential::Credential& credential = reader->Get();
  if (!credential.problem.empty()) return absl::UnavailableError(credential.problem);
  return &credential;
}

}  // namespace lmgate::gateway

#pragma once

#include <absl/time/time.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/control/control_channel.h"
#include "dataplane/control/last_good_store.h"
#include "dataplane/control/reconnect_backoff.h"
#include "dataplane/snapshot/snapshot.h"

namespace lmgate::control {

// Written by the subscription's thread, read by whoever exposes them.
struct ConfigSubscriptionMetrics {
  std::atomic<bool> connected{false};
  std::atomic<uint64_t> revision{0};  // that the replica serves
  std::atomic<uint64_t> snapshots_applied{0};
  std::atomic<uint64_t> deltas_applied{0};
  std::atomic<uint64_t> nacks{0};
  std::atomic<uint64_t> stream_ends{0};  // streams that ended or could not begin
  std::atomic<uint64_t> complaints{0};   // resources that cannot be used here, now
  std::atomic<uint64_t> store_errors{0};
};

// Keeps the replica's configuration current: a thread of its own reads SnapshotService.Subscribe
// with plain blocking calls and comes back after every break (100 ms to 5 s, jittered; at once when
// a stream that worked ends, as when the control plane restarts).
//
// Each push is applied, written to the last-good store, published and then acknowledged; or
// refused, which changes nothing. A replica that cannot write its store still serves the push (a
// block must not wait for disk space) and says so as a complaint in its ack.
class ConfigSubscription {
 public:
  struct Options {
    ControlPlaneAddress address;
    std::string replica_id;
    std::string listen_address;  // of the traffic port, for `lmctl status`
    ReconnectBackoff::Options backoff;
    uint64_t snapshot_bytes_max = uint64_t{2} << 30;  // all chunks of one snapshot
    // While the store is behind, a full snapshot is asked for at most this often.
    absl::Duration store_retry = absl::Seconds(60);
  };

  // Hands a new version to the workers and returns when each of them has it: the ack that follows
  // means "served". Called on the subscription's thread.
  using Publish = std::function<void(std::shared_ptr<const snapshot::Snapshot>)>;

  // `store` outlives this and is used by nobody else after Start. `current`: what the replica
  // serves already (LastGoodStore::Load), null = nothing; it is not published again.
  ConfigSubscription(Options options, LastGoodStore& store, snapshot::SecretResolver resolver,
                     std::shared_ptr<const snapshot::Snapshot> current, Publish publish);
  // Stops.
  ~ConfigSubscription();

  void Start();
  // Tells the control plane that this replica finishes; on later streams too. Any thread.
  void SendDraining();
  // Tells it which resources cannot be used for now, for reasons that come and go between pushes:
  // all of them, in the place of those told before. On later streams too. Any thread.
  void SendComplaints(std::vector<v1::Complaint> complaints);
  // Cancels the stream and joins the thread; at once, unless Publish blocks. Any thread but the
  // subscription's own; more than once is fine.
  void Stop();

  const ConfigSubscriptionMetrics& metrics() const { return metrics_; }

 private:
  class Session;

  ConfigSubscriptionMetrics metrics_;
  std::unique_ptr<Session> session_;
};

}  // namespace lmgate::control

#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/control/config_subscription.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::control {

// What one push means: applies, stores and publishes it, and finds the answer. Knows the replica's
// current snapshot across streams, and of a stream only the chunks that have come so far. Used by
// the subscription's thread only.
class PushHandler {
 public:
  // All references outlive it.
  PushHandler(const ConfigSubscription::Options& options, LastGoodStore& store,
              const snapshot::SecretResolver& resolver,
              std::shared_ptr<const snapshot::Snapshot> current,
              const ConfigSubscription::Publish& publish, ConfigSubscriptionMetrics& metrics);

  // First message of a new stream; forgets chunks of the one before.
  v1::SubscribeRequest MakeHello();
  // The answer to a push; nullopt = none yet, there are more chunks to come. InvalidArgument: the
  // peer breaks the protocol and the stream must end.
  absl::StatusOr<std::optional<v1::SubscribeRequest>> Handle(v1::SubscribeResponse push);

 private:
  // Chunks of one snapshot.
  struct Assembly {
    std::string nonce;
    uint32_t next_index = 0;
    uint64_t bytes = 0;
    std::vector<v1::Snapshot> parts;
    bool is_too_large = false;
  };

  v1::SubscribeRequest HandleDelta(const std::string& nonce, const v1::SnapshotDelta& delta);
  absl::StatusOr<std::optional<v1::SubscribeRequest>> HandleChunk(const std::string& nonce,
                                                                  v1::SnapshotChunk chunk);
  v1::SubscribeRequest HandleSnapshot(const std::string& nonce, std::vector<v1::Snapshot> parts);
  v1::SubscribeRequest Serve(const std::string& nonce, snapshot::Snapshot::Compiled compiled,
                             const absl::Status& stored);
  v1::SubscribeRequest MakeNack(const std::string& nonce, const absl::Status& reason,
                                bool need_full_snapshot);

  const ConfigSubscription::Options& options_;
  LastGoodStore& store_;
  const snapshot::SecretResolver& resolver_;
  const ConfigSubscription::Publish& publish_;
  ConfigSubscriptionMetrics& metrics_;

  std::shared_ptr<const snapshot::Snapshot> current_;  // null = nothing yet
  std::optional<Assembly> assembly_;
  // SystemClock::SteadyNanos of the last full snapshot; nullopt = none came yet.
  std::optional<int64_t> full_snapshot_at_;
};

}  // namespace lmgate::control

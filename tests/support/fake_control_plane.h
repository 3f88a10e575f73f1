#pragma once

#include <absl/time/time.h>

#include <memory>
#include <optional>
#include <string>

#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::testing {

// A scripted SnapshotService on a real loopback port: the test decides what is pushed and when, and
// sees every message of the replica in order. One stream at a time; a new one replaces the old.
// Thread-safe.
class FakeControlPlane {
 public:
  static constexpr absl::Duration kPatience = absl::Seconds(20);

  // Listens at once. Streams without "Bearer <token>" are refused.
  explicit FakeControlPlane(std::string token);
  ~FakeControlPlane();

  // 127.0.0.1:PORT; the same after Restart.
  std::string address() const;
  // Path-free stand-in for a token rotation.
  void SetToken(std::string token);

  // The next message that the replica sent, whatever stream it came on; nullopt after `patience`.
  std::optional<v1::SubscribeRequest> NextMessage(absl::Duration patience = kPatience);
  // The next message, which must be of this kind; aborts the test program otherwise.
  v1::Hello NextHello();
  v1::Ack NextAck();
  v1::Nack NextNack();

  // Each pushes to the current stream; false when there is none.
  bool Push(const v1::SubscribeResponse& response);
  bool PushDelta(const std::string& nonce, const v1::SnapshotDelta& delta);
  // In chunks of so many resources.
  bool PushSnapshot(const std::string& nonce, const v1::Snapshot& snapshot,
                    int resources_max = 1000);

  // Ends the current stream: cleanly, as a server that shuts down, or with an error.
  void EndStream();
  void BreakStream();
  // How often a token was refused.
  int refusals() const;

  // Goes away and comes back on the same port.
  void Stop();
  void Restart();

 private:
  class Service;
  std::unique_ptr<Service> service_;
};

}  // namespace lmgate::testing

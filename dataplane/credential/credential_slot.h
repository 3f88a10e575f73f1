#pragma once

#include <absl/base/thread_annotations.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "common/base/mutex.h"
#include "dataplane/credential/credential.h"

namespace lmgate::credential {

// The newest credential of an account, from the thread that fetches it to the workers. Thread-safe.
// Shared, like snapshots: a request under way may outlive the configuration that it came from.
class CredentialSlot {
 public:
  // Begins without one: "has not been fetched yet".
  CredentialSlot();

  void Set(Credential credential);
  std::shared_ptr<const Credential> Get() const;

 private:
  friend class CredentialReader;
  struct Versioned {
    uint64_t version;
    std::shared_ptr<const Credential> credential;
  };
  Versioned GetVersioned() const;

  mutable Mutex mutex_;
  std::shared_ptr<const Credential> current_ ABSL_GUARDED_BY(mutex_);
  // Written under mutex_, read without.
  std::atomic<uint64_t> version_{1};
};

// One worker's view of a slot: takes its lock only when there is something new. Not thread-safe.
class CredentialReader {
 public:
  explicit CredentialReader(std::shared_ptr<const CredentialSlot> slot) : slot_(std::move(slot)) {}

  // Valid until the next Get.
  const Credential& Get() {
    if (slot_->version_.load(std::memory_order_acquire) != seen_.version) {
      seen_ = slot_->GetVersioned();
    }
    return *seen_.credential;
  }

 private:
  std::shared_ptr<const CredentialSlot> slot_;
  CredentialSlot::Versioned seen_{0, nullptr};
};

}  // namespace lmgate::credential

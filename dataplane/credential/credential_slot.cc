#include "dataplane/credential/credential_slot.h"

namespace lmgate::credential {

CredentialSlot::CredentialSlot()
    : current_(std::make_shared<const Credential>(
          Credential{.problem = "the credential has not been fetched yet"})) {}

void CredentialSlot::Set(Credential credential) {
  auto next = std::make_shared<const Credential>(std::move(credential));
  MutexLock lock(&mutex_);
  // Last to be freed, outside the readers' way.
  current_.swap(next);
  version_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const Credential> CredentialSlot::Get() const { return GetVersioned().credential; }

CredentialSlot::Versioned CredentialSlot::GetVersioned() const {
  MutexLock lock(&mutex_);
  return {version_.load(std::memory_order_relaxed), current_};
}

}  // namespace lmgate::credential

#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/random/bit_gen_ref.h>
#include <absl/time/time.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "dataplane/credential/credential_fetcher.h"
#include "dataplane/credential/credential_slot.h"
#include "dataplane/credential/refresh_schedule.h"
#include "dataplane/snapshot/upstream_connection.h"

namespace lmgate::credential {

// Keeps the fetched credentials of the replica fresh: one slot an account, whatever number of
// connections share it. Fetches on the thread that calls Run, one account after another; before a
// credential ends or when it is refused, and again after a failure with a growing pause. While a
// new one cannot be had the old one is used until its end; then requests hear why.
class TokenSource {
 public:
  using Connections = std::vector<std::shared_ptr<const snapshot::UpstreamConnection>>;

  struct Options {
    CredentialFetcher::Options fetch = {};
    RefreshSchedule::Options refresh = {};
  };
  // Why a connection has no credential now.
  struct Problem {
    std::string connection;
    std::string message;

    bool operator==(const Problem&) const = default;
  };

  // Hears all problems, by the connections' names, whenever they are others than before. Called on
  // the thread that fetches.
  using ProblemListener = std::function<void(const std::vector<Problem>&)>;

  // `clock` and `random` outlive it; `random` is used by the thread that fetches only. `listener`
  // may be empty.
  TokenSource(Options options, snapshot::SecretResolver resolver, const Clock& clock,
              absl::BitGenRef random, ProblemListener listener = {});

  // ---- any thread
  // From now on fetches for these connections and no others. Those that were there keep what they
  // have; keys that stand in the configuration are there at once.
  void Use(const Connections& connections) ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until each account has been tried once, so that a new connection does not begin with
  // refusals. False = not within `patience`.
  bool AwaitFirstTries(absl::Duration patience) ABSL_LOCKS_EXCLUDED(mutex_);
  // Null = the connection has no fetched credential, or Use has not named it.
  std::shared_ptr<const CredentialSlot> FindSlot(
      const snapshot::UpstreamConnection& connection) const ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<Problem> FindProblems() const ABSL_LOCKS_EXCLUDED(mutex_);
  // A provider refused the connection's credential, which may have been revoked: another is fetched
  // at once, if no refusal has brought one about within RefreshSchedule's refusal_pause. Requests
  // that were under way with the old one are thereby harmless. Keys of the configuration stay.
  void Renew(const snapshot::UpstreamConnection& connection) ABSL_LOCKS_EXCLUDED(mutex_);
  // Lets Run return soon (see HttpClient::Stop). For good.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  // ---- the thread that fetches
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  // Fetches all that is due, and says when the next is.
  absl::Time FetchDue() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using AuthMode = contract::EffectiveConnection::AuthMode;

  struct Account {
    AuthMode mode;
    snapshot::CloudAccount account;
    std::shared_ptr<CredentialSlot> slot;
    std::vector<std::string> connections;  // that use it
    RefreshSchedule schedule;
    absl::Time next = absl::InfinitePast();
    bool tried = false;
  };
  struct Due {
    std::string key;
    AuthMode mode;
    snapshot::CloudAccount account;
  };

  std::optional<Due> TakeDue() ABSL_LOCKS_EXCLUDED(mutex_);
  void Store(const std::string& key, absl::StatusOr<Credential> fetched)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Time NextTime() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool AllTried() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  const Options options_;
  const Clock& clock_;

  const ProblemListener listener_;

  // Used by the fetching thread only, but for Stop.
  CredentialFetcher fetcher_;
  absl::BitGenRef random_;
  std::vector<Problem> told_;

  mutable Mutex mutex_;
  CondVar changed_;  // Use, Renew, Stop, a first try
  // By what makes two accounts one. SECRET, keys included.
  absl::flat_hash_map<std::string, Account> accounts_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace lmgate::credential

#include "dataplane/credential/token_source.h"

#include <absl/strings/str_join.h>

#include <algorithm>
#include <utility>

#include "common/base/logging.h"
#include "common/base/strings.h"

namespace lmgate::credential {
namespace {

using snapshot::CloudAccount;

// The wall clock may jump: what is due is looked for at least so often.
constexpr absl::Duration kWaitMax = absl::Seconds(30);
// Names in one line of the log.
constexpr size_t kNamesMax = 5;

// Each part with its length, so that no two accounts have one key.
std::string KeyOf(contract::EffectiveConnection::AuthMode mode, const CloudAccount& account) {
  std::string key = StrCat(static_cast<int>(mode));
  for (const std::string* part :
       {&account.aws_access_key_id, &account.aws_secret_access_key, &account.aws_session_token,
        &account.aws_profile, &account.google_service_account, &account.entra_tenant_id,
        &account.entra_client_id, &account.entra_client_secret, &account.entra_authority,
        &account.entra_scope}) {
    StrAppend(&key, " ", part->size(), ":", *part);
  }
  return key;
}

// Needs no fetching, and is never fetched again.
bool IsStatic(const CloudAccount& account) { return !account.aws_access_key_id.empty(); }

std::string Names(const std::vector<std::string>& names) {
  const std::vector<std::string> shown(
      names.begin(),
      names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kNamesMax)));
  return StrCat(absl::StrJoin(shown, ", "),
                names.size() > kNamesMax ? StrCat(" and ", names.size() - kNamesMax, " more") : "");
}

}  // namespace

TokenSource::TokenSource(Options options, snapshot::SecretResolver resolver, const Clock& clock,
                         absl::BitGenRef random, ProblemListener listener)
    : options_(options),
      clock_(clock),
      listener_(std::move(listener)),
      fetcher_(options.fetch, std::move(resolver), clock),
      random_(random) {}

void TokenSource::Use(const Connections& connections) {
  MutexLock lock(&mutex_);
  absl::flat_hash_map<std::string, Account> used;
  for (const auto& connection : connections) {
    const AuthMode mode = connection->config.auth_mode;
    if (!connection->config.has_fetched_credential() || !connection->unavailable_reason.empty()) {
      continue;
    }
    std::string key = KeyOf(mode, connection->account);
    auto [entry, inserted] =
        used.try_emplace(key, Account{.mode = mode,
                                      .account = connection->account,
                                      .slot = nullptr,
                                      .connections = {},
                                      .schedule = RefreshSchedule(options_.refresh)});
    if (inserted) {
      if (const auto known = accounts_.find(key); known != accounts_.end()) {
        entry->second = std::move(known->second);
        entry->second.connections.clear();
      } else {
        entry->second.slot = std::make_shared<CredentialSlot>();
      }
    }
    entry->second.connections.push_back(connection->name);
  }
  accounts_ = std::move(used);
  for (auto& [key, account] : accounts_) {
    if (account.tried || !IsStatic(account.account)) continue;
    account.tried = true;
    account.next = absl::InfiniteFuture();
    AwsKeys keys{.access_key_id = account.account.aws_access_key_id,
                 .secret_access_key = account.account.aws_secret_access_key,
                 .session_token = account.account.aws_session_token};
    if (IsUsable(keys)) {
      account.slot->Set({.aws_keys = std::move(keys)});
    } else {
      account.slot->Set({.problem = "aws: a key holds white space or control characters"});
    }
  }
  changed_.SignalAll();
}

bool TokenSource::AllTried() const {
  return std::all_of(accounts_.begin(), accounts_.end(),
                     [](const auto& entry) { return entry.second.tried; });
}

bool TokenSource::AwaitFirstTries(absl::Duration patience) {
  const SystemClock real;  // as CondVar counts
  const int64_t deadline = real.SteadyNanos() + absl::ToInt64Nanoseconds(patience);
  MutexLock lock(&mutex_);
  while (!AllTried() && !stopping_) {
    const int64_t left = deadline - real.SteadyNanos();
    if (left <= 0) return false;
    changed_.WaitWithTimeout(&mutex_, absl::Nanoseconds(left));
  }
  return AllTried();
}

std::shared_ptr<const CredentialSlot> TokenSource::FindSlot(
    const snapshot::UpstreamConnection& connection) const {
  if (!connection.config.has_fetched_credential()) return nullptr;
  const std::string key = KeyOf(connection.config.auth_mode, connection.account);
  MutexLock lock(&mutex_);
  const auto found = accounts_.find(key);
  return found == accounts_.end() ? nullptr : found->second.slot;
}

std::vector<TokenSource::Problem> TokenSource::FindProblems() const {
  std::vector<Problem> problems;
  MutexLock lock(&mutex_);
  for (const auto& [key, account] : accounts_) {
    const auto credential = account.slot->Get();
    if (!account.tried || credential->problem.empty()) continue;
    for (const std::string& name : account.connections) {
      problems.push_back({.connection = name, .message = credential->problem});
    }
  }
  std::sort(problems.begin(), problems.end(),
            [](const Problem& a, const Problem& b) { return a.connection < b.connection; });
  return problems;
}

void TokenSource::Renew(const snapshot::UpstreamConnection& connection) {
  if (!connection.config.has_fetched_credential() || IsStatic(connection.account)) return;
  const std::string key = KeyOf(connection.config.auth_mode, connection.account);
  const absl::Time now = clock_.Now();
  MutexLock lock(&mutex_);
  const auto found = accounts_.find(key);
  if (found == accounts_.end()) return;
  Account& account = found->second;
  if (!account.schedule.TakeRefusal(now)) return;
  LogWarn(StrCat("connection ", connection.name,
                 ": the provider refused the credential; it is fetched anew"));
  account.next = std::min(account.next, now);
  changed_.SignalAll();
}

void TokenSource::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  fetcher_.Stop();
}

void TokenSource::Run() {
  while (true) {
    const absl::Time next = FetchDue();
    MutexLock lock(&mutex_);
    if (stopping_) return;
    // Use or Renew may have come since.
    if (NextTime() < next) continue;
    const absl::Duration wait = std::min(next - clock_.Now(), kWaitMax);
    if (wait > absl::ZeroDuration()) changed_.WaitWithTimeout(&mutex_, wait);
    if (stopping_) return;
  }
}

absl::Time TokenSource::FetchDue() {
  while (const std::optional<Due> due = TakeDue()) {
    Store(due->key, fetcher_.Fetch(due->mode, due->account));
  }
  std::vector<Problem> problems = FindProblems();
  if (problems != told_) {
    told_ = std::move(problems);
    if (listener_) listener_(told_);
  }
  MutexLock lock(&mutex_);
  return NextTime();
}

absl::Time TokenSource::NextTime() const {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [key, account] : accounts_) next = std::min(next, account.next);
  return next;
}

std::optional<TokenSource::Due> TokenSource::TakeDue() {
  const absl::Time now = clock_.Now();
  MutexLock lock(&mutex_);
  if (stopping_) return std::nullopt;
  // The one that waits longest: none starves while others fail.
  const auto first =
      std::min_element(accounts_.begin(), accounts_.end(),
                       [](const auto& a, const auto& b) { return a.second.next < b.second.next; });
  if (first == accounts_.end() || first->second.next > now) return std::nullopt;
  return Due{.key = first->first, .mode = first->second.mode, .account = first->second.account};
}

void TokenSource::Store(const std::string& key, absl::StatusOr<Credential> fetched) {
  const absl::Time now = clock_.Now();
  MutexLock lock(&mutex_);
  const auto found = accounts_.find(key);
  // The configuration has changed meanwhile, or what failed is our own end.
  if (found == accounts_.end() || stopping_) return;
  Account& account = found->second;
  const auto before = account.slot->Get();
  if (fetched.ok() && fetched->expires_at <= now) {
    fetched = absl::UnavailableError("the credential that was given has expired already");
  }
  if (fetched.ok()) {
    account.next = account.schedule.AfterSuccess(now, fetched->expires_at, random_);
    if (account.tried && !before->problem.empty()) {
      LogInfo(StrCat("connection ", Names(account.connections), ": has a credential again"));
    }
    // Workers need not look at what they have.
    if (*before != *fetched) account.slot->Set(*std::move(fetched));
  } else {
    account.next = account.schedule.AfterFailure(now, random_);
    Credential failure{.problem = std::string(fetched.status().message())};
    const bool is_usable = before->problem.empty() && now < before->expires_at;
    // At its end it must give way to the reason, even if there is none better.
    if (is_usable) account.next = std::min(account.next, before->expires_at);
    if (!is_usable && *before != failure) {
      LogWarn(StrCat("connection ", Names(account.connections), ": ", failure.problem));
      account.slot->Set(std::move(failure));
    }
  }
  account.tried = true;
  changed_.SignalAll();
}

}  // namespace lmgate::credential

#include "controlplane/discovery/replica_registry.h"

#include <algorithm>
#include <utility>

namespace lmgate::discovery {
namespace {

constexpr size_t kAcksMax = 64;
constexpr size_t kCommitsMax = 10000;
// Missing replicas that one answer names.
constexpr int kMissingMax = 100;

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t nanos = absl::ToUnixNanos(time);
  out->set_seconds(nanos / 1'000'000'000);
  out->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* out) {
  const int64_t nanos = absl::ToInt64Nanoseconds(std::max(duration, absl::ZeroDuration()));
  out->set_seconds(nanos / 1'000'000'000);
  out->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
}

std::string CutText(const std::string& text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

ReplicaRegistry::ReplicaRegistry(const Clock& clock, Options options)
    : clock_(clock), options_(options) {}

std::vector<v1::Replica> ReplicaRegistry::List() {
  const MutexLock lock(&mutex_);
  Forget();
  std::vector<v1::Replica> out;
  out.reserve(replicas_.size());
  for (const auto& [id, entry] : replicas_) out.push_back(Describe(entry));
  return out;
}

v1::WaitForRevisionReply ReplicaRegistry::Wait(uint64_t revision, absl::Duration timeout) const {
  const int64_t deadline = clock_.SteadyNanos() + absl::ToInt64Nanoseconds(timeout);
  const MutexLock lock(&mutex_);
  bool timed_out = false;
  while (!AllAnswered(revision)) {
    const int64_t left = deadline - clock_.SteadyNanos();
    if (stopped_ || timed_out || left <= 0) {
      v1::WaitForRevisionReply reply = Summarize(revision);
      reply.set_timed_out(true);
      return reply;
    }
    timed_out = changed_.WaitWithTimeout(&mutex_, absl::Nanoseconds(left));
  }
  return Summarize(revision);
}

void ReplicaRegistry::Stop() {
  const MutexLock lock(&mutex_);
  stopped_ = true;
  changed_.SignalAll();
}

void ReplicaRegistry::SetCurrent(Position current, absl::Time committed) {
  const MutexLock lock(&mutex_);
  current_ = current;
  commits_.push_back({.revision = current.revision, .time = committed});
  if (commits_.size() > kCommitsMax) commits_.pop_front();
}

void ReplicaRegistry::Connect(uint64_t stream, const v1::Hello& hello, Base base) {
  const MutexLock lock(&mutex_);
  Forget();
  Entry& entry = replicas_[hello.replica_id()];
  if (entry.stream > stream) return;
  // What it complained of stays until it says otherwise; the rest begins anew.
  auto complaints = std::move(entry.complaints);
  entry = Entry();
  entry.stream = stream;
  entry.complaints = std::move(complaints);
  entry.hello = hello;
  entry.serves = {.revision = hello.revision(), .hash = hello.hash()};
  entry.base = base;
  entry.connected = true;
  entry.connected_at = clock_.Now();
  changed_.SignalAll();
}

void ReplicaRegistry::Ack(uint64_t stream, std::string_view replica_id, const v1::Ack& ack) {
  const MutexLock lock(&mutex_);
  Entry* entry = FindEntry(stream, replica_id);
  if (entry == nullptr) return;
  const absl::Time now = clock_.Now();
  entry->serves = {.revision = ack.revision(), .hash = ack.hash()};
  entry->base = Base::kOurs;
  entry->refused.reset();
  entry->complaints = CutComplaints(ack.complaints());
  if (const auto committed = CommitTime(ack.revision())) {
    // What was committed before the replica came was not kept from it.
    entry->ack_latency = now - std::max(*committed, entry->connected_at);
  }
  entry->acks.push_back({.revision = ack.revision(), .time = now});
  if (entry->acks.size() > kAcksMax) entry->acks.pop_front();
  changed_.SignalAll();
}

void ReplicaRegistry::Nack(uint64_t stream, std::string_view replica_id, const v1::Nack& nack,
                           uint64_t refused) {
  const MutexLock lock(&mutex_);
  Entry* entry = FindEntry(stream, replica_id);
  if (entry == nullptr) return;
  entry->serves = {.revision = nack.revision(), .hash = nack.hash()};
  // Asking for a full snapshot is no verdict on the revision: that comes with the snapshot.
  if (!nack.need_full_snapshot()) entry->refused = refused;
  entry->complaints = CutComplaints(nack.complaints());
  changed_.SignalAll();
}

void ReplicaRegistry::SetState(uint64_t stream, std::string_view replica_id,
                               const v1::ReplicaState& state) {
  const MutexLock lock(&mutex_);
  Entry* entry = FindEntry(stream, replica_id);
  if (entry == nullptr) return;
  entry->draining = state.draining();
  entry->state_complaints = CutComplaints(state.complaints());
  changed_.SignalAll();
}

void ReplicaRegistry::Disconnect(uint64_t stream, std::string_view replica_id) {
  const MutexLock lock(&mutex_);
  Entry* entry = FindEntry(stream, replica_id);
  if (entry == nullptr) return;
  entry->connected = false;
  entry->disconnected_at = clock_.Now();
  Forget();
  changed_.SignalAll();
}

ReplicaRegistry::Entry* ReplicaRegistry::FindEntry(uint64_t stream, std::string_view replica_id) {
  const auto found = replicas_.find(std::string(replica_id));
  const bool mine = found != replicas_.end() && found->second.stream == stream;
  return mine ? &found->second : nullptr;
}

void ReplicaRegistry::Forget() {
  const absl::Time oldest = clock_.Now() - options_.forget_after;
  std::vector<std::pair<absl::Time, std::string>> gone;
  for (auto at = replicas_.begin(); at != replicas_.end();) {
    const Entry& entry = at->second;
    if (!entry.connected && entry.disconnected_at <= oldest) {
      at = replicas_.erase(at);
      continue;
    }
    if (!entry.connected) gone.emplace_back(entry.disconnected_at, at->first);
    ++at;
  }
  if (gone.size() <= options_.disconnected_max) return;
  std::sort(gone.begin(), gone.end());
  gone.resize(gone.size() - options_.disconnected_max);
  for (const auto& [time, id] : gone) replicas_.erase(id);
}

std::vector<v1::Complaint> ReplicaRegistry::CutComplaints(
    const google::protobuf::RepeatedPtrField<v1::Complaint>& complaints) const {
  std::vector<v1::Complaint> cut;
  for (const v1::Complaint& complaint : complaints) {
    if (static_cast<int>(cut.size()) == options_.complaints_max) break;
    v1::Complaint& copy = cut.emplace_back();
    copy.set_kind(complaint.kind());
    copy.set_name(CutText(complaint.name(), options_.complaint_bytes_max));
    copy.set_message(CutText(complaint.message(), options_.complaint_bytes_max));
  }
  return cut;
}

std::string_view ReplicaRegistry::StateOf(const Entry& entry) const {
  if (!entry.connected) return "DISCONNECTED";
  if (entry.draining) return "DRAINING";
  if (entry.refused && *entry.refused >= current_.revision) return "NACKED";
  return entry.base == Base::kOurs && entry.serves == current_ ? "SYNCED" : "STALE";
}

v1::Replica ReplicaRegistry::Describe(const Entry& entry) const {
  v1::Replica out;
  out.set_id(entry.hello.replica_id());
  out.set_version(entry.hello.version());
  out.set_listen_address(entry.hello.listen_address());
  out.set_state(std::string(StateOf(entry)));
  out.set_revision(entry.serves.revision);
  out.set_hash(entry.serves.hash);
  const uint64_t base = entry.base == Base::kOurs ? entry.serves.revision : 0;
  out.set_lag(current_.revision > base ? current_.revision - base : 0);
  SetTime(entry.connected_at, out.mutable_connected_at());
  if (!entry.connected) SetTime(entry.disconnected_at, out.mutable_disconnected_at());
  if (entry.ack_latency) SetDuration(*entry.ack_latency, out.mutable_ack_latency());
  for (const auto* complaints : {&entry.complaints, &entry.state_complaints}) {
    for (const v1::Complaint& complaint : *complaints) *out.add_complaints() = complaint;
  }
  return out;
}

bool ReplicaRegistry::Serves(const Entry& entry, uint64_t revision) {
  return entry.base == Base::kOurs && entry.serves.revision >= revision;
}

bool ReplicaRegistry::AllAnswered(uint64_t revision) const {
  return std::all_of(replicas_.begin(), replicas_.end(), [&](const auto& replica) {
    const Entry& entry = replica.second;
    return !entry.connected || entry.draining || Serves(entry, revision) ||
           (entry.refused && *entry.refused >= revision);
  });
}

v1::WaitForRevisionReply ReplicaRegistry::Summarize(uint64_t revision) const {
  v1::WaitForRevisionReply reply;
  const std::optional<absl::Time> committed = CommitTime(revision);
  absl::Duration elapsed;
  for (const auto& [id, entry] : replicas_) {
    if (!entry.connected || entry.draining) continue;
    reply.set_replicas(reply.replicas() + 1);
    if (!Serves(entry, revision)) {
      if (reply.missing_size() < kMissingMax) *reply.add_missing() = Describe(entry);
      continue;
    }
    reply.set_active(reply.active() + 1);
    const auto first = std::find_if(entry.acks.begin(), entry.acks.end(),
                                    [&](const Mark& ack) { return ack.revision >= revision; });
    if (first != entry.acks.end() && committed) {
      elapsed = std::max(elapsed, first->time - *committed);
    }
  }
  SetDuration(elapsed, reply.mutable_elapsed());
  return reply;
}

std::optional<absl::Time> ReplicaRegistry::CommitTime(uint64_t revision) const {
  const auto at = std::lower_bound(
      commits_.begin(), commits_.end(), revision,
      [](const Mark& commit, uint64_t wanted) { return commit.revision < wanted; });
  if (at == commits_.end() || at->revision != revision) return std::nullopt;
  return at->time;
}

}  // namespace lmgate::discovery

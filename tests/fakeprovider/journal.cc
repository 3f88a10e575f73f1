#include "tests/fakeprovider/journal.h"

#include <absl/strings/match.h>

#include "common/base/strings.h"

namespace lmgate::fakeprovider {

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kActive:
      return "active";
    case Outcome::kCompleted:
      return "completed";
    case Outcome::kClientClosed:
      return "client_closed";
    case Outcome::kProviderClosed:
      return "provider_closed";
  }
  return "";
}

std::string_view JournalEntry::FindHeader(std::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (absl::EqualsIgnoreCase(header, ToAbsl(name))) return value;
  }
  return {};
}

void Journal::AddConnection() {
  ++stats_.open_connections;
  ++stats_.total_connections;
  NotifyObservers();
}

void Journal::RemoveConnection() {
  --stats_.open_connections;
  NotifyObservers();
}

uint64_t Journal::Add(JournalEntry entry) {
  ++stats_.requests;
  ++stats_.active_requests;
  const uint64_t seq = next_seq_++;
  if (entries_max_ > 0) {
    if (entries_.size() == entries_max_) entries_.pop_front();
    entry.seq = seq;
    entries_.push_back(std::move(entry));
  }
  NotifyObservers();
  return seq;
}

void Journal::SetStatus(uint64_t seq, int status) {
  if (JournalEntry* entry = FindEntry(seq)) entry->status = status;
  NotifyObservers();
}

void Journal::CountChunk(uint64_t seq) {
  if (JournalEntry* entry = FindEntry(seq)) ++entry->chunks_sent;
  NotifyObservers();
}

void Journal::Finish(uint64_t seq, Outcome outcome, absl::Time now) {
  --stats_.active_requests;
  if (JournalEntry* entry = FindEntry(seq)) {
    entry->outcome = outcome;
    entry->finished_at = now;
  }
  NotifyObservers();
}

void Journal::Clear() {
  entries_.clear();
  NotifyObservers();
}

void Journal::AddObserver(const Observer* observer) { observers_.push_back(observer); }

void Journal::RemoveObserver(const Observer* observer) { std::erase(observers_, observer); }

JournalEntry* Journal::FindEntry(uint64_t seq) {
  if (entries_.empty() || seq < entries_.front().seq || seq > entries_.back().seq) return nullptr;
  return &entries_[seq - entries_.front().seq];
}

void Journal::NotifyObservers() const {
  for (const Observer* observer : observers_) (*observer)();
}

}  // namespace lmgate::fakeprovider

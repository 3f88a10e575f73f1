#pragma once

#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lmgate::fakeprovider {

enum class Outcome {
  kActive,          // still being answered
  kCompleted,       // the kernel took the last byte of the answer
  kClientClosed,    // the client went away before that
  kProviderClosed,  // the fault cut the answer
};
std::string_view OutcomeName(Outcome outcome);

// One request as the provider saw it.
struct JournalEntry {
  uint64_t seq = 0;  // from 1, never reused
  absl::Time time;   // when it was read to its end
  std::optional<absl::Time> finished_at;
  uint64_t connection_id = 0;  // equal for requests of one TCP connection
  std::string method;
  std::string target;
  // In the order and spelling of the wire.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;          // at most Options::journal_body_bytes_max
  uint64_t body_bytes = 0;   // of the whole body
  bool body_is_cut = false;  // body holds less than body_bytes
  std::string model;         // empty = none was found
  int status = 0;            // of the answer; 0 = none was sent
  Outcome outcome = Outcome::kActive;
  uint64_t chunks_sent = 0;  // events of a stream that the kernel took whole

  // First header of that name, any case; empty = none.
  std::string_view FindHeader(std::string_view name) const;
};

struct JournalStats {
  size_t open_connections = 0;
  uint64_t total_connections = 0;
  uint64_t requests = 0;  // since the start; Clear() does not touch it
  size_t active_requests = 0;
};

// What the provider did, for tests to read. Used on the provider's thread only: a request of a
// benchmark pays for no lock.
class Journal {
 public:
  // The oldest entries go first; 0 = keep none.
  explicit Journal(size_t entries_max) : entries_max_(entries_max) {}

  void AddConnection();
  void RemoveConnection();

  // Returns the entry's seq, for the calls below: they skip it when it has been dropped.
  uint64_t Add(JournalEntry entry);
  void SetStatus(uint64_t seq, int status);
  void CountChunk(uint64_t seq);
  // Exactly once for each seq.
  void Finish(uint64_t seq, Outcome outcome, absl::Time now);
  void Clear();

  // Called after each change until it is removed; must not change the journal.
  using Observer = std::function<void()>;
  void AddObserver(const Observer* observer);
  void RemoveObserver(const Observer* observer);

  const std::deque<JournalEntry>& entries() const { return entries_; }  // oldest first
  const JournalStats& stats() const { return stats_; }

 private:
  JournalEntry* FindEntry(uint64_t seq);
  void NotifyObservers() const;

  const size_t entries_max_;
  std::deque<JournalEntry> entries_;  // seqs without gaps
  uint64_t next_seq_ = 1;
  JournalStats stats_;
  std::vector<const Observer*> observers_;
};

}  // namespace lmgate::fakeprovider

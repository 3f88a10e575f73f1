#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/fakeprovider/journal.h"
#include "tests/fakeprovider/options.h"

namespace lmgate::fakeprovider {

// A provider of LLM answers on a real socket, for tests, demos and benchmarks. The model name of a
// request selects what goes wrong (README.md has the table). Serves on one thread of its own; all
// functions are safe to call from any other thread.
//
//   auto provider = FakeProvider::Create(Options());
//   … requests to (*provider)->base_url() …
//   auto entry = (*provider)->WaitForEntry(
//       [](const JournalEntry& e) { return e.outcome == Outcome::kClientClosed; }, timeout);
class FakeProvider {
 public:
  // Unavailable when the address cannot be bound: `127.0.0.1:9100: Address already in use`.
  static absl::StatusOr<std::unique_ptr<FakeProvider>> Create(Options options);
  // Closes all sockets and joins the thread.
  ~FakeProvider();

  uint16_t port() const;
  std::string base_url() const;  // http://127.0.0.1:PORT/v1

  // Entries with a seq greater than `after`, oldest first. An answer that has been read to its end
  // is completed here.
  std::vector<JournalEntry> Journal(uint64_t after = 0) const;
  // As DELETE /__journal.
  void ClearJournal();
  JournalStats Stats() const;
  size_t open_connections() const { return Stats().open_connections; }

  // The first entry that is as `matches` says, now or within `timeout` (at most an hour); else
  // nullopt. The conditions here are called on the provider's thread.
  std::optional<JournalEntry> WaitForEntry(absl::FunctionRef<bool(const JournalEntry&)> matches,
                                           absl::Duration timeout) const;
  // False when the numbers were never as `matches` says within `timeout`.
  bool WaitForStats(absl::FunctionRef<bool(const JournalStats&)> matches,
                    absl::Duration timeout) const;

 private:
  class Impl;
  explicit FakeProvider(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lmgate::fakeprovider

#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstddef>
#include <list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/mutex.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// OpenAI's code for a previous_response_id that is not known: for the client, when ResolveState
// names that field.
inline constexpr std::string_view kPreviousResponseNotFound = "previous_response_not_found";

// Keeps what later requests need of an answer and their clients do not send, for a short time:
// answers of openai-responses, so that previous_response_id and item_reference work with providers
// that keep nothing; and what is signed of a tool call (signed_calls.h). Found by the owner who got
// the answer only. What was not used for longest goes first, when there is too much. In memory of
// this process alone: a client must be ready for an id that is gone. Thread-safe.
class ResponseStore {
 public:
  static constexpr size_t kEntryBytesMax = 8 << 20;

  struct Options {
    // Of texts, ids and their own upkeep.
    size_t bytes_max = 64 << 20;
    // Responses, items and calls.
    size_t entries_max = 20'000;
    // A longer history is not kept: one conversation must not drive out all others.
    size_t entry_bytes_max = kEntryBytesMax;
    // Of a request with its references filled in.
    size_t request_bytes_max = 32 << 20;
    // Since the last use.
    absl::Duration ttl = absl::Minutes(30);
  };

  explicit ResponseStore(const Options& options) : options_(options) {}

  // The body of a request with what it refers to put in its place: the items of
  // previous_response_id before its own `input`, and those of item_reference. Bodies without such
  // come back as they are, also when they are no JSON. InvalidArgument names previous_response_id
  // or input[n] when it is not known (anymore). `owner` is the client's key, by its id.
  absl::StatusOr<std::string> ResolveState(std::string_view owner, std::string_view body,
                                           absl::Time now);

  // Whether Remember keeps anything of a request.
  static bool IsKept(std::string_view request_body);

  // Keeps a whole answer and its request, as it was after ResolveState. Nothing is kept of a
  // request with store:false, and of an answer that failed.
  void Remember(std::string_view owner, std::string_view request_body,
                std::string_view response_json, absl::Time now);

  // Keeps `call` for the next request whose history has a call of that id. No owner's responses or
  // items are found so, nor calls by references.
  void RememberCall(std::string_view owner, std::string_view call_id, const Json& call,
                    absl::Time now);
  // Takes its length from `bytes_left`. NotFound: not known (anymore). InvalidArgument: longer.
  absl::StatusOr<Json> FindCall(std::string_view owner, std::string_view call_id, absl::Time now,
                                size_t* bytes_left);

  size_t request_bytes_max() const { return options_.request_bytes_max; }
  size_t entries() const;
  size_t bytes() const;

 private:
  struct Entry {
    std::string key;
    std::string text;  // JSON: the items of a conversation, one item, or one call
    absl::Time expires;
  };

  absl::StatusOr<Json> FindJson(const std::string& key, absl::Time now, size_t* bytes_left);
  absl::Status ResolveItems(std::string_view owner, const Json& input, absl::Time now,
                            size_t* bytes_left, Json* items);
  void Put(std::string key, std::string text, absl::Time now);
  void DropFirst() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  mutable Mutex mutex_;
  // By last use, oldest first; all live equally long, so that the first expires first.
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace lmgate::dialect

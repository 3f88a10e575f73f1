#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/call.h"

namespace lmgate::fakeprovider {

// The events of a stream, ready to be sent: some before and some after the pieces of the text.
// Those may be a million and are made when they are due.
struct EventScript {
  std::vector<std::string> before = {};
  size_t piece_count = 0;
  std::function<std::string(size_t)> piece = {};  // of the i-th piece of text
  std::vector<std::string> after = {};
};

// What the faults of streams look like in a dialect.
struct EventSpoils {
  std::string malformed = {};  // an event that is not JSON
  // The event that says that the provider failed, as the index-th of its stream.
  std::function<std::string(size_t)> error = {};
  // What stands before the index-th event of odd-chunks; null = nothing.
  std::function<std::string(size_t)> odd = {};
  bool has_lines = true;  // odd-chunks may end lines by CRLF
};

// A stream of these events, with what malformed-json, error-after-N and odd-chunks make of it.
Answer MakeEventAnswer(EventScript script, EventSpoils spoils, const Call& call);

// An event with its type in both places, as most dialects have it: `json` begins with '{'.
std::string MakeNamedEvent(std::string_view type, std::string_view json);

// Number and monotonic time of an event as further members, for benchmarks that look for loss and
// lag; empty unless the fault is stream-N-SIZE-GAPUS.
std::string FindEventStamp(const Fault& fault, size_t index);

}  // namespace lmgate::fakeprovider

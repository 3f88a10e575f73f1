#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/dialect/dialect.h"
#include "dataplane/dialect/translation.h"

namespace lmgate::gateway {

// What a request needs beyond ServerConnection's own state when its target speaks another dialect:
// made with the first such target, dropped with the request.
struct TranslatedRequest {
  std::unique_ptr<dialect::Translation> translation;
  dialect::UpstreamBody upstream;  // for the target under way
  std::string error_type;          // x-amzn-errortype of a refusal
  std::string error_headers;       // lines of a refusal that the client is told as they are
  int64_t retry_after_ms = -1;     // by a refusal's headers; -1 = not said
  std::string out;                 // translated, and not yet being written
  std::string writing;             // being written
  // While the stream is relayed: when the provider has been silent for too long, and what of an
  // event that says nothing the client's socket did not take at once.
  int64_t idle_deadline_ms = 0;
  std::string keep_alive_rest;
  std::string keep_alive_writing;
  bool tail_written = false;  // the client has the whole stream
  std::string kept_request;   // for ResponseStore::Remember; empty = nothing is kept
};

}  // namespace lmgate::gateway

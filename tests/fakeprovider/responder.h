#pragma once

#include <absl/status/status.h>
#include <simdjson.h>

#include <cstdint>
#include <map>
#include <string>

#include "common/base/clock.h"
#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/call.h"
#include "tests/fakeprovider/http_request.h"
#include "tests/fakeprovider/journal.h"
#include "tests/fakeprovider/options.h"

namespace lmgate::fakeprovider {

struct Response {
  Answer answer;
  uint64_t journal_seq = 0;  // 0 = not in the journal
};

// From a request to what is answered: journal, fault, dialect. No sockets. Owned by the provider,
// used on its thread only.
class Responder {
 public:
  // All must outlive it.
  Responder(const Options& options, Journal& journal, const Clock& clock);

  Response Respond(const HttpRequest& request, uint64_t connection_id);
  // To what is no request: `reason` is InvalidArgument (400), OutOfRange (413) or ResourceExhausted
  // (431).
  Answer Refuse(const absl::Status& reason) const;
  // fail-N-CODE starts again.
  void ForgetFailures() { failures_.clear(); }

 private:
  Fault CountFailure(const Call& call);
  uint64_t AddToJournal(const Call& call);

  const Options& options_;
  Journal& journal_;
  const Clock& clock_;

  simdjson::dom::parser parser_;  // reused: it keeps its memory
  uint64_t requests_ = 0;
  std::map<std::string, uint64_t> failures_;  // of fail-N-CODE, by model
};

}  // namespace lmgate::fakeprovider

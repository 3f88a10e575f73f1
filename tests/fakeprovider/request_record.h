#pragma once

#include <cstdint>

#include "common/base/clock.h"
#include "tests/fakeprovider/journal.h"

namespace lmgate::fakeprovider {

// The journal's side of one running request: it is finished exactly once, as kClientClosed when
// nobody said otherwise.
class RequestRecord {
 public:
  // `journal` and `clock` must outlive it. seq 0 = a request that the journal does not keep.
  RequestRecord(Journal& journal, const Clock& clock, uint64_t seq)
      : journal_(journal), clock_(clock), seq_(seq) {}
  ~RequestRecord() { Finish(Outcome::kClientClosed); }
  RequestRecord(const RequestRecord&) = delete;
  RequestRecord& operator=(const RequestRecord&) = delete;

  void SetStatus(int status);
  void CountChunk();
  // The first call counts.
  void Finish(Outcome outcome);

 private:
  Journal& journal_;
  const Clock& clock_;
  uint64_t seq_;
};

}  // namespace lmgate::fakeprovider

#include "tests/fakeprovider/request_record.h"

namespace lmgate::fakeprovider {

void RequestRecord::SetStatus(int status) {
  if (seq_ != 0) journal_.SetStatus(seq_, status);
}

void RequestRecord::CountChunk() {
  if (seq_ != 0) journal_.CountChunk(seq_);
}

void RequestRecord::Finish(Outcome outcome) {
  if (seq_ == 0) return;
  journal_.Finish(seq_, outcome, clock_.Now());
  seq_ = 0;
}

}  // namespace lmgate::fakeprovider

#pragma once

namespace lmgate {

// gRPC's own lines go to the process log at level debug, not to stderr: it writes one an attempt,
// and what matters of it is in the Status of the call. Before the first use of gRPC; idempotent.
void TakeGrpcLog();

}  // namespace lmgate

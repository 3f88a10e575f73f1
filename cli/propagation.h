#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <string>

#include "cli/session.h"
#include "lmgate/v1/admin.pb.h"

namespace lmgate::cli {

// After a change: waits until the replicas serve `revision` and says so on stderr, as
// "revision 42 active on 2/2 replicas in 8 ms". kPropagation when some do not, each named with its
// reason; the change itself is made all the same.
ExitCode AwaitReplicas(Session& session, uint64_t revision);

// Why this replica does not serve what it should: its state, its revision, its complaints.
std::string ReplicaTrouble(const v1::Replica& replica);

// "connection openai: environment variable X is not set".
std::string ComplaintText(const v1::Complaint& complaint);

// "8 ms", "0.4 ms", "2.1 s".
std::string ElapsedText(absl::Duration elapsed);

}  // namespace lmgate::cli

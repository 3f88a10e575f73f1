#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "common/contract/system_edits.h"
#include "dataplane/chat/chat_request.h"

namespace lmgate::dialect {

// How much longer replacements may make the system prompt of one request, in all: each may stand
// for much more than it replaces, and the next one works on that.
inline constexpr size_t kEditGrowthBytesMax = 4 << 20;

// The edits of a route (lmgate.v1.SystemEdits) on a request that is translated: in each system
// text, also a late one; what is added becomes a new text at the end of the system prompt.
// ResourceExhausted: over kEditGrowthBytesMax.
absl::Status ApplyEdits(const contract::SystemEdits& edits, chat::ChatRequest* request);

// The same on the body of a request that passes through in its own dialect: only the texts of its
// system prompt change, every other byte stays. What is added is put behind the last text of the
// system prompt that stands before the conversation: as a new block where that is a list, after a
// blank line where it is a string; where there is none, it is inserted. A body that does not have
// the dialect's form (InvokeModel of other models than Claude, say) stays as it is.
// InvalidArgument: the body is no JSON object. ResourceExhausted: as above.
absl::StatusOr<std::string> EditBody(std::string_view dialect, std::string_view body,
                                     const contract::SystemEdits& edits);

}  // namespace lmgate::dialect

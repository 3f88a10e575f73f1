#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/credential/credential.h"
#include "dataplane/snapshot/upstream_connection.h"

namespace lmgate::gateway {

// A provider's message (chat::ProviderError) as the client may read it, at most 500 bytes long.
// What the connection sends as header values, and the fetched credential (null = none), is blanked
// out of it: a provider may quote the credential that it refuses.
std::string ProviderErrorMessage(std::string message,
                                 const snapshot::UpstreamConnection& connection,
                                 const credential::Credential* fetched);

// A value of the header retry-after (RFC 9110, 10.2.3): seconds, or a date after `now`. -1 = it
// says nothing that is of use.
int64_t RetryAfterMs(std::string_view value, absl::Time now);

}  // namespace lmgate::gateway

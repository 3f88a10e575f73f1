#pragma once

#include <string>

#include "dataplane/credential/credential.h"
#include "dataplane/snapshot/upstream_connection.h"

namespace lmgate::gateway {

// A provider's message (chat::ProviderError) as the client may read it, at most 500 bytes long.
// What the connection sends as header values, and the fetched credential (null = none), is blanked
// out of it: a provider may quote the credential that it refuses.
std::string ProviderErrorMessage(std::string message,
                                 const snapshot::UpstreamConnection& connection,
                                 const credential::Credential* fetched);

}  // namespace lmgate::gateway

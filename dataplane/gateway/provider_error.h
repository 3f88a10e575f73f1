#pragma once

#include <string>
#include <string_view>

#include "dataplane/credential/credential.h"
#include "dataplane/snapshot/upstream_connection.h"

namespace lmgate::gateway {

// The message in a provider's error body, whatever its dialect: error.message, message, or a short
// text body. What the connection sends as header values, and the fetched credential (null = none),
// is blanked out of it: a provider may quote the credential that it refuses. Valid UTF-8, at most
// 500 bytes; empty = none.
std::string ProviderErrorMessage(std::string_view body,
                                 const snapshot::UpstreamConnection& connection,
                                 const credential::Credential* fetched);

}  // namespace lmgate::gateway

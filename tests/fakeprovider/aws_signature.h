#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>

#include <string>
#include <string_view>

#include "tests/fakeprovider/http_request.h"
#include "tests/fakeprovider/options.h"

namespace lmgate::fakeprovider {

// Checks the Signature Version 4 of the request: AWS, "Create a signed AWS API request".
// Unauthenticated: there is none. NotFound: another access key. PermissionDenied: it is wrong.
absl::Status CheckAwsSignature(const HttpRequest& request, const AwsKeys& keys, absl::Time now);

}  // namespace lmgate::fakeprovider

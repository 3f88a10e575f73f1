#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>

#include "dataplane/credential/credential.h"

namespace lmgate::credential {

// The standard places of AWS credentials, as texts: AWS SDKs and Tools Reference Guide,
// "Standardized credential providers". token_source.h asks them in their order.

// Keys that end. InfiniteFuture = they do not say when.
struct ExpiringAwsKeys {
  AwsKeys keys;
  absl::Time expires_at = absl::InfiniteFuture();
};

// A profile of a shared credentials file (~/.aws/credentials). NotFound: there is no such profile.
// InvalidArgument: it has no access key (profiles of roles, SSO and credential_process are not
// understood). No message repeats a value.
absl::StatusOr<AwsKeys> ParseSharedCredentials(std::string_view text, std::string_view profile);

// The answer of the container endpoint, and of the instance's metadata service for a role.
// Unavailable, without any secret: an error, or no credentials.
absl::StatusOr<ExpiringAwsKeys> ParseAwsKeysAnswer(int status, std::string_view body);

// Where a container asks, from AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and …_FULL_URI (empty = not
// set); "" when neither is. FailedPrecondition: the address is not one that may be asked: https, or
// http to loopback or to the addresses of ECS and EKS.
absl::StatusOr<std::string> AwsContainerUrl(std::string_view relative_uri,
                                            std::string_view full_uri);

// A role's name as the metadata service lists it: the first line. NotFound: there is none.
absl::StatusOr<std::string> ParseInstanceRole(std::string_view body);

// True for text that can stand in a header line and in a signature.
bool IsUsable(const AwsKeys& keys);

}  // namespace lmgate::credential

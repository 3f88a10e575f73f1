#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "lmgate/v1/resources.pb.h"

namespace lmgate::contract {

// What a connection's `aws`, `google` and `azure` say.

// Refuses (InvalidArgument with a field hint) a part that belongs to another provider, halves of a
// credential, references that can never be resolved, and words that cannot stand in an address.
// `dialect`: the one that the connection speaks.
absl::Status CheckCloudAccount(const v1::Connection& connection, std::string_view dialect);

// The credential that it states: the path of the field that holds its secret, as
// "aws.secret_access_key" (or "aws.profile"); empty = none.
std::string_view StatedCloudCredential(const v1::Connection& connection);

// The base URL that the account implies for its provider; empty = none: base_url must be given.
std::string MakeCloudBaseUrl(const v1::Connection& connection);

// The region to sign for: aws.region, else the one that the host names, as
// bedrock-runtime.us-east-1.amazonaws.com; empty = neither says it.
std::string AwsRegion(const v1::Connection& connection, std::string_view host);

// Where a secret may be sent: https, or http to this very machine.
bool IsSecretSafeUrl(std::string_view url);

}  // namespace lmgate::contract

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/credential/credential.h"

namespace lmgate::credential {

// Whether the path is encoded once more in what is signed: all services but S3 do.
enum class PathEncoding { kTwice, kOnce };

// A request, exactly as it will be sent. Views live through the call only.
struct SigningRequest {
  std::string_view method = {};        // "POST"
  std::string_view host = {};          // the header's value, with a port that is not the scheme's
  std::string_view path = {};          // percent-encoded, as in the request line
  std::string_view query = {};         // likewise, without '?'
  std::string_view content_type = {};  // signed as well, unless empty
  std::string_view region = {};        // "us-east-1"
  std::string_view service = {};       // "bedrock"
  std::string_view amz_date = {};  // UTC, as 20260101T000000Z; more than 5 minutes off is refused
  std::vector<std::string_view> payload = {};  // the body's pieces
  PathEncoding path_encoding = PathEncoding::kTwice;
  // Whether x-amz-content-sha256 is sent: S3 demands it, the others take it.
  bool sends_payload_hash = true;
};

// The header lines that sign it by AWS Signature Version 4 (AWS, IAM user guide, "Create a signed
// request"): x-amz-date, x-amz-security-token with a session, x-amz-content-sha256, authorization;
// each with CRLF. The request must have a host header, and a content-type if given, of just these
// values, and none of the others yet.
std::string SignRequest(const AwsKeys& keys, const SigningRequest& request);

}  // namespace lmgate::credential

#pragma once

#include <array>
#include <string_view>

namespace lmgate::contract {

// What the configuration may say about HTTP headers. Names are taken in any case.

// A token: RFC 9110, 5.6.2. At most 256 bytes.
bool IsHeaderName(std::string_view name);

// A field value: RFC 9110, 5.5. Visible bytes, spaces and tabs inside, bytes from 0x80; no control
// characters, no white space at either end. May be empty.
bool IsHeaderValue(std::string_view value);

// Headers that frame a message or concern one hop only; the gateway alone sets them: those of
// RFC 9110, 7.6.1, and host, content-length and expect.
bool IsFramingHeader(std::string_view name);

// Headers in which clients and gateways present credentials; never forwarded.
bool IsCredentialHeader(std::string_view name);

// Headers that an AWS signature (SigV4) sets beside Authorization; lower case.
inline constexpr std::array<std::string_view, 3> kAwsSignatureHeaders = {
    "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"};

}  // namespace lmgate::contract

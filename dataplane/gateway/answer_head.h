#pragma once

#include <string>
#include <string_view>

#include "dataplane/dialect/error_shape.h"
#include "dataplane/http1/head_scanner.h"

namespace lmgate::gateway {

// How an answer's body is framed towards the client.
enum class OutFraming {
  kRaw,        // as it comes: the same framing on both sides
  kDechunked,  // an HTTP/1.0 client: payload only, ended by close
  kRechunked,  // the provider ends its body by close: chunks of our own, so that a cut shows
  kClose,      // both: the provider ends by close and the client is HTTP/1.0
};

OutFraming ChooseFraming(http1::BodyKind upstream_body, bool client_http_1_0);

// Writes the provider's head as the client is to see it into `out`: hop-by-hop headers and those
// that belong to the provider's site (cookies, alt-svc …) removed, request id, framing and
// connection added.
void EncodeAnswerHead(const http1::ResponseHead& head, OutFraming framing, bool keep_alive,
                      bool client_http_1_0, bool head_request, std::string_view request_id,
                      std::string* out);

// The trailers of the provider's chunked answer as the client is to see them, with the empty line
// that ends them: without those that the gateway itself acts on (framing, hop-by-hop, credentials,
// cookies …), which may not stand there (RFC 9110, 6.5.1). `trailers`: as http1::ChunkTracker has
// accepted them.
void AppendTrailers(std::string_view trailers, std::string* out);

// "OK" for 200 and so on; "Unknown" for numbers that IANA has no phrase for.
std::string_view ReasonPhrase(int status);

// True for an event stream.
bool IsEventStream(std::string_view content_type);

// Lines that name the request in an answer that we make: x-request-id, and what the SDKs of the
// client's dialect read instead of it (translation.md 2).
std::string RequestIdLines(dialect::ErrorShape shape, std::string_view request_id);

// The head of a stream that we make, ended by an empty line. `framing`: kRechunked or kClose.
// `id_lines`: RequestIdLines.
void EncodeStreamHead(std::string_view content_type, OutFraming framing, bool keep_alive,
                      bool client_http_1_0, std::string_view id_lines, std::string* out);

// An answer of our own, whole, into `out`. `extra_headers`: complete lines. `head_request`: the
// body is described, not sent. `id_lines`: RequestIdLines.
void EncodeLocalAnswer(int status, std::string_view content_type, std::string_view extra_headers,
                       std::string_view body, bool keep_alive, bool client_http_1_0,
                       bool head_request, std::string_view id_lines, std::string* out);

}  // namespace lmgate::gateway

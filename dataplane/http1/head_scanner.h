#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace lmgate::http1 {

// Headers that the gateway itself acts on; all others are kOther. Hop-by-hop ones are marked by
// IsHopByHop.
enum class HeaderId : uint8_t {
  kOther,
  kHost,
  kContentLength,
  kTransferEncoding,
  kConnection,
  kKeepAlive,
  kUpgrade,
  kTe,
  kTrailer,
  kProxyConnection,
  kProxyAuthenticate,
  kProxyAuthorization,
  kExpect,
  kContentType,
  kContentEncoding,
  kAuthorization,
  kXApiKey,
  kXGoogApiKey,
  kApiKey,
  kXRequestId,
  kXForwardedFor,
  kAccept,
  kAcceptEncoding,
  kUserAgent,
  kCookie,
  kSetCookie,
  kServer,
  kDate,
  kAltSvc,
  kStrictTransportSecurity,
  kRetryAfter,
  kOpenAiBeta,
  kAnthropicVersion,
  kAnthropicBeta,
  kIdempotencyKey,
  kTraceparent,
  kTracestate,
};

// Both views are parts of one line of the scanned bytes.
struct HeaderField {
  std::string_view name;   // as sent
  std::string_view value;  // without the white space around it
  HeaderId id = HeaderId::kOther;

  // From the name's first byte to the value's last, the colon as sent.
  std::string_view line() const { return {name.data(), value.data() + value.size()}; }
};

// More header lines than this are refused.
inline constexpr size_t kHeaderFieldsMax = 128;

// How the body's end is known (RFC 9112, 6.3).
enum class BodyKind : uint8_t { kNone, kContentLength, kChunked, kUntilClose };

// A head, as views into the scanned bytes: they must stay where they are while it is used.
struct RequestHead {
  std::string_view method;
  std::string_view target;  // origin form: starts with '/'; at most printable ASCII
  bool http_1_0 = false;
  bool keep_alive = true;
  bool expect_continue = false;
  bool expect_unknown = false;      // an expectation that is not 100-continue
  BodyKind body = BodyKind::kNone;  // never kUntilClose
  uint64_t content_length = 0;
  std::array<HeaderField, kHeaderFieldsMax> fields;
  size_t field_count = 0;
  size_t bytes = 0;  // length of the head, with its empty line

  std::span<const HeaderField> headers() const { return {fields.data(), field_count}; }
  // First value by lower-case name; nullopt = not sent.
  std::optional<std::string_view> Find(std::string_view lower_name) const;
  // First value of a known header; empty = not sent.
  std::string_view Find(HeaderId id) const;
};

struct ResponseHead {
  int status = 0;
  bool keep_alive = true;
  BodyKind body = BodyKind::kNone;
  uint64_t content_length = 0;
  std::array<HeaderField, kHeaderFieldsMax> fields;
  size_t field_count = 0;
  size_t bytes = 0;

  std::span<const HeaderField> headers() const { return {fields.data(), field_count}; }
  std::string_view Find(HeaderId id) const;
};

enum class ScanStatus : uint8_t {
  kComplete,
  kIncomplete,     // more bytes are needed
  kInvalid,        // not HTTP, or ambiguous in a way that lets two readers disagree
  kUnsupported,    // HTTP/2 preface, another version, a transfer coding that is not chunked
  kTooManyFields,  // more than kHeaderFieldsMax
};

struct ScanResult {
  ScanStatus status = ScanStatus::kIncomplete;
  // For all but kComplete and kIncomplete: a literal for the error message.
  std::string_view reason;
};

// Strict readers of one head at the start of `bytes`. Refused, because a peer might read it
// otherwise: bare CR or LF, obs-fold, white space before the colon, an empty or non-token name,
// control characters in values, more than one Host, Content-Type or Content-Encoding, conflicting
// or repeated Content-Length (also lists), Content-Length together with Transfer-Encoding, any
// coding but a single final chunked, a target that is not in origin form, a missing Host in
// HTTP/1.1, a malformed one, `Transfer-Encoding` in HTTP/1.0. Pure; the caller limits how many
// bytes it lets come.
ScanResult ScanRequestHead(std::string_view bytes, RequestHead* head);

// `head_request`: the answer is to HEAD, so it has no body whatever its headers say.
ScanResult ScanResponseHead(std::string_view bytes, bool head_request, ResponseHead* head);

// Never passed on in either direction (RFC 9110, 7.6.1).
bool IsHopByHop(HeaderId id);
// kOther for names that the gateway does not act on.
HeaderId FindHeaderId(std::string_view name);
// True when `name` is listed in any of the Connection headers of `headers`: hop-by-hop as well.
bool IsConnectionListed(std::span<const HeaderField> headers, std::string_view name);

// A character of a token: RFC 9110, 5.6.2.
bool IsTokenChar(char c);

// ASCII, any case.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

}  // namespace lmgate::http1

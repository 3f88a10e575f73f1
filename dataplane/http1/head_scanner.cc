#include "dataplane/http1/head_scanner.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>

namespace lmgate::http1 {
namespace {

// tchar of RFC 9110, 5.6.2.
constexpr std::array<bool, 256> MakeTokenTable() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = true;
  for (const char c :
       {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> kToken = MakeTokenTable();

// field-value characters: HTAB, SP, VCHAR, obs-text.
constexpr std::array<bool, 256> MakeValueTable() {
  std::array<bool, 256> table{};
  for (size_t c = 0x20; c < 256; ++c) table[c] = c != 0x7f;
  table['\t'] = true;
  return table;
}
constexpr std::array<bool, 256> kValue = MakeValueTable();

// host [ ":" port ] of RFC 3986, 3.2: unreserved, percent-encoded, sub-delims, and an address in
// brackets.
constexpr std::array<bool, 256> MakeHostTable() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = true;
  for (const char c : {'-', '.', '_', '~', '%', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';',
                       '=', ':', '[', ']'}) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> kHost = MakeHostTable();

constexpr char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool IsToken(char c) { return kToken[static_cast<unsigned char>(c)]; }
bool IsTargetChar(char c) { return c > ' ' && c < 0x7f; }

// The first position from `at` on that is not part of a field value.
size_t SkipValue(std::string_view bytes, size_t at) {
#ifdef __SSE2__
  // Signed comparison: obs-text is below zero, so "less than a space" leaves it out.
  const __m128i space = _mm_set1_epi8(' ');
  const __m128i all_ones = _mm_set1_epi8(-1);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; bytes.size() - at >= 16; at += 16) {
    const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at));
    const __m128i control =
        _mm_and_si128(_mm_cmplt_epi8(chunk, space), _mm_cmpgt_epi8(chunk, all_ones));
    const __m128i stop = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(chunk, tab), control),
                                      _mm_cmpeq_epi8(chunk, del));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(stop));
    if (mask != 0) return at + static_cast<size_t>(std::countr_zero(mask));
  }
#endif
  while (at < bytes.size() && kValue[static_cast<unsigned char>(bytes[at])]) ++at;
  return at;
}

uint64_t Load8(const char* text) {
  uint64_t word;
  std::memcpy(&word, text, sizeof(word));
  return word;
}

// `name` is a token of the length of `known`, which has only lower-case letters and dashes: setting
// bit 5 then makes no other token character equal to one of these.
bool EqualsKnown(std::string_view name, std::string_view known) {
  constexpr uint64_t kBit5 = 0x2020202020202020;
  const size_t size = known.size();
  if (size < 8) {
    for (size_t i = 0; i < size; ++i) {
      if ((name[i] | 0x20) != known[i]) return false;
    }
    return true;
  }
  for (size_t i = 0; i + 8 < size; i += 8) {
    if ((Load8(name.data() + i) | kBit5) != Load8(known.data() + i)) return false;
  }
  return (Load8(name.data() + size - 8) | kBit5) == Load8(known.data() + size - 8);
}

struct KnownHeader {
  std::string_view name;
  HeaderId id;
};
constexpr KnownHeader kKnownHeaders[] = {
    {"te", HeaderId::kTe},
    {"host", HeaderId::kHost},
    {"date", HeaderId::kDate},
    {"accept", HeaderId::kAccept},
    {"cookie", HeaderId::kCookie},
    {"expect", HeaderId::kExpect},
    {"server", HeaderId::kServer},
    {"api-key", HeaderId::kApiKey},
    {"alt-svc", HeaderId::kAltSvc},
    {"trailer", HeaderId::kTrailer},
    {"upgrade", HeaderId::kUpgrade},
    {"x-api-key", HeaderId::kXApiKey},
    {"connection", HeaderId::kConnection},
    {"keep-alive", HeaderId::kKeepAlive},
    {"set-cookie", HeaderId::kSetCookie},
    {"tracestate", HeaderId::kTracestate},
    {"user-agent", HeaderId::kUserAgent},
    {"openai-beta", HeaderId::kOpenAiBeta},
    {"retry-after", HeaderId::kRetryAfter},
    {"traceparent", HeaderId::kTraceparent},
    {"content-type", HeaderId::kContentType},
    {"x-request-id", HeaderId::kXRequestId},
    {"authorization", HeaderId::kAuthorization},
    {"content-length", HeaderId::kContentLength},
    {"x-goog-api-key", HeaderId::kXGoogApiKey},
    {"anthropic-beta", HeaderId::kAnthropicBeta},
    {"accept-encoding", HeaderId::kAcceptEncoding},
    {"idempotency-key", HeaderId::kIdempotencyKey},
    {"x-forwarded-for", HeaderId::kXForwardedFor},
    {"content-encoding", HeaderId::kContentEncoding},
    {"proxy-connection", HeaderId::kProxyConnection},
    {"anthropic-version", HeaderId::kAnthropicVersion},
    {"transfer-encoding", HeaderId::kTransferEncoding},
    {"proxy-authenticate", HeaderId::kProxyAuthenticate},
    {"proxy-authorization", HeaderId::kProxyAuthorization},
    {"strict-transport-security", HeaderId::kStrictTransportSecurity},
};

// kFirstOfLength[n]: index of the first known header of length n; the table above is sorted so.
constexpr size_t kKnownLengthMax = 25;
constexpr std::array<uint8_t, kKnownLengthMax + 2> MakeLengthIndex() {
  std::array<uint8_t, kKnownLengthMax + 2> index{};
  size_t entry = 0;
  for (size_t length = 0; length < index.size(); ++length) {
    while (entry < std::size(kKnownHeaders) && kKnownHeaders[entry].name.size() < length) ++entry;
    index[length] = static_cast<uint8_t>(entry);
  }
  return index;
}
constexpr auto kFirstOfLength = MakeLengthIndex();

HeaderId Classify(std::string_view name) {
  if (name.size() > kKnownLengthMax) return HeaderId::kOther;
  const size_t end = kFirstOfLength[name.size() + 1];
  for (size_t i = kFirstOfLength[name.size()]; i < end; ++i) {
    const KnownHeader& known = kKnownHeaders[i];
    // Last characters differ most among names of one length.
    if ((name.back() | 0x20) == known.name.back() && EqualsKnown(name, known.name)) {
      return known.id;
    }
  }
  return HeaderId::kOther;
}

constexpr ScanResult Invalid(std::string_view reason) {
  return {.status = ScanStatus::kInvalid, .reason = reason};
}
constexpr ScanResult Unsupported(std::string_view reason) {
  return {.status = ScanStatus::kUnsupported, .reason = reason};
}
constexpr ScanResult kNeedMore{.status = ScanStatus::kIncomplete, .reason = {}};
constexpr ScanResult kDone{.status = ScanStatus::kComplete, .reason = {}};

bool ParseLength(std::string_view text, uint64_t* length) {
  // 18 digits cannot overflow 64 bits, and nobody sends an exabyte.
  if (text.empty() || text.size() > 18) return false;
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  *length = value;
  return true;
}

// Calls `visit` with each element of a comma-separated list, trimmed.
template <typename Visit>
void ForEachListElement(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    std::string_view element = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) {
      element.remove_prefix(1);
    }
    while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) {
      element.remove_suffix(1);
    }
    if (!element.empty()) visit(element);
  }
}

// What framing and connection handling need, gathered while the lines are read.
struct Gathered {
  bool has_length = false;
  uint64_t length = 0;
  int transfer_encodings = 0;
  bool chunked = false;
  bool close = false;
  bool keep_alive = false;
  int hosts = 0;
  bool bad_host = false;
  int content_types = 0;
  int content_encodings = 0;
  bool expect_continue = false;
  bool expect_other = false;
};

// Reads the field lines from `*position` up to and with the empty line.
ScanResult ScanFields(std::string_view bytes, size_t* position,
                      std::array<HeaderField, kHeaderFieldsMax>* fields, size_t* field_count,
                      Gathered* gathered) {
  size_t at = *position;
  for (;;) {
    if (at >= bytes.size()) return kNeedMore;
    if (bytes[at] == '\r') {
      if (at + 1 >= bytes.size()) return kNeedMore;
      if (bytes[at + 1] != '\n') return Invalid("bare CR in the head");
      *position = at + 2;
      return kDone;
    }
    const size_t name_start = at;
    while (at < bytes.size() && IsToken(bytes[at])) ++at;
    if (at >= bytes.size()) return kNeedMore;
    if (bytes[at] != ':') {
      if (at == name_start && (bytes[at] == ' ' || bytes[at] == '\t')) {
        return Invalid("folded header line");
      }
      return Invalid("malformed header name");
    }
    if (at == name_start) return Invalid("empty header name");
    const std::string_view name = bytes.substr(name_start, at - name_start);
    ++at;
    while (at < bytes.size() && (bytes[at] == ' ' || bytes[at] == '\t')) ++at;
    const size_t value_start = at;
    at = SkipValue(bytes, at);
    if (at + 1 >= bytes.size()) {
      if (at < bytes.size() && bytes[at] != '\r') return Invalid("control character in a header");
      return kNeedMore;
    }
    if (bytes[at] != '\r') {
      return Invalid(bytes[at] == '\n' ? "bare LF in the head" : "control character in a header");
    }
    if (bytes[at + 1] != '\n') return Invalid("bare CR in the head");
    size_t value_end = at;
    while (value_end > value_start &&
           (bytes[value_end - 1] == ' ' || bytes[value_end - 1] == '\t')) {
      --value_end;
    }
    at += 2;
    if (*field_count == kHeaderFieldsMax) {
      return {.status = ScanStatus::kTooManyFields, .reason = "too many header lines"};
    }
    const std::string_view value = bytes.substr(value_start, value_end - value_start);
    const HeaderId id = Classify(name);
    (*fields)[(*field_count)++] = {.name = name, .value = value, .id = id};
    switch (id) {
      case HeaderId::kContentLength: {
        uint64_t length = 0;
        if (!ParseLength(value, &length)) return Invalid("malformed Content-Length");
        if (gathered->has_length) return Invalid("repeated Content-Length");
        gathered->has_length = true;
        gathered->length = length;
        break;
      }
      case HeaderId::kTransferEncoding:
        ++gathered->transfer_encodings;
        gathered->chunked = EqualsIgnoreCase(value, "chunked");
        break;
      case HeaderId::kConnection:
        ForEachListElement(value, [&](std::string_view element) {
          if (EqualsIgnoreCase(element, "close")) gathered->close = true;
          if (EqualsIgnoreCase(element, "keep-alive")) gathered->keep_alive = true;
        });
        break;
      case HeaderId::kHost:
        ++gathered->hosts;
        for (const char c : value) {
          if (!kHost[static_cast<unsigned char>(c)]) gathered->bad_host = true;
        }
        break;
      case HeaderId::kContentType:
        ++gathered->content_types;
        break;
      case HeaderId::kContentEncoding:
        ++gathered->content_encodings;
        break;
      case HeaderId::kExpect:
        if (EqualsIgnoreCase(value, "100-continue")) {
          gathered->expect_continue = true;
        } else {
          gathered->expect_other = true;
        }
        break;
      default:
        break;
    }
  }
}

template <typename Head>
std::string_view FindById(const Head& head, HeaderId id) {
  for (const HeaderField& field : head.headers()) {
    if (field.id == id) return field.value;
  }
  return {};
}

}  // namespace

bool IsTokenChar(char c) { return IsToken(c); }

HeaderId FindHeaderId(std::string_view name) { return Classify(name); }

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (ToLower(a[i]) != ToLower(b[i])) return false;
  }
  return true;
}

std::optional<std::string_view> RequestHead::Find(std::string_view lower_name) const {
  for (const HeaderField& field : headers()) {
    if (EqualsIgnoreCase(field.name, lower_name)) return field.value;
  }
  return std::nullopt;
}

std::string_view RequestHead::Find(HeaderId id) const { return FindById(*this, id); }
std::string_view ResponseHead::Find(HeaderId id) const { return FindById(*this, id); }

bool IsHopByHop(HeaderId id) {
  switch (id) {
    case HeaderId::kConnection:
    case HeaderId::kKeepAlive:
    case HeaderId::kUpgrade:
    case HeaderId::kTe:
    case HeaderId::kTrailer:
    case HeaderId::kTransferEncoding:
    case HeaderId::kProxyConnection:
    case HeaderId::kProxyAuthenticate:
    case HeaderId::kProxyAuthorization:
      return true;
    default:
      return false;
  }
}

bool IsConnectionListed(std::span<const HeaderField> headers, std::string_view name) {
  bool listed = false;
  for (const HeaderField& field : headers) {
    if (field.id != HeaderId::kConnection) continue;
    ForEachListElement(field.value, [&](std::string_view element) {
      listed = listed || EqualsIgnoreCase(element, name);
    });
  }
  return listed;
}

ScanResult ScanRequestHead(std::string_view bytes, RequestHead* head) {
  head->field_count = 0;
  size_t at = 0;
  // RFC 9112, 2.2: a server should ignore at least one empty line before the request line.
  if (bytes.starts_with('\r')) {
    if (bytes.size() == 1) return kNeedMore;
    if (bytes[1] == '\n') at = 2;
  }
  const size_t method_start = at;
  while (at < bytes.size() && IsToken(bytes[at])) ++at;
  // Longest registered method: UPDATEREDIRECTREF.
  if (at - method_start > 20) return Invalid("malformed method");
  if (at >= bytes.size()) return kNeedMore;
  if (at == method_start || bytes[at] != ' ') return Invalid("malformed request line");
  head->method = bytes.substr(method_start, at - method_start);
  if (head->method == "PRI") return Unsupported("HTTP/2 is not spoken here");
  ++at;
  const size_t target_start = at;
  while (at < bytes.size() && IsTargetChar(bytes[at])) ++at;
  if (at >= bytes.size()) return kNeedMore;
  if (bytes[at] != ' ') return Invalid("malformed request target");
  head->target = bytes.substr(target_start, at - target_start);
  ++at;
  constexpr std::string_view kVersion = "HTTP/1.";
  const std::string_view rest = bytes.substr(at);
  if (rest.size() < kVersion.size() + 3) {
    if (kVersion.substr(0, rest.size()) != rest.substr(0, kVersion.size())) {
      return Invalid("malformed request line");
    }
    return kNeedMore;
  }
  if (!rest.starts_with(kVersion)) {
    return rest.starts_with("HTTP/") ? Unsupported("only HTTP/1.0 and HTTP/1.1 are spoken here")
                                     : Invalid("malformed request line");
  }
  const char minor = rest[kVersion.size()];
  if (minor != '0' && minor != '1') {
    return Unsupported("only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  if (rest[kVersion.size() + 1] != '\r' || rest[kVersion.size() + 2] != '\n') {
    return Invalid("malformed request line");
  }
  if (head->target.empty() || head->target.front() != '/' ||
      head->target.find('#') != std::string_view::npos) {
    return Invalid("the request target must be a path");
  }
  at += kVersion.size() + 3;

  Gathered gathered;
  const ScanResult fields = ScanFields(bytes, &at, &head->fields, &head->field_count, &gathered);
  if (fields.status != ScanStatus::kComplete) return fields;
  head->http_1_0 = minor == '0';
  if (gathered.hosts > 1) return Invalid("repeated Host");
  if (gathered.hosts == 0 && !head->http_1_0) return Invalid("missing Host");
  if (gathered.bad_host) return Invalid("malformed Host");
  // Readers differ in which of them counts, and the body is read by it.
  if (gathered.content_types > 1) return Invalid("repeated Content-Type");
  if (gathered.content_encodings > 1) return Invalid("repeated Content-Encoding");
  if (gathered.transfer_encodings > 0) {
    if (head->http_1_0) return Invalid("Transfer-Encoding in HTTP/1.0");
    if (gathered.has_length) return Invalid("Content-Length together with Transfer-Encoding");
    if (gathered.transfer_encodings > 1 || !gathered.chunked) {
      return Unsupported("only the transfer coding chunked is supported");
    }
    head->body = BodyKind::kChunked;
    head->content_length = 0;
  } else {
    head->body =
        gathered.has_length && gathered.length > 0 ? BodyKind::kContentLength : BodyKind::kNone;
    head->content_length = gathered.length;
  }
  head->keep_alive = head->http_1_0 ? gathered.keep_alive && !gathered.close : !gathered.close;
  // RFC 9110, 10.1.1: of HTTP/1.0 clients an expectation is ignored.
  head->expect_continue = gathered.expect_continue && !head->http_1_0;
  head->expect_unknown = gathered.expect_other && !head->http_1_0;
  head->bytes = at;
  return kDone;
}

ScanResult ScanResponseHead(std::string_view bytes, bool head_request, ResponseHead* head) {
  head->field_count = 0;
  constexpr std::string_view kVersion = "HTTP/1.";
  // "HTTP/1.1 200" and the end of the line.
  if (bytes.size() < kVersion.size() + 5) {
    const size_t common = std::min(bytes.size(), kVersion.size());
    return kVersion.substr(0, common) == bytes.substr(0, common) ? kNeedMore
                                                                 : Invalid("not an HTTP answer");
  }
  if (!bytes.starts_with(kVersion)) return Invalid("not an HTTP answer");
  const char minor = bytes[kVersion.size()];
  if ((minor != '0' && minor != '1') || bytes[kVersion.size() + 1] != ' ') {
    return Invalid("malformed status line");
  }
  size_t at = kVersion.size() + 2;
  int status = 0;
  for (const size_t end = at + 3; at < end; ++at) {
    if (at >= bytes.size()) return kNeedMore;
    if (bytes[at] < '0' || bytes[at] > '9') return Invalid("malformed status line");
    status = status * 10 + (bytes[at] - '0');
  }
  if (status < 100) return Invalid("malformed status line");
  // The reason phrase, and the space before it, may be missing.
  if (at < bytes.size() && bytes[at] != ' ' && bytes[at] != '\r') {
    return Invalid("malformed status line");
  }
  at = SkipValue(bytes, at);
  if (at + 1 >= bytes.size()) return kNeedMore;
  if (bytes[at] != '\r' || bytes[at + 1] != '\n') return Invalid("malformed status line");
  at += 2;

  Gathered gathered;
  const ScanResult fields = ScanFields(bytes, &at, &head->fields, &head->field_count, &gathered);
  if (fields.status != ScanStatus::kComplete) return fields;
  head->status = status;
  head->content_length = gathered.length;
  const bool http_1_0 = minor == '0';
  if (gathered.transfer_encodings > 0) {
    if (gathered.has_length) return Invalid("Content-Length together with Transfer-Encoding");
    if (http_1_0 || gathered.transfer_encodings > 1 || !gathered.chunked) {
      return Unsupported("only the transfer coding chunked is supported");
    }
  }
  if (head_request || status < 200 || status == 204 || status == 304) {
    head->body = BodyKind::kNone;
  } else if (gathered.transfer_encodings > 0) {
    head->body = BodyKind::kChunked;
  } else if (gathered.has_length) {
    head->body = gathered.length > 0 ? BodyKind::kContentLength : BodyKind::kNone;
  } else {
    head->body = BodyKind::kUntilClose;
  }
  // RFC 9112, 6.1 and RFC 9110, 8.6: neither 1xx nor 204 may announce a body. Whoever does may send
  // it as well, and it must not become the next answer.
  const bool body_to_come =
      (status < 200 || status == 204) && (gathered.transfer_encodings > 0 || gathered.length > 0);
  head->keep_alive = head->body != BodyKind::kUntilClose && !body_to_come &&
                     (http_1_0 ? gathered.keep_alive && !gathered.close : !gathered.close);
  head->bytes = at;
  return kDone;
}

}  // namespace lmgate::http1

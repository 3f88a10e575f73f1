#include "dataplane/gateway/answer_head.h"

#include "common/base/strings.h"

namespace lmgate::gateway {
namespace {

using http1::BodyKind;
using http1::HeaderField;
using http1::HeaderId;

// Headers of the provider's site that would mislead a client of ours: cookies of its load balancer
// shared by all our clients, promises about another host and port.
bool BelongsToProvider(HeaderId id) {
  return id == HeaderId::kSetCookie || id == HeaderId::kAltSvc ||
         id == HeaderId::kStrictTransportSecurity || id == HeaderId::kServer;
}

// Connection cannot remove these: without them the body would be another one.
bool DescribesBody(HeaderId id) {
  return id == HeaderId::kContentLength || id == HeaderId::kContentType ||
         id == HeaderId::kContentEncoding;
}

void AppendConnection(bool keep_alive, bool client_http_1_0, std::string* out) {
  if (!keep_alive) {
    out->append("connection: close\r\n");
  } else if (client_http_1_0) {
    out->append("connection: keep-alive\r\n");
  }
}

}  // namespace

OutFraming ChooseFraming(BodyKind upstream_body, bool client_http_1_0) {
  if (upstream_body == BodyKind::kChunked && client_http_1_0) return OutFraming::kDechunked;
  if (upstream_body == BodyKind::kUntilClose) {
    return client_http_1_0 ? OutFraming::kClose : OutFraming::kRechunked;
  }
  return OutFraming::kRaw;
}

bool IsEventStream(std::string_view content_type) {
  constexpr std::string_view kType = "text/event-stream";
  return content_type.size() >= kType.size() &&
         http1::EqualsIgnoreCase(content_type.substr(0, kType.size()), kType);
}

void EncodeAnswerHead(const http1::ResponseHead& head, OutFraming framing, bool keep_alive,
                      bool client_http_1_0, bool head_request, std::string_view request_id,
                      std::string* out) {
  out->clear();
  if (head.status == 200) {
    out->append("HTTP/1.1 200 OK\r\n");
  } else {
    StrAppend(out, "HTTP/1.1 ", head.status, " ", ReasonPhrase(head.status), "\r\n");
  }
  bool has_connection_list = false;
  for (const HeaderField& field : head.headers()) {
    has_connection_list = has_connection_list || field.id == HeaderId::kConnection;
  }
  bool event_stream = false;
  for (const HeaderField& field : head.headers()) {
    if (http1::IsHopByHop(field.id) || BelongsToProvider(field.id)) continue;
    // RFC 9110, 8.6: never with 204.
    if (field.id == HeaderId::kContentLength &&
        (framing != OutFraming::kRaw || head.status == 204)) {
      continue;
    }
    if (has_connection_list && !DescribesBody(field.id) &&
        http1::IsConnectionListed(head.headers(), field.name)) {
      continue;
    }
    if (field.id == HeaderId::kContentType) event_stream = IsEventStream(field.value);
    // The provider's id is worth keeping for its support desk, under a name that is not ours.
    if (field.id == HeaderId::kXRequestId) {
      out->append("x-upstream-request-id: ").append(field.value).append("\r\n");
    } else {
      out->append(field.line()).append("\r\n");
    }
  }
  out->append("x-request-id: ").append(request_id).append("\r\n");
  if (event_stream) out->append("x-accel-buffering: no\r\n");
  const bool chunked = framing == OutFraming::kRechunked ||
                       (framing == OutFraming::kRaw && head.body == BodyKind::kChunked);
  if (chunked && !head_request) out->append("transfer-encoding: chunked\r\n");
  AppendConnection(keep_alive, client_http_1_0, out);
  out->append("\r\n");
}

void AppendTrailers(std::string_view trailers, std::string* out) {
  while (!trailers.starts_with("\r\n")) {
    const size_t line_bytes = trailers.find("\r\n") + 2;
    const std::string_view name = trailers.substr(0, trailers.find(':'));
    if (http1::FindHeaderId(name) == HeaderId::kOther) out->append(trailers.substr(0, line_bytes));
    trailers.remove_prefix(line_bytes);
  }
  out->append("\r\n");
}

std::string RequestIdLines(dialect::ErrorShape shape, std::string_view request_id) {
  std::string lines = StrCat("x-request-id: ", request_id, "\r\n");
  if (shape == dialect::ErrorShape::kAnthropic) {
    StrAppend(&lines, "request-id: ", request_id, "\r\n");
  } else if (shape == dialect::ErrorShape::kBedrock) {
    StrAppend(&lines, "x-amzn-requestid: ", request_id, "\r\n");
  }
  return lines;
}

void EncodeStreamHead(std::string_view content_type, OutFraming framing, bool keep_alive,
                      bool client_http_1_0, std::string_view id_lines, std::string* out) {
  out->clear();
  StrAppend(out, "HTTP/1.1 200 OK\r\ncontent-type: ", content_type,
            "\r\ncache-control: no-cache\r\n", id_lines, "x-accel-buffering: no\r\n");
  if (framing == OutFraming::kRechunked) out->append("transfer-encoding: chunked\r\n");
  AppendConnection(keep_alive, client_http_1_0, out);
  out->append("\r\n");
}

void EncodeLocalAnswer(int status, std::string_view content_type, std::string_view extra_headers,
                       std::string_view body, bool keep_alive, bool client_http_1_0,
                       bool head_request, std::string_view id_lines, std::string* out) {
  out->clear();
  StrAppend(out, "HTTP/1.1 ", status, " ", ReasonPhrase(status), "\r\ncontent-type: ", content_type,
            "\r\ncontent-length: ", body.size(), "\r\n", id_lines, extra_headers);
  AppendConnection(keep_alive, client_http_1_0, out);
  out->append("\r\n");
  if (!head_request) out->append(body);
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 418:
      return "I'm a teapot";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 424:
      return "Failed Dependency";
    case 425:
      return "Too Early";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 451:
      return "Unavailable For Legal Reasons";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 529:
      return "Site Overloaded";
    default:
      return "Unknown";
  }
}

}  // namespace lmgate::gateway

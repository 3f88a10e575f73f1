#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <limits>
#include <string_view>

#include "common/base/logging.h"
#include "dataplane/http1/head_scanner.h"
#include "tests/fuzz/beast_fields.h"

using lmgate::fuzz::CheckSameFields;
using lmgate::fuzz::HasListBeastChecks;
using lmgate::fuzz::ToStdView;
using lmgate::http1::BodyKind;
using lmgate::http1::RequestHead;
using lmgate::http1::ScanRequestHead;
using lmgate::http1::ScanStatus;
namespace http = boost::beast::http;

// What ours takes as a complete head, Beast takes as well and reads the same: no request has a
// second meaning behind the gateway. Ours may be stricter.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > lmgate::fuzz::kBeastBytesMax) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  RequestHead head;
  if (ScanRequestHead(bytes, &head).status != ScanStatus::kComplete) return 0;
  LMGATE_CHECK(head.bytes <= size && bytes.substr(0, head.bytes).ends_with("\r\n\r\n"));
  // A head does not depend on what comes after it, nor is less of it a head.
  RequestHead again;
  LMGATE_CHECK(ScanRequestHead(bytes.substr(0, head.bytes), &again).status ==
               ScanStatus::kComplete);
  LMGATE_CHECK(again.bytes == head.bytes && again.field_count == head.field_count);
  for (size_t length = head.bytes - 1; length + 100 > head.bytes && length > 0; --length) {
    LMGATE_CHECK(ScanRequestHead(bytes.substr(0, length), &again).status ==
                 ScanStatus::kIncomplete);
  }

  // Beast does not skip the empty line that RFC 9112, 2.2 allows before a request.
  const size_t skipped = bytes.starts_with("\r\n") ? 2 : 0;
  http::request_parser<http::empty_body> parser;
  parser.eager(false);
  parser.header_limit(std::numeric_limits<uint32_t>::max());
  parser.body_limit(boost::none);
  boost::beast::error_code error;
  const size_t used = parser.put(boost::asio::buffer(data + skipped, size - skipped), error);
  if (error == http::error::bad_value && HasListBeastChecks(head.headers())) return 0;
  LMGATE_CHECK(!error);
  LMGATE_CHECK(parser.is_header_done());
  LMGATE_CHECK(used + skipped == head.bytes);

  const auto& message = parser.get();
  LMGATE_CHECK(ToStdView(message.method_string()) == head.method);
  LMGATE_CHECK(ToStdView(message.target()) == head.target);
  LMGATE_CHECK((message.version() == 10) == head.http_1_0);
  LMGATE_CHECK(!head.keep_alive || parser.keep_alive());
  LMGATE_CHECK(parser.chunked() == (head.body == BodyKind::kChunked));
  LMGATE_CHECK(parser.content_length().value_or(0) == head.content_length);
  LMGATE_CHECK((head.body == BodyKind::kContentLength) == (head.content_length > 0));
  CheckSameFields(head.headers(), message);
  return 0;
}

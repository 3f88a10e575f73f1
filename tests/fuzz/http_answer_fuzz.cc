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

namespace {

using lmgate::fuzz::CheckSameFields;
using lmgate::fuzz::HasListBeastChecks;
using lmgate::http1::BodyKind;
using lmgate::http1::ResponseHead;
using lmgate::http1::ScanResponseHead;
using lmgate::http1::ScanStatus;
namespace http = boost::beast::http;

void Compare(std::string_view bytes, bool head_request) {
  ResponseHead head;
  if (ScanResponseHead(bytes, head_request, &head).status != ScanStatus::kComplete) return;
  LMGATE_CHECK(head.bytes <= bytes.size() && bytes.substr(0, head.bytes).ends_with("\r\n\r\n"));
  ResponseHead again;
  for (size_t length = head.bytes - 1; length + 100 > head.bytes && length > 0; --length) {
    LMGATE_CHECK(ScanResponseHead(bytes.substr(0, length), head_request, &again).status ==
                 ScanStatus::kIncomplete);
  }

  http::response_parser<http::empty_body> parser;
  parser.eager(false);
  parser.skip(head_request);
  parser.header_limit(std::numeric_limits<uint32_t>::max());
  parser.body_limit(boost::none);
  boost::beast::error_code error;
  const size_t used = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error == http::error::bad_value && HasListBeastChecks(head.headers())) return;
  // Without a phrase, the space before it is missing in the answers of some servers.
  constexpr size_t kStatusLineBytes = sizeof("HTTP/1.1 200") - 1;
  if (error == http::error::bad_status && bytes[kStatusLineBytes] == '\r') return;
  LMGATE_CHECK(!error);
  LMGATE_CHECK(parser.is_header_done());
  LMGATE_CHECK(used == head.bytes);

  const auto& message = parser.get();
  LMGATE_CHECK(static_cast<int>(message.result_int()) == head.status);
  LMGATE_CHECK(!head.keep_alive || parser.keep_alive());
  if (head.body == BodyKind::kNone) {
    const bool without =
        head_request || head.status < 200 || head.status == 204 || head.status == 304;
    LMGATE_CHECK(without || (!parser.chunked() && parser.content_length().value_or(1) == 0));
  } else {
    LMGATE_CHECK(parser.chunked() == (head.body == BodyKind::kChunked));
    LMGATE_CHECK(parser.content_length().has_value() == (head.body == BodyKind::kContentLength));
    LMGATE_CHECK(parser.content_length().value_or(0) == head.content_length);
    LMGATE_CHECK(parser.need_eof() == (head.body == BodyKind::kUntilClose));
  }
  CheckSameFields(head.headers(), message);
}

}  // namespace

// As http_head_fuzz, for the heads of answers: what ours takes, Beast reads the same, so that no
// provider's answer has a second meaning in front of the gateway.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > lmgate::fuzz::kBeastBytesMax) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Compare(bytes, false);
  Compare(bytes, true);
  return 0;
}

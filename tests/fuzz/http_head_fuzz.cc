#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string_view>

#include "common/base/logging.h"
#include "dataplane/http1/head_scanner.h"

namespace {

using lmgate::http1::BodyKind;
using lmgate::http1::HeaderId;
using lmgate::http1::RequestHead;
using lmgate::http1::ScanRequestHead;
using lmgate::http1::ScanStatus;
namespace http = boost::beast::http;

// Beast keeps field lengths in 16 bits.
constexpr size_t kBytesMax = 60000;

// Beast reads the lists in these headers strictly, while the gateway only looks for words that it
// knows and passes none of them on.
bool HasListBeastChecks(const RequestHead& head) {
  for (const auto& field : head.headers()) {
    if (field.id == HeaderId::kConnection || field.id == HeaderId::kProxyConnection ||
        field.id == HeaderId::kUpgrade) {
      return true;
    }
  }
  return false;
}

}  // namespace

// What ours takes as a complete head, Beast takes as well and reads the same: no request has a
// second meaning behind the gateway. Ours may be stricter.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kBytesMax) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  RequestHead head;
  if (ScanRequestHead(bytes, &head).status != ScanStatus::kComplete) return 0;
  LMGATE_CHECK(head.bytes <= size && bytes.substr(0, head.bytes).ends_with("\r\n\r\n"));
  // A head does not depend on what comes after it, nor is less of it a head.
  RequestHead again;
  LMGATE_CHECK(ScanRequestHead(bytes.substr(0, head.bytes), &again).status ==
               ScanStatus::kComplete);
  LMGATE_CHECK(again.bytes == head.bytes && again.field_count == head.field_count);
  LMGATE_CHECK(ScanRequestHead(bytes.substr(0, head.bytes - 1), &again).status ==
               ScanStatus::kIncomplete);

  // Beast does not skip the empty line that RFC 9112, 2.2 allows before a request.
  const size_t skipped = bytes.starts_with("\r\n") ? 2 : 0;
  http::request_parser<http::empty_body> parser;
  parser.eager(false);
  parser.header_limit(std::numeric_limits<uint32_t>::max());
  parser.body_limit(boost::none);
  boost::beast::error_code error;
  parser.put(boost::asio::buffer(data + skipped, head.bytes - skipped), error);
  if (error == http::error::bad_value && HasListBeastChecks(head)) return 0;
  LMGATE_CHECK(!error || error == http::error::need_more);
  LMGATE_CHECK(parser.is_header_done());

  const auto& message = parser.get();
  const auto method = message.method_string();
  const auto target = message.target();
  LMGATE_CHECK(std::string_view(method.data(), method.size()) == head.method);
  LMGATE_CHECK(std::string_view(target.data(), target.size()) == head.target);
  LMGATE_CHECK((message.version() == 10) == head.http_1_0);
  LMGATE_CHECK(parser.chunked() == (head.body == BodyKind::kChunked));
  if (head.body == BodyKind::kContentLength) {
    LMGATE_CHECK(parser.content_length() && *parser.content_length() == head.content_length);
  }
  // Beast groups fields of one name, so that only their number can be compared.
  LMGATE_CHECK(static_cast<size_t>(std::distance(message.begin(), message.end())) ==
               head.field_count);
  return 0;
}

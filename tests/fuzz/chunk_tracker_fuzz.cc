#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "common/base/logging.h"
#include "dataplane/http1/body_framing.h"
#include "tests/fuzz/beast_fields.h"

namespace {

using lmgate::http1::ChunkTracker;
using Status = ChunkTracker::Status;
namespace http = boost::beast::http;

struct Outcome {
  Status status = Status::kMore;
  std::string payload;
  size_t consumed = 0;
  bool reads_trailers_as_headers = false;
};

Outcome Track(std::string_view bytes, size_t piece_bytes) {
  ChunkTracker tracker;
  Outcome outcome;
  while (outcome.consumed < bytes.size() && outcome.status == Status::kMore) {
    const std::string_view piece = bytes.substr(outcome.consumed, piece_bytes);
    const auto step = tracker.Next(piece);
    LMGATE_CHECK(step.status != Status::kMore || step.consumed > 0);
    LMGATE_CHECK(step.consumed <= piece.size());
    outcome.status = step.status;
    outcome.payload += step.payload;
    outcome.consumed += step.consumed;
  }
  return outcome;
}

// What Beast makes of the same bytes as the body of a request.
Outcome ReadByBeast(std::string_view bytes) {
  constexpr std::string_view kHead =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  http::request_parser<http::string_body> parser;
  parser.eager(true);
  parser.header_limit(std::numeric_limits<uint32_t>::max());
  parser.body_limit(boost::none);
  boost::beast::error_code error;
  parser.put(boost::asio::buffer(kHead.data(), kHead.size()), error);
  LMGATE_CHECK(parser.is_header_done());
  error = {};
  Outcome outcome;
  while (!parser.is_done() && !error && outcome.consumed < bytes.size()) {
    const std::string_view rest = bytes.substr(outcome.consumed);
    outcome.consumed += parser.put(boost::asio::buffer(rest.data(), rest.size()), error);
  }
  if (parser.is_done()) {
    outcome.status = Status::kDone;
  } else if (error && error != http::error::need_more) {
    outcome.status = Status::kInvalid;
  }
  outcome.payload = parser.get().body();
  // Beast looks into trailers of these names, and refuses what a header could not be. The gateway
  // drops trailers of those names, whatever they say.
  outcome.reads_trailers_as_headers = error == http::error::bad_content_length ||
                                      error == http::error::bad_transfer_encoding ||
                                      error == http::error::bad_value;
  return outcome;
}

}  // namespace

// Whatever the pieces, the outcome is the same; and what ours takes, Beast takes as well, with the
// same payload and the same end. Ours may be stricter.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > lmgate::fuzz::kBeastBytesMax) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = Track(bytes, size);
  for (const size_t piece_bytes : {1u, 2u, 3u, 7u}) {
    const Outcome pieces = Track(bytes, piece_bytes);
    LMGATE_CHECK(pieces.status == whole.status && pieces.payload == whole.payload);
    LMGATE_CHECK(pieces.consumed == whole.consumed);
  }
  if (whole.status == Status::kInvalid) return 0;
  const Outcome beast = ReadByBeast(bytes);
  if (beast.reads_trailers_as_headers) return 0;
  LMGATE_CHECK(beast.status == whole.status);
  // Beast gives a chunk's payload when its size line has come whole, as ours does.
  LMGATE_CHECK(beast.payload == whole.payload);
  if (whole.status == Status::kDone) LMGATE_CHECK(beast.consumed == whole.consumed);
  return 0;
}

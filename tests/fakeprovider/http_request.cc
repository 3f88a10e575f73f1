#include "tests/fakeprovider/http_request.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::fakeprovider {
namespace {

constexpr std::string_view kCrlf = "\r\n";
// Of a size line with its extensions, and of a trailer; RFC 9112 names no limit.
constexpr size_t kChunkLineBytesMax = 4096;
constexpr size_t kTrailersMax = 100;

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase(ToAbsl(a), ToAbsl(b));
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Collects the lines of one head.
class HeadReader {
 public:
  absl::Status ReadRequestLine(std::string_view line);
  absl::Status ReadHeader(std::string_view line);
  // What the headers say about framing and the life of the connection.
  absl::Status ReadFraming();

  HttpRequest TakeRequest() { return std::move(request_); }

 private:
  absl::Status ReadContentLength(std::string_view value);

  HttpRequest request_;
  bool has_length_ = false;
};

absl::Status HeadReader::ReadRequestLine(std::string_view line) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == 0 || first == std::string_view::npos || last <= first + 1) {
    return absl::InvalidArgumentError("the request line is not `method target version`");
  }
  const std::string_view version = line.substr(last + 1);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return absl::InvalidArgumentError("the version is neither HTTP/1.1 nor HTTP/1.0");
  }
  if (target.front() != '/' || target.find_first_of(" \t\r\n") != std::string_view::npos) {
    return absl::InvalidArgumentError("the target is not a path");
  }
  const size_t question = target.find('?');
  request_.method = line.substr(0, first);
  request_.target = target;
  request_.path = target.substr(0, question);
  if (question != std::string_view::npos) request_.query = target.substr(question + 1);
  request_.keep_alive = version == "HTTP/1.1";
  request_.headers.reserve(16);
  return absl::OkStatus();
}

absl::Status HeadReader::ReadHeader(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos ||
      line.substr(0, colon).find_first_of(" \t") != std::string_view::npos) {
    return absl::InvalidArgumentError("a header line is not `name: value`");
  }
  if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return absl::InvalidArgumentError("a header holds CR, LF or NUL");
  }
  request_.headers.emplace_back(line.substr(0, colon), Trim(line.substr(colon + 1)));
  return absl::OkStatus();
}

absl::Status HeadReader::ReadContentLength(std::string_view value) {
  if (has_length_) return absl::InvalidArgumentError("two content-length headers");
  if (value.find_first_not_of("0123456789") != std::string_view::npos ||
      !absl::SimpleAtoi(ToAbsl(value), &request_.content_length)) {
    return absl::InvalidArgumentError("content-length is not a number");
  }
  has_length_ = true;
  return absl::OkStatus();
}

absl::Status HeadReader::ReadFraming() {
  for (const auto& [name, value] : request_.headers) {
    if (EqualsIgnoreCase(name, "content-length")) {
      LMGATE_RETURN_IF_ERROR(ReadContentLength(value));
    } else if (EqualsIgnoreCase(name, "transfer-encoding")) {
      if (request_.chunked || !EqualsIgnoreCase(value, "chunked")) {
        return absl::InvalidArgumentError("transfer-encoding is not `chunked`");
      }
      request_.chunked = true;
    } else if (EqualsIgnoreCase(name, "connection")) {
      if (HasToken(value, "close")) request_.keep_alive = false;
      if (HasToken(value, "keep-alive")) request_.keep_alive = true;
    } else if (EqualsIgnoreCase(name, "expect")) {
      request_.expects_continue = EqualsIgnoreCase(value, "100-continue");
    }
  }
  if (has_length_ && request_.chunked) {
    return absl::InvalidArgumentError("both content-length and transfer-encoding");
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view HttpRequest::FindHeader(std::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (EqualsIgnoreCase(header, name)) return value;
  }
  return {};
}

absl::StatusOr<std::optional<ParsedHead>> ParseHead(std::string_view bytes) {
  const size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  HeadReader reader;
  std::string_view rest = bytes.substr(0, end + kCrlf.size());
  bool is_first = true;
  while (!rest.empty()) {
    const size_t line_end = rest.find(kCrlf);
    const std::string_view line = rest.substr(0, line_end);
    rest.remove_prefix(line_end + kCrlf.size());
    LMGATE_RETURN_IF_ERROR(is_first ? reader.ReadRequestLine(line) : reader.ReadHeader(line));
    is_first = false;
  }
  LMGATE_RETURN_IF_ERROR(reader.ReadFraming());
  return ParsedHead{.request = reader.TakeRequest(), .head_bytes = end + 4};
}

absl::Status ChunkDecoder::ReadSizeLine(std::string_view line) {
  const std::string_view digits = line.substr(0, line.find_first_of("; \t"));
  if (digits.empty() || digits.size() > 15 ||
      digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos ||
      !absl::SimpleHexAtoi(ToAbsl(digits), &chunk_bytes_left_)) {
    return absl::InvalidArgumentError("a chunk size is not a number");
  }
  if (chunk_bytes_left_ > body_bytes_max_ - body_.size()) {
    return absl::OutOfRangeError("the body is too long");
  }
  state_ = chunk_bytes_left_ == 0 ? State::kTrailers : State::kData;
  return absl::OkStatus();
}

absl::StatusOr<size_t> ChunkDecoder::Feed(std::string_view bytes) {
  size_t used = 0;
  while (state_ != State::kDone) {
    const std::string_view rest = bytes.substr(used);
    if (state_ == State::kData) {
      const size_t taken = std::min<uint64_t>(rest.size(), chunk_bytes_left_);
      body_.append(rest.substr(0, taken));
      used += taken;
      chunk_bytes_left_ -= taken;
      if (chunk_bytes_left_ > 0) break;
      state_ = State::kDataEnd;
      continue;
    }
    const size_t line_end = rest.find(kCrlf);
    if (line_end == std::string_view::npos) {
      if (rest.size() > kChunkLineBytesMax) {
        return absl::InvalidArgumentError("a chunk line is too long");
      }
      break;
    }
    const std::string_view line = rest.substr(0, line_end);
    used += line_end + kCrlf.size();
    if (state_ == State::kSize) {
      LMGATE_RETURN_IF_ERROR(ReadSizeLine(line));
    } else if (state_ == State::kDataEnd) {
      if (!line.empty()) return absl::InvalidArgumentError("a chunk is longer than its size");
      state_ = State::kSize;
    } else if (line.empty()) {
      state_ = State::kDone;
    } else if (++trailers_ > kTrailersMax) {
      return absl::InvalidArgumentError("too many trailers");
    }
  }
  return used;
}

std::string_view FindQueryValue(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return pair.substr(equals + 1);
    }
  }
  return {};
}

bool HasToken(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::string_view entry = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), entry.size() + 1));
    if (EqualsIgnoreCase(Trim(entry), token)) return true;
  }
  return false;
}

}  // namespace lmgate::fakeprovider

#include "tests/bench/http_reader.h"

#include <strings.h>

#include <algorithm>
#include <cstdlib>

namespace lmgate::bench {
namespace {

constexpr size_t kHeadBytesMax = 64 * 1024;
constexpr size_t kLineBytesMax = 4096;

// The value when `line` is the header of that name (given with its colon), else null.
const char* ValueOf(std::string_view line, std::string_view name) {
  if (line.size() < name.size() || strncasecmp(line.data(), name.data(), name.size()) != 0) {
    return nullptr;
  }
  const size_t begin = line.find_first_not_of(' ', name.size());
  return line.data() + std::min(begin, line.size());
}

bool StartsWith(const char* value, std::string_view word) {
  return value != nullptr && strncasecmp(value, word.data(), word.size()) == 0;
}

}  // namespace

HttpReader::Step HttpReader::Next(std::string_view data) {
  if (state_ == State::kDone) Reset();
  switch (state_) {
    case State::kHead:
      return ReadHead(data);
    case State::kLength:
    case State::kChunkData: {
      const std::string_view body = data.substr(0, remaining_);
      remaining_ -= body.size();
      if (remaining_ == 0) state_ = state_ == State::kLength ? State::kDone : State::kChunkEnd;
      const Status status = state_ == State::kDone ? Status::kDone : Status::kMore;
      return {.status = status, .consumed = body.size(), .body = body};
    }
    default:
      return ReadLine(data);
  }
}

void HttpReader::Reset() {
  state_ = State::kHead;
  head_.clear();
  line_.clear();
}

int HttpReader::status_code() const {
  // "HTTP/1.1 200 OK"
  return head_.size() < 12 ? 0 : std::atoi(head_.c_str() + 9);
}

HttpReader::Step HttpReader::ReadHead(std::string_view data) {
  const size_t before = head_.size();
  const size_t search_from = before < 3 ? 0 : before - 3;
  head_.append(data.substr(0, kHeadBytesMax));
  const size_t end = head_.find("\r\n\r\n", search_from);
  if (end == std::string::npos) {
    const bool too_long = head_.size() >= kHeadBytesMax;
    return {.status = too_long ? Status::kBroken : Status::kMore, .consumed = data.size()};
  }
  head_.resize(end + 4);
  ParseHead();
  const Status status = state_ == State::kDone ? Status::kDone : Status::kMore;
  return {.status = status, .consumed = head_.size() - before};
}

void HttpReader::ParseHead() {
  state_ = State::kDone;
  is_event_stream_ = false;
  is_last_ = false;
  const std::string_view head = head_;
  for (size_t begin = head.find("\r\n") + 2; begin + 2 < head.size();) {
    const size_t end = head.find("\r\n", begin);
    const std::string_view line = head.substr(begin, end - begin);
    begin = end + 2;
    if (const char* length = ValueOf(line, "content-length:")) {
      remaining_ = std::strtoull(length, nullptr, 10);
      if (remaining_ > 0) state_ = State::kLength;
    } else if (StartsWith(ValueOf(line, "transfer-encoding:"), "chunked")) {
      state_ = State::kChunkSize;
    } else if (StartsWith(ValueOf(line, "content-type:"), "text/event-stream")) {
      is_event_stream_ = true;
    } else if (StartsWith(ValueOf(line, "connection:"), "close")) {
      is_last_ = true;
    }
  }
}

HttpReader::Step HttpReader::ReadLine(std::string_view data) {
  const size_t end = data.find('\n');
  const size_t taken = end == std::string_view::npos ? data.size() : end + 1;
  line_.append(data.substr(0, taken));
  if (line_.size() > kLineBytesMax) return {.status = Status::kBroken, .consumed = taken};
  if (end == std::string_view::npos) return {.consumed = taken};
  if (!EndLine()) return {.status = Status::kBroken, .consumed = taken};
  line_.clear();
  const Status status = state_ == State::kDone ? Status::kDone : Status::kMore;
  return {.status = status, .consumed = taken};
}

// False = no line that may stand there.
bool HttpReader::EndLine() {
  if (!line_.ends_with("\r\n")) return false;
  const bool is_empty = line_.size() == 2;
  if (state_ == State::kChunkEnd) {
    state_ = State::kChunkSize;
    return is_empty;
  }
  if (state_ == State::kTrailer) {
    if (is_empty) state_ = State::kDone;
    return true;
  }
  char* end = nullptr;
  remaining_ = std::strtoull(line_.c_str(), &end, 16);
  state_ = remaining_ > 0 ? State::kChunkData : State::kTrailer;
  return end != line_.c_str();
}

}  // namespace lmgate::bench

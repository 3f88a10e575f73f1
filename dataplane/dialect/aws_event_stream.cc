#include "dataplane/dialect/aws_event_stream.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {
namespace {

// total length, headers' length, checksum of both; a checksum of everything ends the frame.
constexpr size_t kPreludeBytes = 12;
constexpr size_t kChecksumBytes = 4;
constexpr size_t kFrameBytesMin = kPreludeBytes + kChecksumBytes;

constexpr std::string_view kJsonType = "application/json";

// The value types of headers.
enum ValueType : uint8_t {
  kTrue = 0,
  kFalse = 1,
  kByte = 2,
  kShort = 3,
  kInteger = 4,
  kLong = 5,
  kBytes = 6,
  kString = 7,
  kTimestamp = 8,
  kUuid = 9,
};

// CRC-32 of IEEE 802.3, reflected, as zlib's.
constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table = {};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320U : crc >> 1;
    table[i] = crc;
  }
  return table;
}

uint32_t Crc32(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = MakeCrcTable();
  uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) crc = crc >> 8 ^ kTable[(crc ^ static_cast<uint8_t>(c)) & 0xFF];
  return ~crc;
}

uint32_t ReadBigEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

void AppendBigEndian(uint64_t value, int bytes, std::string* out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift & 0xFF));
  }
}

void AppendHeader(std::string_view name, std::string_view value, std::string* out) {
  constexpr size_t kValueBytesMax = 0x7FFF;
  value = value.substr(0, kValueBytesMax);
  out->push_back(static_cast<char>(name.size()));
  out->append(name);
  out->push_back(static_cast<char>(kString));
  AppendBigEndian(value.size(), 2, out);
  out->append(value);
}

// Consumes `count` bytes; false when there are fewer.
bool Take(size_t count, std::string_view* bytes, std::string_view* taken) {
  if (bytes->size() < count) return false;
  *taken = bytes->substr(0, count);
  bytes->remove_prefix(count);
  return true;
}

struct Header {
  std::string_view name;
  bool is_string = false;
  std::string_view value;
};

bool TakeHeader(std::string_view* bytes, Header* header) {
  std::string_view length;
  std::string_view type;
  if (!Take(1, bytes, &length) || !Take(ReadBigEndian(length), bytes, &header->name) ||
      header->name.empty() || !Take(1, bytes, &type)) {
    return false;
  }
  header->is_string = type[0] == kString;
  switch (type[0]) {
    case kTrue:
    case kFalse:
      return true;
    case kByte:
      return Take(1, bytes, &header->value);
    case kShort:
      return Take(2, bytes, &header->value);
    case kInteger:
      return Take(4, bytes, &header->value);
    case kLong:
    case kTimestamp:
      return Take(8, bytes, &header->value);
    case kUuid:
      return Take(16, bytes, &header->value);
    case kBytes:
    case kString:
      return Take(2, bytes, &length) && Take(ReadBigEndian(length), bytes, &header->value);
    default:
      return false;
  }
}

absl::StatusOr<EventFrame> ReadFrame(std::string_view headers, std::string_view payload) {
  EventFrame frame;
  std::string_view error_code;
  std::string_view error_message;
  while (!headers.empty()) {
    Header header;
    if (!TakeHeader(&headers, &header)) {
      return absl::InvalidArgumentError("event stream: a frame's headers cannot be read");
    }
    if (!header.is_string) continue;
    if (header.name == ":message-type") {
      frame.message_type = header.value;
    } else if (header.name == ":event-type") {
      frame.event_type = header.value;
    } else if (header.name == ":exception-type") {
      frame.exception_type = header.value;
    } else if (header.name == ":content-type") {
      frame.content_type = header.value;
    } else if (header.name == ":error-code") {
      error_code = header.value;
    } else if (header.name == ":error-message") {
      error_message = header.value;
    }
  }
  if (frame.message_type == "event") frame.message_type.clear();
  if (frame.message_type == "error") {
    frame.exception_type = error_code;
    frame.content_type = kJsonType;
    frame.payload = DumpJson(Json{{"message", error_message}});
  } else {
    frame.payload = payload;
  }
  return frame;
}

// Of an error: its message is a header.
std::string_view AppendHeaders(const EventFrame& frame, std::string* out) {
  if (frame.message_type == "error") {
    std::string message;
    if (const auto payload = ParseObject(frame.payload); payload.ok()) {
      message = FindString(*payload, "message");
    }
    AppendHeader(":error-code", frame.exception_type, out);
    AppendHeader(":error-message", message, out);
    AppendHeader(":message-type", frame.message_type, out);
    return {};
  }
  if (frame.message_type == "exception") {
    AppendHeader(":exception-type", frame.exception_type, out);
  } else {
    AppendHeader(":event-type", frame.event_type, out);
  }
  if (!frame.content_type.empty()) AppendHeader(":content-type", frame.content_type, out);
  AppendHeader(":message-type", frame.message_type.empty() ? "event" : frame.message_type, out);
  return frame.payload;
}

}  // namespace

void AppendEventFrame(const EventFrame& frame, std::string* out) {
  std::string headers;
  const std::string_view payload = AppendHeaders(frame, &headers);
  const size_t begin = out->size();
  out->reserve(begin + kFrameBytesMin + headers.size() + payload.size());
  AppendBigEndian(kFrameBytesMin + headers.size() + payload.size(), 4, out);
  AppendBigEndian(headers.size(), 4, out);
  AppendBigEndian(Crc32(std::string_view(*out).substr(begin)), 4, out);
  out->append(headers).append(payload);
  AppendBigEndian(Crc32(std::string_view(*out).substr(begin)), 4, out);
}

void EventFrameReader::Feed(std::string_view bytes) {
  if (!error_.ok()) return;
  bytes_.erase(0, std::exchange(begin_, 0));
  bytes_.append(bytes);
}

absl::StatusOr<std::optional<EventFrame>> EventFrameReader::Next() {
  if (!error_.ok()) return error_;
  absl::StatusOr<std::optional<EventFrame>> frame = TakeFrame();
  if (!frame.ok()) {
    error_ = frame.status();
    bytes_ = {};
    begin_ = 0;
  }
  return frame;
}

absl::StatusOr<std::optional<EventFrame>> EventFrameReader::TakeFrame() {
  const std::string_view bytes = std::string_view(bytes_).substr(begin_);
  if (bytes.size() < kPreludeBytes) return std::nullopt;
  // Before the lengths are believed: a wrong one would be waited for.
  if (Crc32(bytes.substr(0, 8)) != ReadBigEndian(bytes.substr(8, 4))) {
    return absl::InvalidArgumentError("event stream: the checksum of a frame's lengths is wrong");
  }
  const size_t total = ReadBigEndian(bytes.substr(0, 4));
  const size_t headers = ReadBigEndian(bytes.substr(4, 4));
  if (headers > kFrameHeadersBytesMax) {
    return absl::InvalidArgumentError(
        StrCat("event stream: a frame has more than ", kFrameHeadersBytesMax, " bytes of headers"));
  }
  if (total < kFrameBytesMin + headers) {
    return absl::InvalidArgumentError("event stream: a frame is shorter than its headers");
  }
  if (total - kFrameBytesMin - headers > kFramePayloadBytesMax) {
    return absl::InvalidArgumentError(
        StrCat("event stream: a frame has more than ", kFramePayloadBytesMax, " bytes of payload"));
  }
  if (bytes.size() < total) return std::nullopt;
  const size_t checked = total - kChecksumBytes;
  if (Crc32(bytes.substr(0, checked)) != ReadBigEndian(bytes.substr(checked, kChecksumBytes))) {
    return absl::InvalidArgumentError("event stream: the checksum of a frame is wrong");
  }
  begin_ += total;
  LMGATE_ASSIGN_OR_RETURN(
      EventFrame frame,
      ReadFrame(bytes.substr(kPreludeBytes, headers),
                bytes.substr(kPreludeBytes + headers, total - kFrameBytesMin - headers)));
  return frame;
}

}  // namespace lmgate::dialect

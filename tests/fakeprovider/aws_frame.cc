#include "tests/fakeprovider/aws_frame.h"

#include <array>
#include <cstdint>

#include "common/base/strings.h"
#include "tests/fakeprovider/json_text.h"

namespace lmgate::fakeprovider {
namespace {

constexpr size_t kPreludeBytes = 12;  // both lengths and their CRC
constexpr size_t kCrcBytes = 4;
constexpr char kStringType = 7;

// ISO 3309, reversed polynomial.
constexpr uint32_t kCrcPolynomial = 0xEDB88320;

constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ kCrcPolynomial : crc >> 1;
    table[i] = crc;
  }
  return table;
}

uint32_t Crc32(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = MakeCrcTable();
  uint32_t crc = 0xFFFFFFFF;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  }
  return ~crc;
}

// Big endian, the lowest `bytes` of the number.
std::string BigEndian(uint64_t number, int bytes) {
  std::string text;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    text += static_cast<char>((number >> shift) & 0xFF);
  }
  return text;
}

std::string MakeHeader(std::string_view name, char type, std::string_view value) {
  return StrCat(std::string(1, static_cast<char>(name.size())), name, std::string(1, type), value);
}

}  // namespace

std::string MakeAwsFrame(const std::vector<Header>& headers, std::string_view payload,
                         std::string_view more_headers) {
  std::string encoded;
  for (const Header& header : headers) {
    encoded += MakeHeader(header.name, kStringType,
                          StrCat(BigEndian(header.value.size(), 2), header.value));
  }
  encoded += more_headers;
  std::string frame =
      StrCat(BigEndian(kPreludeBytes + encoded.size() + payload.size() + kCrcBytes, 4),
             BigEndian(encoded.size(), 4));
  frame += BigEndian(Crc32(frame), 4);
  StrAppend(&frame, encoded, payload);
  frame += BigEndian(Crc32(frame), 4);
  return frame;
}

std::string MakeAwsEvent(std::string_view event_type, std::string_view json) {
  return MakeAwsFrame({{":event-type", std::string(event_type)},
                       {":content-type", "application/json"},
                       {":message-type", "event"}},
                      json);
}

std::string MakeAwsException(std::string_view exception_type, std::string_view message) {
  return MakeAwsFrame({{":exception-type", std::string(exception_type)},
                       {":content-type", "application/json"},
                       {":message-type", "exception"}},
                      StrCat(R"({"message":)", QuoteJson(message), "}"));
}

std::string MakeOddAwsEvent() {
  // Types 0 to 9 but for the string: true, false, four integers, bytes, a timestamp and a UUID.
  const std::string headers = StrCat(
      MakeHeader("yes", 0, ""), MakeHeader("no", 1, ""), MakeHeader("i8", 2, BigEndian(1, 1)),
      MakeHeader("i16", 3, BigEndian(2, 2)), MakeHeader("i32", 4, BigEndian(3, 4)),
      MakeHeader("i64", 5, BigEndian(4, 8)), MakeHeader("bytes", 6, StrCat(BigEndian(2, 2), "ab")),
      MakeHeader("time", 8, BigEndian(1'700'000'000'000, 8)),
      MakeHeader("uuid", 9, "0123456789abcdef"));
  return MakeAwsFrame({{":event-type", "vendorEvent"},
                       {":content-type", "application/json"},
                       {":message-type", "event"}},
                      R"({"queueMs":1})", headers);
}

}  // namespace lmgate::fakeprovider

#include "tests/fakeprovider/gzip.h"

#include <algorithm>
#include <boost/crc.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace lmgate::fakeprovider {
namespace {

// Magic number, deflate, no flags, no time, unknown system: RFC 1952, 2.3.
constexpr std::string_view kHead("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
// An empty last block.
constexpr std::string_view kLastBlock("\x01\0\0\xff\xff", 5);
constexpr size_t kBlockBytesMax = 65535;

std::string LittleEndian(uint32_t number, int bytes) {
  std::string encoded;
  for (int i = 0; i < bytes; ++i) encoded += static_cast<char>(number >> (8 * i) & 0xFF);
  return encoded;
}

class GzipWriter {
 public:
  // The bytes as blocks, after the head if these are the first.
  std::string Write(std::string_view bytes);
  std::string Finish();

 private:
  boost::crc_32_type crc_;
  uint32_t bytes_ = 0;  // modulo 2^32, as the format wants it
  bool has_head_ = false;
};

std::string GzipWriter::Write(std::string_view bytes) {
  std::string blocks;
  if (!std::exchange(has_head_, true)) blocks += kHead;
  crc_.process_bytes(bytes.data(), bytes.size());
  bytes_ += static_cast<uint32_t>(bytes.size());
  while (!bytes.empty()) {
    const std::string_view block = bytes.substr(0, kBlockBytesMax);
    const auto size = static_cast<uint32_t>(block.size());
    blocks += '\0';
    blocks += LittleEndian(size, 2) + LittleEndian(~size, 2);
    blocks += block;
    bytes.remove_prefix(block.size());
  }
  return blocks;
}

std::string GzipWriter::Finish() {
  std::string end = Write("");
  end += kLastBlock;
  end += LittleEndian(crc_.checksum(), 4) + LittleEndian(bytes_, 4);
  return end;
}

}  // namespace

Answer CompressAnswer(Answer answer) {
  answer.headers.push_back(Header{.name = "content-encoding", .value = "gzip"});
  GzipWriter writer;
  if (!answer.is_stream()) {
    const std::string blocks = writer.Write(answer.body);
    answer.body = blocks + writer.Finish();
    return answer;
  }
  answer.event = [event = std::move(answer.event), last = answer.event_count - 1,
                  writer](size_t index) mutable {
    std::string blocks = writer.Write(event(index));
    if (index == last) blocks += writer.Finish();
    return blocks;
  };
  return answer;
}

}  // namespace lmgate::fakeprovider

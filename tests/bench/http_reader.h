#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lmgate::bench {

// Reads one HTTP/1.1 message after another in whatever pieces they come. Written apart from the
// data plane's readers, so that an error of theirs cannot hide here.
class HttpReader {
 public:
  enum class Status : uint8_t { kMore, kDone, kBroken };

  struct Step {
    Status status = Status::kMore;
    size_t consumed = 0;         // at least 1 unless `data` was empty
    std::string_view body = {};  // the piece of the body among it
  };
  // Consumes up to and with one piece of the body. After kDone the next message begins.
  Step Next(std::string_view data);
  // Forgets the message that was begun.
  void Reset();

  // Of the message last begun, as soon as its head is complete.
  std::string_view head() const { return head_; }
  int status_code() const;  // of a response
  bool is_event_stream() const { return is_event_stream_; }
  bool is_last() const { return is_last_; }  // Connection: close

 private:
  enum class State : uint8_t { kHead, kLength, kChunkSize, kChunkData, kChunkEnd, kTrailer, kDone };

  Step ReadHead(std::string_view data);
  Step ReadLine(std::string_view data);
  void ParseHead();
  bool EndLine();

  State state_ = State::kHead;
  std::string head_;
  std::string line_;        // of the chunked framing
  uint64_t remaining_ = 0;  // of the body or the chunk
  bool is_event_stream_ = false;
  bool is_last_ = false;
};

}  // namespace lmgate::bench

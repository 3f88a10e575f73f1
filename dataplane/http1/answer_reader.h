#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/http1/body_framing.h"
#include "dataplane/http1/head_scanner.h"

namespace lmgate::http1 {

// Takes one HTTP/1.1 answer apart, which comes in any pieces. Pure.
class AnswerReader {
 public:
  // `head_request`: the answer has no body whatever its head says.
  explicit AnswerReader(bool head_request) : head_request_(head_request) {}

  enum class Part : uint8_t {
    kNothing,  // more bytes are needed
    kInterim,  // a head of 1xx
    kHead,
    kBody,  // a piece of it in `payload`; empty = framing only
    kEnd,
    kInvalid,
  };
  struct Step {
    Part part = Part::kNothing;
    size_t consumed = 0;
    std::string_view payload;
  };
  // The next part at the start of `bytes`. A head is read into `head`, whose views are into
  // `bytes`. An answer without a body is at its end right after its head.
  Step Next(std::string_view bytes, ResponseHead* head);
  // The bytes have ended. False = before the answer did.
  bool Finish();

  bool ended() const { return state_ == State::kEnded; }
  // In the body: what comes next is to be passed on.
  bool in_body() const { return state_ == State::kBody; }
  // Lines of the chunked body's trailer section, with the empty line after them.
  std::string_view trailers() const { return trailers_; }

 private:
  enum class State : uint8_t { kHead, kBody, kEnded };

  const bool head_request_;
  State state_ = State::kHead;
  BodyKind kind_ = BodyKind::kNone;
  uint64_t left_ = 0;
  ChunkTracker chunks_;
  std::string trailers_;  // limited by chunks_
};

}  // namespace lmgate::http1

#include "dataplane/http1/answer_reader.h"

#include <algorithm>

namespace lmgate::http1 {

AnswerReader::Step AnswerReader::Next(std::string_view bytes, ResponseHead* head) {
  if (state_ == State::kEnded) return {.part = Part::kEnd, .consumed = 0, .payload = {}};
  if (state_ == State::kHead) {
    const ScanResult result = ScanResponseHead(bytes, head_request_, head);
    if (result.status == ScanStatus::kIncomplete) return {};
    if (result.status != ScanStatus::kComplete || head->status == 101) {
      return {.part = Part::kInvalid, .consumed = 0, .payload = {}};
    }
    if (head->status < 200) {
      return {.part = Part::kInterim, .consumed = head->bytes, .payload = {}};
    }
    kind_ = head->body;
    left_ = head->content_length;
    state_ = kind_ == BodyKind::kNone ? State::kEnded : State::kBody;
    return {.part = Part::kHead, .consumed = head->bytes, .payload = {}};
  }
  if (bytes.empty()) return {};
  if (kind_ == BodyKind::kChunked) {
    const bool in_trailers = chunks_.in_trailers();
    const ChunkTracker::Step step = chunks_.Next(bytes);
    if (step.status == ChunkTracker::Status::kInvalid) {
      return {.part = Part::kInvalid, .consumed = step.consumed, .payload = {}};
    }
    if (in_trailers) trailers_.append(bytes.substr(0, step.consumed));
    if (step.status == ChunkTracker::Status::kDone) state_ = State::kEnded;
    return {.part = ended() ? Part::kEnd : Part::kBody,
            .consumed = step.consumed,
            .payload = step.payload};
  }
  if (kind_ == BodyKind::kContentLength) {
    bytes = bytes.substr(0, static_cast<size_t>(std::min<uint64_t>(bytes.size(), left_)));
    left_ -= bytes.size();
    if (left_ == 0) state_ = State::kEnded;
  }
  return {.part = Part::kBody, .consumed = bytes.size(), .payload = bytes};
}

bool AnswerReader::Finish() {
  if (state_ == State::kBody && kind_ == BodyKind::kUntilClose) state_ = State::kEnded;
  return ended();
}

}  // namespace lmgate::http1

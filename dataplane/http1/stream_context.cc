#include "dataplane/http1/stream_context.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "dataplane/http1/stream.h"

namespace lmgate::http1 {

StreamContext::StreamContext(asio::io_context& io, TimerWheel& wheel)
    : io_(io),
      wheel_(wheel),
      reactor_(asio::use_service<asio::detail::reactor>(io)),
      quiet_tick_(
          wheel, [](void* self) { static_cast<StreamContext*>(self)->OnQuietTick(); }, this) {}

StreamContext::~StreamContext() {
  for (char* buffer : spare_buffers_) std::free(buffer);
}

void StreamContext::FreeBuffer::operator()(char* buffer) const {
  if (context != nullptr && context->spare_buffers_.size() < kSpareBuffersMax) {
    context->spare_buffers_.push_back(buffer);
  } else {
    std::free(buffer);
  }
}

StreamContext::Buffer StreamContext::TakeBuffer(size_t bytes) {
  const bool pooled = bytes <= kBufferBytes;
  char* buffer = nullptr;
  if (pooled && !spare_buffers_.empty()) {
    buffer = spare_buffers_.back();
    spare_buffers_.pop_back();
  } else {
    if (pooled) bytes = kBufferBytes;
    buffer = static_cast<char*>(std::malloc(bytes + kPaddingBytes));
    if (buffer == nullptr) throw std::bad_alloc();
    std::memset(buffer + bytes, 0, kPaddingBytes);
  }
  return Buffer(buffer, FreeBuffer{pooled ? this : nullptr});
}

void StreamContext::AddQuiet(Stream* stream) {
  QuietList& list = quiet_[quiet_since_tick_];
  stream->quiet_list_ = &list;
  stream->quiet_previous_ = nullptr;
  stream->quiet_next_ = list.first;
  if (list.first != nullptr) list.first->quiet_previous_ = stream;
  list.first = stream;
  if (!quiet_tick_.is_set()) quiet_tick_.Set(TimerWheel::NowMs() + kQuietMs);
}

void StreamContext::OnQuietTick() {
  QuietList& longer = quiet_[1 - quiet_since_tick_];
  while (longer.first != nullptr) longer.first->LookAgain();
  quiet_since_tick_ = 1 - quiet_since_tick_;
  if (quiet_[1 - quiet_since_tick_].first != nullptr) {
    quiet_tick_.Set(TimerWheel::NowMs() + kQuietMs);
  }
}

}  // namespace lmgate::http1

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "common/base/text_buffer.h"
#include "common/contract/error_code.h"
#include "dataplane/chat/token_usage.h"

namespace lmgate::gateway {

// One finished request. No prompt, no answer, no secret; views live as long as the call.
struct AccessRecord {
  int64_t time_us = 0;          // Unix microseconds at its first byte
  std::string_view request_id;  // letters, digits and a few marks
  std::string_view method;      // a token
  std::string_view path;        // without the query, in which a credential may stand
  int status = 0;               // as sent; 0 = nothing was sent
  contract::ErrorCode code = contract::ErrorCode::kOk;
  std::string_view key;  // public id; empty = not authenticated
  std::string_view group;
  std::string_view model;  // as the client named it
  std::string_view route;
  std::string_view connection;
  std::string_view upstream_model;
  int upstream_status = 0;  // 0 = no answer
  int attempts = 0;
  bool stream = false;
  uint64_t request_bytes = 0;   // body
  uint64_t response_bytes = 0;  // body, as sent
  int64_t duration_us = 0;
  int64_t first_byte_us = -1;  // to the answer's first byte; -1 = none was sent
  chat::TokenUsage usage;
  uint64_t revision = 0;  // of the configuration that decided
};

// Makes the lines of the access log; one a worker. Not thread-safe.
class AccessLineWriter {
 public:
  // One JSON object and a line feed; stays until the next call.
  std::string_view Write(const AccessRecord& record);

 private:
  void AppendTime(int64_t time_us);

  TextBuffer line_;
  int64_t second_ = -1;  // Unix time of second_text_
  std::array<char, 19> second_text_{};
};

}  // namespace lmgate::gateway

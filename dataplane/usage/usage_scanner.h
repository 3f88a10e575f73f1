#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "dataplane/chat/token_usage.h"

namespace lmgate::usage {

// Reads the `usage` object out of an answer on its way through, plain or streamed, in pieces cut
// anywhere. It looks for the bytes `"usage"` (in a string of the answer its quotes would be
// escaped, so they are the member's name) and parses the object that follows. Streams repeat it, in
// whole or in part: the last value of each count is taken. No allocation until a usage object is
// cut by a piece's end.
class UsageScanner {
 public:
  // A usage object longer than this is not read.
  static constexpr size_t kObjectBytesMax = 4096;

  void Feed(std::string_view piece);
  const chat::TokenUsage& usage() const { return usage_; }
  // The answer is not to be read (compressed, say): Feed does nothing from now on.
  void Disable() { state_ = State::kDisabled; }

 private:
  enum class State : unsigned char { kSearch, kColon, kObject, kDisabled };

  void FeedSearch(std::string_view* piece);
  void FeedColon(std::string_view* piece);
  void FeedObject(std::string_view* piece);
  void Restart();

  State state_ = State::kSearch;
  unsigned char matched_ = 0;  // bytes of the needle at the end of the piece before
  bool in_string_ = false;
  bool escaped_ = false;
  int depth_ = 0;
  size_t object_bytes_ = 0;
  std::string carry_;  // the beginning of an object that earlier pieces brought
  chat::TokenUsage usage_;
};

}  // namespace lmgate::usage

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakeprovider/call.h"

namespace lmgate::fakeprovider {

// The text that the model "says", in the pieces in which it streams. One piece counts as one token.
// Long replies are not stored: their pieces are made when they are asked for.
class Reply {
 public:
  // The words of `text`, each with the spaces after it, then `filler_count` numbered pieces of
  // `filler_bytes`.
  explicit Reply(std::string_view text, size_t filler_count = 0, size_t filler_bytes = 0);

  std::string Piece(size_t index) const;
  std::string Text() const;
  // False when there was nothing to cut off.
  bool Truncate(size_t pieces_max);

  size_t piece_count() const { return words_.size() + filler_count_; }

 private:
  std::vector<std::string> words_;
  size_t filler_count_;
  size_t filler_bytes_;
};

// What the call's fault makes of `text`, which is what a healthy model would say.
Reply MakeReply(std::string_view text, const Call& call);

// "You said: " and what was said, up to 1,024 bytes of it: a benchmark with a large prompt must not
// measure a large answer.
std::string SayBack(std::string_view said);

// JSON of what arrived: method, target, headers, connection_id, body, body_encoding.
std::string EchoText(const Call& call);

// A tokenizer by the yard: four bytes, one token.
size_t CountTokens(std::string_view text);

}  // namespace lmgate::fakeprovider

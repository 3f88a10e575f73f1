#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lmgate::chat {

// Follows JSON text that comes in pieces just far enough to know when the object (or the list) that
// it begins with is whole. Does not check the text: what is no JSON is found by its parser.
class ObjectEnd {
 public:
  // Goes on with all of the text, also past an end: another object makes it a part again.
  void Feed(std::string_view text);

  // Goes on up to the end of the object; the number of bytes that this took, at most all.
  size_t FeedToEnd(std::string_view text);

  bool begun() const { return begun_; }
  bool whole() const { return begun_ && depth_ <= 0 && !in_string_; }

 private:
  void Step(char c);

  int64_t depth_ = 0;
  bool begun_ = false;
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace lmgate::chat

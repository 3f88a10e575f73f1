#include "dataplane/chat/object_end.h"

namespace lmgate::chat {

void ObjectEnd::Step(char c) {
  if (in_string_) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
    }
  } else if (c == '"') {
    in_string_ = true;
  } else if (c == '{' || c == '[') {
    ++depth_;
    begun_ = true;
  } else if (c == '}' || c == ']') {
    --depth_;
  }
}

void ObjectEnd::Feed(std::string_view text) {
  for (const char c : text) Step(c);
}

size_t ObjectEnd::FeedToEnd(std::string_view text) {
  size_t taken = 0;
  while (taken < text.size() && !whole()) Step(text[taken++]);
  return taken;
}

}  // namespace lmgate::chat

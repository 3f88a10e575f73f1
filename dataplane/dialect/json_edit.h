#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lmgate::dialect {

// A JSON text in place: where its values stand, so that a few can be changed while every other byte
// stays as it was written: the order of members, numbers beyond 2^53, escapes, white space. Reads
// only what it is asked for, and takes for granted that what it passes over is JSON: a text that is
// none may give anything, but never a view beyond its end.

// One element of a list, or one member of an object.
struct JsonItem {
  std::string_view name;   // of a member, with its quotes; empty = an element
  std::string_view value;  // without white space around it; never empty

  const char* begin() const { return name.empty() ? value.data() : name.data(); }
  const char* end() const { return value.data() + value.size(); }
};

// `text` without white space around it, if it is one value.
std::optional<std::string_view> JsonValueIn(std::string_view text);

// The members of an object; nullopt = it is none, or a broken one.
std::optional<std::vector<JsonItem>> JsonMembers(std::string_view object);
// The elements of a list; nullopt = it is none, or a broken one.
std::optional<std::vector<JsonItem>> JsonElements(std::string_view list);

// The text of a string; halves of surrogate pairs become U+FFFD. nullopt = it is no string.
std::optional<std::string> JsonText(std::string_view value);
// True when the string says `text`.
bool JsonSays(std::string_view value, std::string_view text);

// The last member of that name that is not null, as most readers take it; empty = there is none.
std::string_view FindMember(const std::vector<JsonItem>& members, std::string_view name);
// The same for the text of a whole object.
std::string_view FindMember(std::string_view object, std::string_view name);

// `text` as a JSON string with its quotes. What is not UTF-8 becomes U+FFFD.
std::string JsonStringOf(std::string_view text);

// Changes to one text, made all at once. Views given must be of that text, which must outlive this;
// they must not overlap.
class JsonEdit {
 public:
  explicit JsonEdit(std::string_view text) : text_(text) {}

  void Replace(std::string_view range, std::string with);
  // Before the byte at `at`, behind what was inserted there earlier.
  void Insert(const char* at, std::string text);
  // Takes out the items i of `items`, all those of one list or object, where removed[i].
  void Remove(const std::vector<JsonItem>& items, const std::vector<bool>& removed);
  // A new first item of the list or object; `items` are all it has.
  void Prepend(std::string_view container, const std::vector<JsonItem>& items, std::string text);
  // A new last element, behind those that stay.
  void Append(std::string_view container, const std::vector<JsonItem>& items,
              const std::vector<bool>& removed, std::string text);

  bool empty() const { return changes_.empty(); }
  std::string Apply() const;

 private:
  struct Change {
    size_t begin = 0;  // of text_
    size_t end = 0;
    std::string with;
  };

  void Add(const char* begin, const char* end, std::string with);

  const std::string_view text_;
  std::vector<Change> changes_;
};

}  // namespace lmgate::dialect

#include "controlplane/importer/document.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <utility>

#include "common/base/strings.h"

namespace lmgate::importer {
namespace {

// Bytes of the UTF-8 sequence that starts here; 0 = none does. RFC 3629, section 4.
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto follows = [&](size_t count) {
    if (text.size() <= count) return false;
    for (size_t i = 1; i <= count; ++i) {
      if ((byte(i) & 0xC0) != 0x80) return false;
    }
    return true;
  };
  if (byte(0) < 0x80) return 1;
  if (byte(0) >= 0xC2 && byte(0) <= 0xDF) return follows(1) ? 2 : 0;
  if ((byte(0) & 0xF0) == 0xE0) {
    if (!follows(2)) return 0;
    const bool overlong = byte(0) == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = byte(0) == 0xED && byte(1) >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (byte(0) >= 0xF0 && byte(0) <= 0xF4) {
    if (!follows(3)) return 0;
    const bool overlong = byte(0) == 0xF0 && byte(1) < 0x90;
    const bool too_large = byte(0) == 0xF4 && byte(1) >= 0x90;
    return overlong || too_large ? 0 : 4;
  }
  return 0;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

// Turns the parser's events into nodes. After the first error it ignores what follows: yaml-cpp
// offers no other way to stop it than to throw through it.
class DocumentBuilder final : public YAML::EventHandler {
 public:
  explicit DocumentBuilder(Document::Limits limits) : limits_(limits) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (document_begun_) Fail(mark, "a second document; one file holds one document");
    document_begun_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Leaf(mark, anchor, Document::Node());
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (failed()) return;
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return Fail(mark, "an alias within what it stands for");
    const Document::NodeId id = found->second;
    if (AwaitsKey()) {
      const Document::Node& node = document_.nodes_[id];
      if (node.kind != Document::Kind::kScalar) return Fail(mark, "a key must be a text");
      return SetKey(mark, node.text);
    }
    if (open_.size() + sizes_[id].height > static_cast<size_t>(limits_.depth_max)) {
      return FailDepth(mark);
    }
    Attach(mark, id);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Document::Node node;
    node.kind = Document::Kind::kScalar;
    node.text = value;
    node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!node.quoted && tag != "?") return Fail(mark, "tags are not supported");
    Leaf(mark, anchor, std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, Document::Kind::kList);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, Document::Kind::kMap);
  }
  void OnMapEnd() override { Close(); }

  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }
  int error_line() const { return error_line_; }
  Document Take() {
    if (document_.nodes_.empty()) document_.nodes_.emplace_back();
    return std::move(document_);
  }

 private:
  struct Size {
    size_t nodes = 1;   // with keys and expanded aliases; at most nodes_max + 1
    size_t height = 0;  // mappings and lists from here down, this one included
  };
  struct OpenNode {
    Document::NodeId id = 0;
    YAML::anchor_t anchor = 0;
    std::optional<std::string> key;  // of the value to come
    int key_line = 0;
    absl::flat_hash_set<std::string> keys;
  };

  void Fail(const YAML::Mark& mark, std::string_view message) {
    if (failed()) return;
    error_ = message;
    error_line_ = mark.line + 1;
  }
  void FailDepth(const YAML::Mark& mark) {
    Fail(mark, StrCat("nested deeper than ", limits_.depth_max, " levels"));
  }

  bool AwaitsKey() const {
    return !open_.empty() && !open_.back().key.has_value() &&
           document_.nodes_[open_.back().id].kind == Document::Kind::kMap;
  }

  void SetKey(const YAML::Mark& mark, const std::string& key) {
    OpenNode& parent = open_.back();
    if (key == "<<") return Fail(mark, "merge keys (<<) are not supported");
    if (!parent.keys.insert(key).second) {
      return Fail(mark, StrCat("key \"", key, "\" stands twice in one mapping"));
    }
    parent.key = key;
    parent.key_line = mark.line + 1;
    Count(mark, parent.id, 1);
  }

  void Leaf(const YAML::Mark& mark, YAML::anchor_t anchor, Document::Node node) {
    if (failed()) return;
    // yaml-cpp takes the escapes \N and \_ for single bytes, which is not UTF-8.
    if (!IsUtf8(node.text)) return Fail(mark, "an escape that is not supported");
    if (AwaitsKey()) {
      if (node.kind == Document::Kind::kNull) return Fail(mark, "a key must be a text");
      if (anchor != 0) return Fail(mark, "an anchor on a key is not supported");
      return SetKey(mark, node.text);
    }
    const Document::NodeId id = Add(mark, std::move(node));
    if (anchor != 0) anchors_[anchor] = id;
    Attach(mark, id);
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            Document::Kind kind) {
    if (failed()) return;
    if (AwaitsKey()) return Fail(mark, "a key must be a text");
    if (!tag.empty() && tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:map" &&
        tag != "tag:yaml.org,2002:seq") {
      return Fail(mark, "tags are not supported");
    }
    if (open_.size() >= static_cast<size_t>(limits_.depth_max)) return FailDepth(mark);
    Document::Node node;
    node.kind = kind;
    OpenNode open;
    open.id = Add(mark, std::move(node));
    open.anchor = anchor;
    open_.push_back(std::move(open));
  }

  void Close() {
    if (failed()) return;
    const OpenNode closed = std::move(open_.back());
    open_.pop_back();
    sizes_[closed.id].height += 1;
    if (closed.anchor != 0) anchors_[closed.anchor] = closed.id;
    YAML::Mark mark;
    mark.line = document_.nodes_[closed.id].line - 1;
    Attach(mark, closed.id);
  }

  Document::NodeId Add(const YAML::Mark& mark, Document::Node node) {
    node.line = mark.line + 1;
    document_.nodes_.push_back(std::move(node));
    sizes_.emplace_back();
    if (document_.nodes_.size() > limits_.nodes_max) FailNodes(mark);
    return static_cast<Document::NodeId>(document_.nodes_.size() - 1);
  }

  // Makes a finished node the next value of its parent.
  void Attach(const YAML::Mark& mark, Document::NodeId id) {
    if (open_.empty()) {
      document_.root_ = id;
      return;
    }
    OpenNode& parent = open_.back();
    Document::Node& node = document_.nodes_[parent.id];
    node.items.push_back(id);
    if (node.kind == Document::Kind::kMap) {
      node.keys.push_back(*std::exchange(parent.key, std::nullopt));
      node.key_lines.push_back(parent.key_line);
    }
    sizes_[parent.id].height = std::max(sizes_[parent.id].height, sizes_[id].height);
    Count(mark, parent.id, sizes_[id].nodes);
  }

  void Count(const YAML::Mark& mark, Document::NodeId parent, size_t nodes) {
    sizes_[parent].nodes += nodes;
    if (sizes_[parent].nodes > limits_.nodes_max) FailNodes(mark);
  }
  void FailNodes(const YAML::Mark& mark) {
    Fail(mark, StrCat("more than ", limits_.nodes_max, " keys and values"));
  }

  const Document::Limits limits_;
  Document document_;
  std::vector<Size> sizes_;  // parallel to document_.nodes_
  std::vector<OpenNode> open_;
  absl::flat_hash_map<YAML::anchor_t, Document::NodeId> anchors_;  // of finished nodes
  bool document_begun_ = false;
  std::string error_;
  int error_line_ = 0;
};

namespace {

absl::Status ErrorAt(std::string_view file_name, int line, std::string_view message) {
  return absl::InvalidArgumentError(StrCat(file_name, ":", line, ": ", message));
}

// yaml-cpp guesses UTF-16 and -32, replaces what is not UTF-8, and takes a byte 4 for the end of
// the file; none of that should happen to a configuration.
absl::Status CheckText(std::string_view content, std::string_view file_name) {
  int line = 1;
  for (size_t i = 0; i < content.size();) {
    const auto c = static_cast<uint8_t>(content[i]);
    if (c == '\n') ++line;
    if (c < 0x20 && c != '\n' && c != '\r' && c != '\t') {
      return ErrorAt(file_name, line, "a control character; the file must be UTF-8 text");
    }
    const size_t length = Utf8Length(content.substr(i));
    if (length == 0) return ErrorAt(file_name, line, "not UTF-8");
    i += length;
  }
  return absl::OkStatus();
}

std::optional<uint32_t> HexEscape(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  uint32_t value = 0;
  for (const char c : text.substr(2, 4)) {
    const bool digit = c >= '0' && c <= '9';
    const bool lower = c >= 'a' && c <= 'f';
    const bool upper = c >= 'A' && c <= 'F';
    if (!digit && !lower && !upper) return std::nullopt;
    const int nibble = digit ? c - '0' : (lower ? c - 'a' : c - 'A') + 10;
    value = value * 16 + static_cast<uint32_t>(nibble);
  }
  return value;
}

// JSON writes characters beyond U+FFFF as two escapes (RFC 8259, section 7), which YAML does not
// know. `json` is valid JSON.
std::string JoinSurrogates(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (size_t i = 0; i < json.size();) {
    if (json[i] != '\\') {
      out.push_back(json[i++]);
      continue;
    }
    const auto high = HexEscape(json.substr(i));
    const auto low = high ? HexEscape(json.substr(i + 6)) : std::nullopt;
    if (high && low && *high >= 0xD800 && *high < 0xDC00 && *low >= 0xDC00 && *low < 0xE000) {
      const uint32_t c = 0x10000 + ((*high - 0xD800) << 10) + (*low - 0xDC00);
      out.push_back(static_cast<char>(0xF0 | (c >> 18)));
      out.push_back(static_cast<char>(0x80 | ((c >> 12) & 0x3F)));
      out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
      out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
      i += 12;
      continue;
    }
    out.append(json.substr(i, 2));  // whatever is escaped, a backslash not to be looked at again
    i += 2;
  }
  return out;
}

}  // namespace

absl::StatusOr<Document> Document::Parse(std::string_view content, std::string_view file_name,
                                         Limits limits) {
  if (content.size() > limits.bytes_max) {
    return absl::InvalidArgumentError(
        StrCat(file_name, ": larger than ", limits.bytes_max, " bytes"));
  }
  if (absl::Status status = CheckText(content, file_name); !status.ok()) return status;
  const bool is_json = nlohmann::json::accept(content.begin(), content.end());
  std::istringstream stream(is_json ? JoinSurrogates(content) : std::string(content));
  DocumentBuilder builder(limits);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
      if (builder.failed()) break;
    }
  } catch (const YAML::Exception& error) {
    if (!builder.failed()) {
      const bool star = error.msg.find("alias") != std::string::npos;
      return ErrorAt(file_name, error.mark.line + 1,
                     StrCat(error.msg, star ? "; a text that begins with * needs quotes" : ""));
    }
  }
  if (builder.failed()) return ErrorAt(file_name, builder.error_line(), builder.error());
  return builder.Take();
}

}  // namespace lmgate::importer

#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lmgate::importer {

// A YAML or JSON text as a tree with line numbers; JSON is read as the YAML that it is. Scalars
// keep their source text, so that `model: 4.10` is the text "4.10". Anchors and aliases are
// understood (an alias is a second way to the same node), merge keys and tags of one's own are not.
// A key in JSON is at most 1024 bytes long (yaml-cpp; YAML 1.2, 7.4.2).
class Document {
 public:
  using NodeId = uint32_t;

  enum class Kind { kNull, kScalar, kList, kMap };

  struct Node {
    Kind kind = Kind::kNull;
    bool quoted = false;            // scalar in quotes: a text, whatever it looks like
    int line = 0;                   // 1-based
    std::string text;               // scalar
    std::vector<NodeId> items;      // list entries, or map values
    std::vector<std::string> keys;  // map: keys[i] names items[i]; no two are equal
    std::vector<int> key_lines;
  };

  struct Limits {
    size_t bytes_max = 0;
    int depth_max = 0;
    size_t nodes_max = 0;  // keys count too; aliases count as what they stand for
  };

  // InvalidArgument with `file_name:line: ` in front for what is not UTF-8, not YAML, more than one
  // document, a key twice in one mapping, or over a limit.
  static absl::StatusOr<Document> Parse(std::string_view content, std::string_view file_name,
                                        Limits limits);

  const Node& root() const { return nodes_[root_]; }
  const Node& operator[](NodeId id) const { return nodes_[id]; }

 private:
  friend class DocumentBuilder;

  std::vector<Node> nodes_;
  NodeId root_ = 0;
};

}  // namespace lmgate::importer

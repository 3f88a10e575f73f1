#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/chat/chat_request.h"
#include "dataplane/chat/part.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// A client's list of content blocks. `field` is its path, "messages[0].content". What only Converse
// can say is added to `own_fields` by its path. A cachePoint marks the part before it.
absl::StatusOr<std::vector<chat::Part>> ReadConverseContent(const Json& content,
                                                            std::string_view field,
                                                            std::vector<std::string>* own_fields);

// The content of one request's messages. Not thread-safe.
class ConverseContentWriter {
 public:
  struct Options {
    std::string_view model;  // whose signatures go back
    bool sends_cache_points = false;
  };
  explicit ConverseContentWriter(const Options& options) : options_(options) {}

  // Appends the blocks of a turn's parts. InvalidArgument: a part that Converse cannot carry.
  absl::Status Write(const std::vector<chat::Part>& parts, Json* content);

 private:
  absl::Status WritePart(const chat::Part& part, Json* content);
  absl::StatusOr<Json> WriteMedia(const chat::Part& part);
  absl::StatusOr<Json> WriteResult(const chat::Part& part);
  void WriteReasoning(const chat::Part& part, Json* content) const;
  std::string NameDocument(std::string_view filename);

  Options options_;
  std::map<std::string, int> document_names_;  // how often each was asked for
};

// True for text that Converse takes: it refuses blank ones.
bool IsConverseText(std::string_view text);

}  // namespace lmgate::dialect

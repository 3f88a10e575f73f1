#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/message.h>

#include <string>
#include <string_view>

namespace lmgate::cli {

// Messages as the text that scripts read: proto3 JSON with the field names of the schema. 64-bit
// numbers are strings, durations "1.5s", times RFC 3339, as proto3 JSON has it.
enum class JsonFields {
  kSet,  // resources: what is not set is not shown
  kAll,  // reports: every plain field, zero or not
};
// Several lines, without a line end.
std::string JsonText(const google::protobuf::Message& message, JsonFields fields);
// One line.
std::string JsonLine(const google::protobuf::Message& message, JsonFields fields);

// The text as a JSON string, quotes included. Bytes that are not UTF-8 become '?'.
std::string JsonQuote(std::string_view text);

// Indents every line but the first by one space, for text that goes into an array or object.
std::string JsonNested(std::string_view json);

// The same data as block-style YAML, in the same order, ending with a line end; strings that YAML
// would read as something else are quoted.
std::string YamlFromJson(std::string_view json);

// The message as a line of JSON with every SECRET blanked, for --verbose: literals in `secret`,
// `api_key` and its like and header values become "***"; bytes (files, digests) are left out.
std::string MaskedLine(const google::protobuf::Message& message);

}  // namespace lmgate::cli

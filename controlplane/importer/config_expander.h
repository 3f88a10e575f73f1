#pragma once

#include <string>
#include <vector>

#include "controlplane/importer/document.h"

namespace lmgate::importer {

// One thing to say about a place in a file.
struct Finding {
  int line = 0;
  std::string path;     // as the user wrote it: routes[2].to[0].connection; empty = the file
  std::string message;  // "unknown field"
  std::string hint;     // `did you mean "connection"?`; empty = none
};

struct Expansion {
  std::string json;  // proto3 JSON of a v1::ConfigSet; meaningful without errors
  std::vector<Finding> errors;
  std::vector<Finding> warnings;
};

// The one step between what people write and proto3 JSON, driven by the descriptors of
// v1::ConfigSet. Field names are the proto's. The shorthands, all of them:
//
//   connections: {a: {…}, b: {…}}   for any list of messages with a name: [{name: a, …}, …]
//   model: "gpt-*"                  one value where a list may stand: ["gpt-*"]
//   to: openai.gpt-4.1              a target: {connection: openai, model: gpt-4.1}, first dot
//   auth: none                      or passthrough, credential: {mode: none}
//   idle: 90s                       500ms, 10s, 1m, 30d: a duration
//   dialect: claude                 the dialect anthropic
//   model: 4.10                     any scalar where a text stands: "4.10", as it is written
//   name of a route left out        its first model pattern
//   null                            the field is absent; as an entry of a map by name: {}
//
// `revision` and `order` are dropped: the control plane sets them. Reports everything that it
// finds, in the order of the file.
Expansion ExpandConfig(const Document& document);

}  // namespace lmgate::importer

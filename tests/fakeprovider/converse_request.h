#pragma once

#include <absl/status/statusor.h>
#include <simdjson.h>

#include <memory>

#include "tests/fakeprovider/prompt.h"

namespace lmgate::fakeprovider {

struct ConversePrompt {
  Prompt prompt;
  bool wants_stop_sequence = false;  // additionalModelResponseFieldPaths has /stop_sequence
  // Owns prompt.schema, which comes as text.
  std::unique_ptr<simdjson::dom::parser> schema_parser;
};

// Refuses (InvalidArgument) what the API refuses: AWS, API reference, "Converse", for a Claude
// model.
absl::StatusOr<ConversePrompt> ReadConversePrompt(const simdjson::dom::object& body);

}  // namespace lmgate::fakeprovider

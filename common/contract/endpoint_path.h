#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lmgate::contract {

// What a path of the traffic port asks for, as far as the gateway knows.
enum class Operation : uint8_t {
  kOther,        // passed through by its model, or to the group's default_connection
  kModels,       // the list of models, or one of them
  kGenerate,     // an answer of a model: to any dialect
  kCountTokens,  // of a request to generate
};

// A path of the traffic port, taken apart. The data plane serves by it and `lmctl routes test`
// explains by it, so that the two cannot disagree. Views into the path, but for the dialect.
struct EndpointPath {
  std::string_view prefix;  // before /v1, as "/team-a"; empty = none
  // What stands behind a connection's base URL: what follows /v1 or /v1beta, as
  // "/chat/completions", or all of Bedrock's, which has no version. "/" at least.
  std::string_view rest;
  // What the caller of a path speaks that the gateway knows by name; empty = any other path, whose
  // bytes are passed through.
  std::string_view dialect;
  Operation operation = Operation::kOther;
  std::string_view model;  // within rest, as the client encoded it; empty = not in the path
  bool stream = false;     // the path asks for a stream
  bool invoke = false;     // Bedrock's InvokeModel: the model's own JSON
};

// `path`: without the query. `prefixes`: those that some route names, longest first. nullopt = not
// a path of an API, not even after a prefix. Does not allocate.
std::optional<EndpointPath> SplitEndpointPath(std::string_view path,
                                              std::span<const std::string> prefixes);

}  // namespace lmgate::contract

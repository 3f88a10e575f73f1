#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lmgate::contract {

// A path of the traffic port, taken apart. The data plane serves by it and `lmctl routes test`
// explains by it, so that the two cannot disagree. Views into the path, but for the dialect.
struct EndpointPath {
  std::string_view prefix;  // before /v1, as "/team-a"; empty = none
  std::string_view rest;    // what follows /v1, as "/chat/completions"; "/" at least
  // What the caller of a path speaks that the gateway knows by name; empty = any other path, whose
  // bytes are passed through.
  std::string_view dialect;
};

// `path`: without the query. `prefixes`: those that some route names, longest first. nullopt = not
// under /v1/, not even after a prefix. Does not allocate.
std::optional<EndpointPath> SplitEndpointPath(std::string_view path,
                                              std::span<const std::string> prefixes);

}  // namespace lmgate::contract

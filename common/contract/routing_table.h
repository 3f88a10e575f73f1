#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>
#include <absl/types/span.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/contract/error_code.h"
#include "common/contract/model_pattern.h"
#include "common/contract/system_edits.h"
#include "lmgate/v1/config.pb.h"

namespace lmgate::contract {

// Routes and groups, compiled: which rule matches a request, and what its key may use. The data
// plane decides by it and `lmctl routes test` explains by it, so that the two cannot disagree.
// Immutable, thread-safe; Decide does not allocate.
class RoutingTable {
 public:
  enum class Strategy { kFirst, kFallback, kRandom, kWeighted, kRoundRobin };

  struct Target {
    uint32_t connection = 0;  // index into connection_names()
    std::string model;        // empty = the client's, after strip_prefix
    uint32_t weight = 1;
  };

  struct Route {
    std::string name;
    std::vector<ModelPattern> models;
    std::string path_prefix;
    std::string dialect;
    std::string group;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::vector<Target> targets;                               // never empty
    Strategy strategy = Strategy::kFirst;
    std::vector<std::string> forward_headers;  // lower case
    std::string strip_prefix;
    std::optional<SystemEdits> system_edits;  // nullopt = none that does anything
  };

  struct Group {
    std::string name;
    bool all_connections = false;
    std::vector<bool> connections;  // by connection index
    bool all_models = true;         // no list given
    std::vector<ModelPattern> models;
    std::optional<uint32_t> default_connection;

    bool AllowsConnection(uint32_t connection) const {
      return all_connections || connections[connection];
    }
  };

  struct Query {
    std::string_view model;
    std::string_view path_prefix;  // as "/team-a"; empty = none
    std::string_view dialect;
    // Value of a request header by lower-case name; nullopt = not sent.
    absl::FunctionRef<std::optional<std::string_view>(std::string_view)> header;
  };

  // Why a route does not match; kNone = it does.
  enum class Mismatch { kNone, kModel, kPathPrefix, kDialect, kGroup, kHeader };

  struct Decision {
    ErrorCode code =
        ErrorCode::kOk;            // kOk, kModelNotFound, kModelNotAllowed, kConnectionNotAllowed
    const Route* route = nullptr;  // set unless kModelNotFound or kModelNotAllowed
  };

  // An empty table. `config` must have passed CheckConfig; routes are taken in their `order`.
  RoutingTable() = default;
  static absl::StatusOr<RoutingTable> Create(const v1::ConfigSet& config);

  // First match. `key_models`: the key's own list; empty = no restriction beyond the group's.
  // kOk means that at least one target is allowed; the others are to be skipped.
  Decision Decide(const Query& query, const Group& group,
                  absl::Span<const ModelPattern> key_models) const;

  static Mismatch Test(const Route& route, const Query& query, std::string_view group);
  // "its model patterns do not match", as a person reads it.
  static std::string_view MismatchText(Mismatch mismatch);

  // True when the group's list, and the key's own, admit the client's model name.
  static bool AllowsModel(const Group& group, absl::Span<const ModelPattern> key_models,
                          std::string_view model);

  // The model that `target` is asked for: its own, or the client's without strip_prefix.
  static std::string_view UpstreamModel(const Route& route, const Target& target,
                                        std::string_view model);

  // Null = no such group.
  const Group* FindGroup(std::string_view name) const;

  const std::vector<Route>& routes() const { return routes_; }
  const std::vector<Group>& groups() const { return groups_; }
  // In the order of config.connections.
  const std::vector<std::string>& connection_names() const { return connection_names_; }
  // Prefixes that some route names, longest first: to take one off a request's path.
  const std::vector<std::string>& path_prefixes() const { return path_prefixes_; }

 private:
  void AddRoute(Route route);
  // The first that matches, or null.
  const Route* FindRoute(const Query& query, std::string_view group) const;

  std::vector<Route> routes_;
  // Indexes into routes_, ascending: by each exact pattern, and those with any other pattern. A
  // request looks only at the routes of its model and at the wildcards.
  absl::flat_hash_map<std::string, std::vector<uint32_t>> exact_routes_;
  std::vector<uint32_t> wildcard_routes_;
  std::vector<Group> groups_;
  absl::flat_hash_map<std::string, size_t> group_index_;
  std::vector<std::string> connection_names_;
  std::vector<std::string> path_prefixes_;
};

}  // namespace lmgate::contract

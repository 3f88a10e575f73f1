#include "common/contract/routing_table.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <numeric>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/field_error.h"

namespace lmgate::contract {
namespace {

using ConnectionIndex = absl::flat_hash_map<std::string, uint32_t>;

std::string LowerCase(std::string_view text) { return absl::AsciiStrToLower(ToAbsl(text)); }

template <typename Patterns>
absl::StatusOr<std::vector<ModelPattern>> CompilePatterns(const Patterns& texts) {
  std::vector<ModelPattern> patterns;
  patterns.reserve(static_cast<size_t>(texts.size()));
  for (const std::string& text : texts) {
    LMGATE_ASSIGN_OR_RETURN(ModelPattern pattern, ModelPattern::Create(text));
    patterns.push_back(std::move(pattern));
  }
  return patterns;
}

bool MatchesAny(absl::Span<const ModelPattern> patterns, std::string_view model) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [model](const ModelPattern& pattern) { return pattern.Matches(model); });
}

absl::StatusOr<uint32_t> FindConnection(const ConnectionIndex& index, const std::string& name) {
  const auto found = index.find(name);
  if (found == index.end()) {
    return absl::InvalidArgumentError(StrCat("connection ", Quoted(name), " does not exist"));
  }
  return found->second;
}

absl::StatusOr<RoutingTable::Strategy> ParseStrategy(std::string_view word) {
  using Strategy = RoutingTable::Strategy;
  if (word.empty() || word == "first") return Strategy::kFirst;
  if (word == "fallback") return Strategy::kFallback;
  if (word == "random") return Strategy::kRandom;
  if (word == "weighted") return Strategy::kWeighted;
  if (word == "round-robin") return Strategy::kRoundRobin;
  return absl::InvalidArgumentError(StrCat("strategy ", Quoted(word), " does not exist"));
}

absl::StatusOr<RoutingTable::Route> CompileRoute(const v1::Route& route,
                                                 const ConnectionIndex& connections) {
  RoutingTable::Route compiled;
  compiled.name = route.name();
  LMGATE_ASSIGN_OR_RETURN(compiled.models, CompilePatterns(route.model()));
  compiled.path_prefix = route.path_prefix();
  compiled.dialect = route.dialect();
  compiled.group = route.group();
  for (const auto& [name, value] : route.headers()) {
    compiled.headers.emplace_back(LowerCase(name), value);
  }
  std::sort(compiled.headers.begin(), compiled.headers.end());
  for (const v1::Target& target : route.to()) {
    LMGATE_ASSIGN_OR_RETURN(const uint32_t connection,
                            FindConnection(connections, target.connection()));
    compiled.targets.push_back({.connection = connection,
                                .model = target.model() == "*" ? "" : target.model(),
                                .weight = target.weight() == 0 ? 1 : target.weight()});
  }
  if (compiled.targets.empty()) return absl::InvalidArgumentError("there is no target");
  LMGATE_ASSIGN_OR_RETURN(compiled.strategy, ParseStrategy(route.strategy()));
  for (const std::string& name : route.forward_headers()) {
    compiled.forward_headers.push_back(LowerCase(name));
  }
  compiled.strip_prefix = route.strip_prefix();
  compiled.system_edits = CompileSystemEdits(route.system());
  return compiled;
}

absl::StatusOr<RoutingTable::Group> CompileGroup(const v1::Group& group,
                                                 const ConnectionIndex& connections) {
  RoutingTable::Group compiled;
  compiled.name = group.name();
  compiled.connections.resize(connections.size());
  for (const std::string& name : group.connections()) {
    if (name == "*") {
      compiled.all_connections = true;
      continue;
    }
    LMGATE_ASSIGN_OR_RETURN(const uint32_t connection, FindConnection(connections, name));
    compiled.connections[connection] = true;
  }
  compiled.all_models = group.models().empty();
  LMGATE_ASSIGN_OR_RETURN(compiled.models, CompilePatterns(group.models()));
  if (!group.default_connection().empty()) {
    LMGATE_ASSIGN_OR_RETURN(compiled.default_connection,
                            FindConnection(connections, group.default_connection()));
  }
  return compiled;
}

}  // namespace

absl::StatusOr<RoutingTable> RoutingTable::Create(const v1::ConfigSet& config) {
  RoutingTable table;
  ConnectionIndex connections;
  for (const v1::Connection& connection : config.connections()) {
    connections.emplace(connection.name(), static_cast<uint32_t>(table.connection_names_.size()));
    table.connection_names_.push_back(connection.name());
  }

  std::vector<const v1::Route*> ordered;
  for (const v1::Route& route : config.routes()) ordered.push_back(&route);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const v1::Route* a, const v1::Route* b) { return a->order() < b->order(); });
  for (const v1::Route* route : ordered) {
    auto compiled = CompileRoute(*route, connections);
    if (!compiled.ok()) {
      return InParent(StrCat("routes[", Quoted(route->name()), "]"), compiled.status());
    }
    table.AddRoute(*std::move(compiled));
  }

  for (const v1::Group& group : config.groups()) {
    auto compiled = CompileGroup(group, connections);
    if (!compiled.ok()) {
      return InParent(StrCat("groups[", Quoted(group.name()), "]"), compiled.status());
    }
    table.group_index_.emplace(group.name(), table.groups_.size());
    table.groups_.push_back(*std::move(compiled));
  }

  std::sort(table.path_prefixes_.begin(), table.path_prefixes_.end(),
            [](const std::string& a, const std::string& b) {
              return a.size() != b.size() ? a.size() > b.size() : a < b;
            });
  return table;
}

void RoutingTable::AddRoute(Route route) {
  const auto index = static_cast<uint32_t>(routes_.size());
  bool has_wildcard = false;
  for (const ModelPattern& pattern : route.models) {
    if (!pattern.is_exact()) {
      has_wildcard = true;
      continue;
    }
    std::vector<uint32_t>& same = exact_routes_[pattern.text()];
    if (same.empty() || same.back() != index) same.push_back(index);
  }
  if (has_wildcard) wildcard_routes_.push_back(index);
  if (!route.path_prefix.empty() && std::find(path_prefixes_.begin(), path_prefixes_.end(),
                                              route.path_prefix) == path_prefixes_.end()) {
    path_prefixes_.push_back(route.path_prefix);
  }
  routes_.push_back(std::move(route));
}

const RoutingTable::Route* RoutingTable::FindRoute(const Query& query,
                                                   std::string_view group) const {
  // Routes that name the model and routes with wildcards, merged in the order of the table.
  absl::Span<const uint32_t> exact;
  if (const auto found = exact_routes_.find(ToAbsl(query.model)); found != exact_routes_.end()) {
    exact = found->second;
  }
  absl::Span<const uint32_t> wildcard = wildcard_routes_;
  while (!exact.empty() || !wildcard.empty()) {
    const bool take_exact =
        wildcard.empty() || (!exact.empty() && exact.front() <= wildcard.front());
    absl::Span<const uint32_t>& from = take_exact ? exact : wildcard;
    const Route& route = routes_[from.front()];
    from.remove_prefix(1);
    if (Test(route, query, group) == Mismatch::kNone) return &route;
  }
  return nullptr;
}

RoutingTable::Decision RoutingTable::Decide(const Query& query, const Group& group,
                                            absl::Span<const ModelPattern> key_models) const {
  if (!AllowsModel(group, key_models, query.model)) return {.code = ErrorCode::kModelNotAllowed};
  const Route* const route = FindRoute(query, group.name);
  if (route == nullptr) return {.code = ErrorCode::kModelNotFound};
  const bool allowed = std::any_of(
      route->targets.begin(), route->targets.end(),
      [&group](const Target& target) { return group.AllowsConnection(target.connection); });
  return {.code = allowed ? ErrorCode::kOk : ErrorCode::kConnectionNotAllowed, .route = route};
}

RoutingTable::Mismatch RoutingTable::Test(const Route& route, const Query& query,
                                          std::string_view group) {
  if (!MatchesAny(route.models, query.model)) return Mismatch::kModel;
  if (route.path_prefix != query.path_prefix) return Mismatch::kPathPrefix;
  if (!route.dialect.empty() && route.dialect != query.dialect) return Mismatch::kDialect;
  if (!route.group.empty() && route.group != group) return Mismatch::kGroup;
  for (const auto& [name, value] : route.headers) {
    if (query.header(name) != value) return Mismatch::kHeader;
  }
  return Mismatch::kNone;
}

std::string_view RoutingTable::MismatchText(Mismatch mismatch) {
  switch (mismatch) {
    case Mismatch::kNone:
      return "it matches";
    case Mismatch::kModel:
      return "its model patterns do not match";
    case Mismatch::kPathPrefix:
      return "it is for another path prefix";
    case Mismatch::kDialect:
      return "it is for another dialect";
    case Mismatch::kGroup:
      return "it is for another group";
    case Mismatch::kHeader:
      return "a header that it asks for is missing or different";
  }
  return "";
}

bool RoutingTable::AllowsModel(const Group& group, absl::Span<const ModelPattern> key_models,
                               std::string_view model) {
  return (group.all_models || MatchesAny(group.models, model)) &&
         (key_models.empty() || MatchesAny(key_models, model));
}

std::string_view RoutingTable::UpstreamModel(const Route& route, const Target& target,
                                             std::string_view model) {
  if (!target.model.empty()) return target.model;
  // A model that is nothing but the prefix stays: no provider knows a model without a name.
  const bool strip =
      model.size() > route.strip_prefix.size() && model.starts_with(route.strip_prefix);
  return strip ? model.substr(route.strip_prefix.size()) : model;
}

const RoutingTable::Group* RoutingTable::FindGroup(std::string_view name) const {
  const auto found = group_index_.find(ToAbsl(name));
  return found == group_index_.end() ? nullptr : &groups_[found->second];
}

}  // namespace lmgate::contract

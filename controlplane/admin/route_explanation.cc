#include "controlplane/admin/route_explanation.h"

#include <absl/container/flat_hash_map.h>
#include <absl/strings/ascii.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/endpoint_path.h"
#include "common/contract/error_code.h"
#include "common/contract/field_error.h"
#include "common/contract/model_pattern.h"
#include "common/contract/provider_preset.h"
#include "common/contract/routing_table.h"

namespace lmgate::admin {
namespace {

using contract::ErrorCode;
using contract::Quoted;
using contract::RoutingTable;

constexpr std::string_view kPathByDefault = "/v1/chat/completions";

// kOk, or why the data plane refuses the key itself.
ErrorCode StateOf(const v1::Key& key, absl::Time now) {
  if (key.state() == "revoked") return ErrorCode::kKeyRevoked;
  if (key.state() == "blocked") return ErrorCode::kKeyBlocked;
  const int64_t now_nanos = absl::ToUnixNanos(now);
  if (key.has_expires_at() &&
      google::protobuf::util::TimeUtil::TimestampToNanoseconds(key.expires_at()) <= now_nanos) {
    return ErrorCode::kKeyExpired;
  }
  return ErrorCode::kOk;
}

std::string_view StrategyName(RoutingTable::Strategy strategy) {
  switch (strategy) {
    case RoutingTable::Strategy::kFirst:
      return "first";
    case RoutingTable::Strategy::kFallback:
      return "fallback";
    case RoutingTable::Strategy::kRandom:
      return "random";
    case RoutingTable::Strategy::kWeighted:
      return "weighted";
    case RoutingTable::Strategy::kRoundRobin:
      return "round-robin";
  }
  return "";
}

// What a key is granted, by name or none in particular.
struct Grant {
  RoutingTable::Group everything{.name = "",
                                 .all_connections = true,
                                 .connections = {},
                                 .all_models = true,
                                 .models = {},
                                 .default_connection = std::nullopt};
  const RoutingTable::Group* group = nullptr;  // null = everything
  std::vector<contract::ModelPattern> key_models;

  const RoutingTable::Group& Group() const { return group == nullptr ? everything : *group; }
};

absl::StatusOr<Grant> FindGrant(const RoutingTable& table, const v1::TestRouteRequest& request,
                                const v1::Key* key) {
  Grant grant;
  const std::string& name = key == nullptr ? request.group() : key->group();
  if (!name.empty()) {
    grant.group = table.FindGroup(name);
    if (grant.group == nullptr) {
      std::vector<std::string_view> names;
      for (const auto& known : table.groups()) names.push_back(known.name);
      return WithFieldHint(
          absl::NotFoundError(StrCat("group ", Quoted(name), " does not exist")),
          {.field = "group", .hint = contract::DidYouMean(NearestWord(name, names))});
    }
  }
  if (key == nullptr) return grant;
  for (const std::string& text : key->models()) {
    LMGATE_ASSIGN_OR_RETURN(auto pattern, contract::ModelPattern::Create(text));
    grant.key_models.push_back(std::move(pattern));
  }
  return grant;
}

// What the data plane does with a request for a connection.
struct Handling {
  std::string_view word;  // TestedTarget.handling; empty = nothing can be done
  std::string dialect;    // TestedTarget.dialect
};

Handling FindHandling(const v1::Connection& connection, const contract::EndpointPath& parts) {
  const auto effective = contract::ResolveConnection(connection);
  if (!effective.ok() || parts.dialect.empty() || effective->Speaks(parts.dialect)) {
    return {.word = "passed", .dialect = std::string(parts.dialect)};
  }
  switch (parts.operation) {
    case contract::Operation::kGenerate:
      return {.word = "translated", .dialect = effective->dialect};
    case contract::Operation::kCountTokens:
      return {.word = "counted", .dialect = {}};
    default:
      return {.word = {}, .dialect = effective->dialect};
  }
}

// Empty = the target can be used.
std::string WhyNot(const RoutingTable::Target& target, const std::string& connection,
                   const RoutingTable::Group& group, const Handling& handling,
                   std::string_view dialect) {
  if (!group.AllowsConnection(target.connection)) {
    return StrCat("group ", Quoted(group.name), " may not use connection ", Quoted(connection));
  }
  if (handling.word.empty()) {
    return StrCat("it speaks ", handling.dialect, ", the request ", dialect);
  }
  return "";
}

std::string MessageOf(ErrorCode code, const v1::TestRouteReply& reply, std::string_view model) {
  const std::string quoted = Quoted(model);
  switch (code) {
    case ErrorCode::kOk:
      return StrCat("route ", Quoted(reply.route()), " takes model ", quoted);
    case ErrorCode::kModelNotFound:
      return StrCat("no route matches model ", quoted);
    case ErrorCode::kModelNotAllowed:
      return StrCat("the model list of the group or of the key does not admit ", quoted);
    case ErrorCode::kConnectionNotAllowed:
      return StrCat("route ", Quoted(reply.route()),
                    " leads only to connections that the group may not use");
    case ErrorCode::kDialectUnsupported:
      return StrCat("route ", Quoted(reply.route()),
                    " leads only to connections of another dialect");
    case ErrorCode::kKeyBlocked:
      return "the key is blocked";
    case ErrorCode::kKeyExpired:
      return "the key has expired";
    case ErrorCode::kKeyRevoked:
      return "the key is revoked";
    case ErrorCode::kServiceDisabled:
      return "the service is disabled by settings.enabled";
    default:
      return std::string(contract::ErrorCodeName(code));
  }
}

void AddTargets(const RoutingTable::Route& route, const RoutingTable& table,
                const v1::ConfigSet& config, const RoutingTable::Group& group,
                const contract::EndpointPath& parts, std::string_view model,
                v1::TestRouteReply* reply) {
  for (const RoutingTable::Target& target : route.targets) {
    // connection_names() has the order of config.connections.
    const Handling handling =
        FindHandling(config.connections(static_cast<int>(target.connection)), parts);
    v1::TestedTarget* tested = reply->add_targets();
    tested->set_connection(table.connection_names()[target.connection]);
    tested->set_model(std::string(RoutingTable::UpstreamModel(route, target, model)));
    tested->set_reason(WhyNot(target, tested->connection(), group, handling, parts.dialect));
    tested->set_allowed(tested->reason().empty());
    tested->set_dialect(handling.dialect);
    if (tested->allowed()) tested->set_handling(std::string(handling.word));
  }
}

}  // namespace

absl::StatusOr<v1::TestRouteReply> ExplainRoute(const v1::ConfigSet& config,
                                                const v1::TestRouteRequest& request,
                                                const v1::Key* key, absl::Time now) {
  LMGATE_ASSIGN_OR_RETURN(const RoutingTable table, RoutingTable::Create(config));
  LMGATE_ASSIGN_OR_RETURN(const Grant grant, FindGrant(table, request, key));
  const std::string path = request.path().empty() ? std::string(kPathByDefault) : request.path();
  const auto parts =
      contract::SplitEndpointPath(path, table.path_prefixes()).value_or(contract::EndpointPath());
  absl::flat_hash_map<std::string, std::string> headers;
  for (const auto& [name, value] : request.headers()) {
    headers[absl::AsciiStrToLower(name)] = value;
  }
  const auto header = [&](std::string_view name) -> std::optional<std::string_view> {
    const auto found = headers.find(ToAbsl(name));
    if (found == headers.end()) return std::nullopt;
    return found->second;
  };
  const RoutingTable::Query query{.model = request.model(),
                                  .path_prefix = parts.prefix,
                                  .dialect = parts.dialect,
                                  .header = header};

  const RoutingTable::Decision decision = table.Decide(query, grant.Group(), grant.key_models);
  v1::TestRouteReply reply;
  reply.set_dialect(std::string(parts.dialect));
  ErrorCode code = decision.code;
  for (const RoutingTable::Route& route : table.routes()) {
    if (&route == decision.route) break;
    const auto mismatch = RoutingTable::Test(route, query, grant.Group().name);
    if (mismatch == RoutingTable::Mismatch::kNone) break;
    v1::SkippedRoute* skipped = reply.add_skipped();
    skipped->set_route(route.name);
    skipped->set_reason(std::string(RoutingTable::MismatchText(mismatch)));
  }
  if (decision.route != nullptr) {
    reply.set_route(decision.route->name);
    reply.set_strategy(std::string(StrategyName(decision.route->strategy)));
    AddTargets(*decision.route, table, config, grant.Group(), parts, request.model(), &reply);
    const auto usable = [](const v1::TestedTarget& target) { return target.allowed(); };
    if (code == ErrorCode::kOk &&
        std::none_of(reply.targets().begin(), reply.targets().end(), usable)) {
      code = ErrorCode::kDialectUnsupported;
    }
  }
  // What the data plane looks at before it looks at any route.
  if (key != nullptr && StateOf(*key, now) != ErrorCode::kOk) code = StateOf(*key, now);
  if (config.settings().has_enabled() && !config.settings().enabled()) {
    code = ErrorCode::kServiceDisabled;
  }
  reply.set_code(std::string(contract::ErrorCodeName(code)));
  reply.set_message(MessageOf(code, reply, request.model()));
  return reply;
}

}  // namespace lmgate::admin

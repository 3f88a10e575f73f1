#include "dataplane/gateway/models_handler.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "common/base/strings.h"

namespace lmgate::gateway {
namespace {

using contract::RoutingTable;

// The first target that the group may use owns the model; null = none.
const std::string* OwnerOf(const RoutingTable& table, const RoutingTable::Route& route,
                           const RoutingTable::Group& group) {
  for (const RoutingTable::Target& target : route.targets) {
    if (group.AllowsConnection(target.connection)) {
      return &table.connection_names()[target.connection];
    }
  }
  return nullptr;
}

// The shape of OpenAI's model object, with the route's model_info over it.
std::string ModelObject(std::string_view id, const std::string& owner,
                        const google::protobuf::Struct& model_info) {
  google::protobuf::Struct object;
  auto& fields = *object.mutable_fields();
  fields["id"].set_string_value(std::string(id));
  fields["object"].set_string_value("model");
  fields["created"].set_number_value(0);
  fields["owned_by"].set_string_value(owner);
  for (const auto& [name, value] : model_info.fields()) fields[name] = value;
  std::string text;
  // A Struct always has a JSON form; NaN is refused when the route is checked.
  if (!google::protobuf::util::MessageToJsonString(object, &text).ok()) text = "{}";
  return text;
}

bool IsWildcard(const contract::ModelPattern& pattern) { return !pattern.is_exact(); }

}  // namespace

std::string ListModelsBody(const snapshot::Snapshot& snapshot, const RoutingTable::Group& group,
                           const snapshot::KeyRecord& key, std::string_view path_prefix) {
  const RoutingTable& table = snapshot.routing();
  const bool wildcards = snapshot.settings().model_listing_mode() != "ignore_wildcards";
  std::string body = "{\"object\":\"list\",\"data\":[";
  bool first = true;
  for (size_t i = 0; i < table.routes().size(); ++i) {
    const RoutingTable::Route& route = table.routes()[i];
    if (route.path_prefix != path_prefix) continue;
    if (!route.group.empty() && route.group != group.name) continue;
    const std::string* owner = OwnerOf(table, route, group);
    if (owner == nullptr) continue;
    for (const contract::ModelPattern& pattern : route.models) {
      if (IsWildcard(pattern) ? !wildcards
                              : !RoutingTable::AllowsModel(group, key.models(), pattern.text())) {
        continue;
      }
      if (!first) body.push_back(',');
      first = false;
      body += ModelObject(pattern.text(), *owner, snapshot.routes()[i].model_info());
    }
  }
  body += "]}";
  return body;
}

std::optional<std::string> GetModelBody(const snapshot::Snapshot& snapshot,
                                        const RoutingTable::Group& group,
                                        const snapshot::KeyRecord& key,
                                        const RoutingTable::Query& query) {
  const RoutingTable& table = snapshot.routing();
  const RoutingTable::Decision decision = table.Decide(query, group, key.models());
  if (decision.code != contract::ErrorCode::kOk) return std::nullopt;
  const std::string* owner = OwnerOf(table, *decision.route, group);
  if (owner == nullptr) return std::nullopt;
  const auto index = static_cast<size_t>(decision.route - table.routes().data());
  return ModelObject(query.model, *owner, snapshot.routes()[index].model_info());
}

}  // namespace lmgate::gateway

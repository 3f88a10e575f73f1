#include "dataplane/gateway/models_handler.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "common/base/strings.h"
#include "dataplane/http1/request_scan.h"

namespace lmgate::gateway {
namespace {

using contract::RoutingTable;
using dialect::ErrorShape;

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

// One entry, with the route's model_info over it, as the SDK of `shape` reads it (translation.md
// 14).
std::string ModelObject(ErrorShape shape, std::string_view id, const std::string& owner,
                        const google::protobuf::Struct& model_info) {
  google::protobuf::Struct object;
  auto& fields = *object.mutable_fields();
  const auto set = [&fields](const char* name, std::string_view value) {
    fields[name].set_string_value(std::string(value));
  };
  switch (shape) {
    case ErrorShape::kAnthropic:
      set("type", "model");
      set("id", id);
      set("display_name", id);
      set("created_at", "1970-01-01T00:00:00Z");
      break;
    case ErrorShape::kGemini:
      set("name", StrCat("models/", id));
      set("displayName", id);
      for (const char* method : {"generateContent", "streamGenerateContent", "countTokens"}) {
        fields["supportedGenerationMethods"].mutable_list_value()->add_values()->set_string_value(
            method);
      }
      break;
    default:
      set("id", id);
      set("object", "model");
      fields["created"].set_number_value(0);
      set("owned_by", owner);
  }
  for (const auto& [name, value] : model_info.fields()) fields[name] = value;
  std::string text;
  // A Struct always has a JSON form; NaN is refused when the route is checked.
  if (!google::protobuf::util::MessageToJsonString(object, &text).ok()) text = "{}";
  return text;
}

void AppendIdOrNull(std::string_view id, std::string* out) {
  if (id.empty()) {
    *out += "null";
  } else {
    http1::AppendJsonString(out, id);
  }
}

bool IsWildcard(const contract::ModelPattern& pattern) { return !pattern.is_exact(); }

}  // namespace

std::string ListModelsBody(ErrorShape shape, const snapshot::Snapshot& snapshot,
                           const RoutingTable::Group& group, const snapshot::KeyRecord& key,
                           std::string_view path_prefix) {
  const RoutingTable& table = snapshot.routing();
  const bool wildcards = snapshot.settings().model_listing_mode() != "ignore_wildcards";
  std::string body;
  std::string_view first_id;
  std::string_view last_id;
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
      if (!body.empty()) body.push_back(',');
      if (first_id.empty()) first_id = pattern.text();
      last_id = pattern.text();
      body += ModelObject(shape, pattern.text(), *owner, snapshot.routes()[i].model_info());
    }
  }
  if (shape == ErrorShape::kGemini) return StrCat("{\"models\":[", body, "]}");
  if (shape != ErrorShape::kAnthropic) return StrCat("{\"object\":\"list\",\"data\":[", body, "]}");
  std::string list = StrCat("{\"data\":[", body, "],\"has_more\":false,\"first_id\":");
  AppendIdOrNull(first_id, &list);
  list += ",\"last_id\":";
  AppendIdOrNull(last_id, &list);
  list += "}";
  return list;
}

std::optional<std::string> GetModelBody(ErrorShape shape, const snapshot::Snapshot& snapshot,
                                        const RoutingTable::Group& group,
                                        const snapshot::KeyRecord& key,
                                        const RoutingTable::Query& query) {
  const RoutingTable& table = snapshot.routing();
  const RoutingTable::Decision decision = table.Decide(query, group, key.models());
  if (decision.code != contract::ErrorCode::kOk) return std::nullopt;
  const std::string* owner = OwnerOf(table, *decision.route, group);
  if (owner == nullptr) return std::nullopt;
  const auto index = static_cast<size_t>(decision.route - table.routes().data());
  return ModelObject(shape, query.model, *owner, snapshot.routes()[index].model_info());
}

}  // namespace lmgate::gateway

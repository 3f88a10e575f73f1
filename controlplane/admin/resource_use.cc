#include "controlplane/admin/resource_use.h"

#include <absl/strings/str_join.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "common/contract/field_error.h"
#include "common/contract/resource.h"

namespace lmgate::admin {
namespace {

// As many users as a message names.
constexpr size_t kNamedMax = 5;

bool Uses(const v1::Route& route, v1::ResourceKind kind, std::string_view name) {
  if (kind == v1::RESOURCE_KIND_GROUP) return route.group() == name;
  return std::any_of(route.to().begin(), route.to().end(),
                     [&](const v1::Target& target) { return target.connection() == name; });
}

bool Uses(const v1::Group& group, v1::ResourceKind kind, std::string_view name) {
  if (kind != v1::RESOURCE_KIND_CONNECTION) return false;
  const auto& connections = group.connections();
  return group.default_connection() == name ||
         std::find(connections.begin(), connections.end(), name) != connections.end();
}

template <typename Resources>
std::vector<std::string> UsersAmong(const Resources& resources, v1::ResourceKind kind,
                                    std::string_view name) {
  std::vector<std::string> users;
  for (const auto& resource : resources) {
    if (Uses(resource, kind, name)) users.push_back(contract::Quoted(resource.name()));
  }
  return users;
}

// `routes "a", "b"`, or empty when there are none.
std::string ListUsers(std::string_view kind, std::vector<std::string> users) {
  if (users.empty()) return "";
  const size_t count = users.size();
  std::string more;
  if (count > kNamedMax) {
    users.resize(kNamedMax);
    more = StrCat(" and ", count - kNamedMax, " more");
  }
  return StrCat(kind, count == 1 ? " " : "s ", absl::StrJoin(users, ", "), more);
}

}  // namespace

absl::Status CheckUnused(const v1::ConfigSet& config, v1::ResourceKind kind,
                         std::string_view name) {
  if (kind != v1::RESOURCE_KIND_CONNECTION && kind != v1::RESOURCE_KIND_GROUP) {
    return absl::OkStatus();
  }
  const std::string routes = ListUsers("route", UsersAmong(config.routes(), kind, name));
  const std::string groups = ListUsers("group", UsersAmong(config.groups(), kind, name));
  if (routes.empty() && groups.empty()) return absl::OkStatus();
  return WithFieldHint(absl::FailedPreconditionError(StrCat(
                           contract::KindName(kind), " ", contract::Quoted(name), " is used by ",
                           routes, routes.empty() || groups.empty() ? "" : " and by ", groups)),
                       {.field = "name", .hint = "remove it there first"});
}

}  // namespace lmgate::admin

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/contract/resource.h"
#include "common/contract/snapshot_state.h"
#include "lmgate/v1/resources.pb.h"
#include "lmgate/v1/snapshot.pb.h"

// The smallest lawful resources of each kind.
namespace lmgate::storage {

inline v1::Connection TestConnection(const std::string& name, const std::string& api_key) {
  v1::Connection connection;
  connection.set_name(name);
  connection.set_dialect("openai-chat");
  connection.set_base_url("http://127.0.0.1:1/v1");
  connection.set_api_key(api_key);
  return connection;
}

inline v1::Group TestGroup(const std::string& name) {
  v1::Group group;
  group.set_name(name);
  group.add_connections("*");
  return group;
}

inline v1::Route TestRoute(const std::string& model, const std::string& connection, int64_t order) {
  v1::Route route;
  route.set_name(model);
  route.set_order(order);
  route.add_model(model);
  route.add_to()->set_connection(connection);
  return route;
}

// `id`: at most 12 letters and digits, filled up with zeros. `digest` is filled up likewise.
inline v1::Key TestKey(std::string id, const std::string& name, const std::string& group,
                       std::string digest) {
  id.resize(12, '0');
  digest.resize(32, '-');
  v1::Key key;
  key.set_id(id);
  key.set_name(name);
  key.set_group(group);
  key.set_state("active");
  key.set_digest(digest);
  key.mutable_created_at()->set_seconds(1'700'000'000);
  return key;
}

// Creates the resource, or overwrites what `current` has of its kind and name.
inline v1::ResourceChange Put(const contract::SnapshotState& current, const v1::Resource& after) {
  return contract::MakeChange(current.Find(contract::KindOf(after), contract::NameOf(after)).get(),
                              &after);
}

}  // namespace lmgate::storage

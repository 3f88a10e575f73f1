#include "tests/support/snapshot_source.h"

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/contract/key_token.h"
#include "common/contract/resource.h"

namespace lmgate::testing {

SnapshotSource::SnapshotSource() : state_(std::string(kLineage), std::string(kPepper)) {}

v1::SnapshotDelta SnapshotSource::Change(
    std::vector<v1::Resource> put, std::vector<std::pair<v1::ResourceKind, std::string>> gone) {
  v1::SnapshotDelta delta;
  delta.set_from_revision(state_.revision());
  delta.set_from_hash(state_.hash());
  delta.set_to_revision(state_.revision() + 1);
  uint64_t hash = state_.hash();
  for (const v1::Resource& resource : put) {
    const auto before = state_.Find(contract::KindOf(resource), contract::NameOf(resource));
    hash += resource.hash() - (before == nullptr ? 0 : before->hash());
    *delta.add_changes() = contract::MakeChange(before.get(), &resource);
  }
  for (const auto& [kind, name] : gone) {
    const auto before = state_.Find(kind, name);
    LMGATE_CHECK(before != nullptr);
    hash -= before->hash();
    *delta.add_changes() = contract::MakeChange(before.get(), nullptr);
  }
  delta.set_to_hash(hash);
  LMGATE_CHECK(state_.Apply(delta).ok());
  changes_.push_back(delta);
  return delta;
}

std::vector<v1::Snapshot> SnapshotSource::Parts(int resources_max) const {
  v1::Snapshot full = Full();
  v1::Snapshot head = full;
  head.clear_resources();
  std::vector<v1::Snapshot> parts = {head};
  for (v1::Resource& resource : *full.mutable_resources()) {
    if (parts.back().resources_size() >= resources_max) parts.push_back(head);
    *parts.back().add_resources() = std::move(resource);
  }
  return parts;
}

v1::Connection TestConnection(std::string_view name, std::string_view api_key) {
  v1::Connection connection;
  connection.set_name(std::string(name));
  connection.set_dialect("openai-chat");
  connection.set_base_url("http://127.0.0.1:9/v1");
  connection.set_api_key(std::string(api_key));
  if (api_key.empty()) connection.mutable_auth()->set_mode("none");
  return connection;
}

v1::Group TestGroup(std::string_view name) {
  v1::Group group;
  group.set_name(std::string(name));
  *group.add_connections() = '*';  // a literal trips over GCC bug 105651 (-Wrestrict) at -O3
  return group;
}

v1::Route TestRoute(std::string_view model, int64_t order,
                    const std::vector<std::string>& targets) {
  v1::Route route;
  route.set_name(std::string(model));
  route.set_order(order);
  route.add_model(std::string(model));
  route.set_strategy("fallback");
  for (const std::string& text : targets) {
    v1::Target& target = *route.add_to();
    const size_t dot = text.find('.');
    target.set_connection(text.substr(0, dot));
    target.set_model(dot == std::string::npos ? "*" : text.substr(dot + 1));
  }
  return route;
}

v1::Key TestKey(std::string_view id, std::string_view secret, std::string_view group) {
  v1::Key key;
  key.set_id(TestKeyId(id));
  key.set_name(key.id());
  key.set_group(std::string(group));
  key.set_state("active");
  key.set_digest(TestDigestBytes(secret));
  return key;
}

std::string TestKeyId(std::string_view id) {
  std::string text(id);
  text.resize(contract::kKeyPublicIdSize, '0');
  return text;
}

contract::KeyDigest TestDigest(std::string_view secret) {
  static const contract::KeyHasher hasher{SnapshotSource::kPepper};
  return hasher.Digest(secret);
}

std::string TestDigestBytes(std::string_view secret) {
  const contract::KeyDigest digest = TestDigest(secret);
  return std::string(digest.begin(), digest.end());
}

}  // namespace lmgate::testing

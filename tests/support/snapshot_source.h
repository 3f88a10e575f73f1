#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/contract/key_digest.h"
#include "common/contract/snapshot_state.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::testing {

// The truth that a control plane would hold: tests change it and get what it would push. Aborts
// when a test asks for what no control plane would send.
class SnapshotSource {
 public:
  static constexpr std::string_view kPepper = "0123456789abcdef0123456789abcdef";
  static constexpr std::string_view kLineage = "test-lineage";

  // Empty, at revision 0.
  SnapshotSource();

  // Adds or replaces `put` and removes `gone`, in one revision.
  v1::SnapshotDelta Change(std::vector<v1::Resource> put,
                           std::vector<std::pair<v1::ResourceKind, std::string>> gone = {});

  // What Change gave so far: changes()[i] leads to revision i + 1.
  using ChangeList = std::vector<v1::SnapshotDelta>;
  const ChangeList& changes() const { return changes_; }

  const contract::SnapshotState& state() const { return state_; }
  v1::Snapshot Full() const { return state_.ToSnapshot(); }
  // The full snapshot in parts of so many resources.
  std::vector<v1::Snapshot> Parts(int resources_max = 1000) const;

 private:
  contract::SnapshotState state_;
  ChangeList changes_;
};

// Lawful resources with as little in them as may be; what they refer to must be there.

// http, OpenAI dialect, api_key as given (empty = auth: none).
v1::Connection TestConnection(std::string_view name, std::string_view api_key = "literal-secret");
// Granted everything.
v1::Group TestGroup(std::string_view name);
// `model` is its name, too; fallback over `targets`, each "connection" or "connection.model".
v1::Route TestRoute(std::string_view model, int64_t order, const std::vector<std::string>& targets);
// `id`: up to 12 letters and digits, padded with zeros. Active, found under the digest of `secret`.
v1::Key TestKey(std::string_view id, std::string_view secret, std::string_view group);

std::string TestKeyId(std::string_view id);
contract::KeyDigest TestDigest(std::string_view secret);
std::string TestDigestBytes(std::string_view secret);

}  // namespace lmgate::testing

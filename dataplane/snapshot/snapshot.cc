#include "dataplane/snapshot/snapshot.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/config_check.h"
#include "common/contract/resource.h"
#include "dataplane/snapshot/compiled_config.h"
#include "dataplane/snapshot/key_radix.h"

namespace lmgate::snapshot {
namespace {

using KeyIdText = std::array<char, contract::kKeyPublicIdSize>;

int64_t ToUnixMillis(const google::protobuf::Timestamp& time) {
  // Years 1 to 9999 (timestamp.proto); anything else must not overflow.
  constexpr int64_t kSecondsMax = 253402300799;
  constexpr int64_t kMillisPerSecond = 1000;
  constexpr int64_t kNanosPerMilli = 1'000'000;
  return std::clamp<int64_t>(time.seconds(), 0, kSecondsMax) * kMillisPerSecond +
         time.nanos() / kNanosPerMilli;
}

KeyState StateOf(std::string_view word) {
  if (word == "active") return KeyState::kActive;
  if (word == "blocked") return KeyState::kBlocked;
  return KeyState::kRevoked;
}

std::optional<contract::KeyDigest> ToDigest(std::string_view bytes) {
  contract::KeyDigest digest;
  if (bytes.size() != digest.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

std::string DescribeKey(std::string_view id) { return StrCat("key \"", id, "\""); }

}  // namespace

struct Snapshot::Data {
  uint64_t revision = 0;
  uint64_t hash = 0;
  std::string lineage;
  std::shared_ptr<const contract::KeyHasher> hasher;
  std::shared_ptr<const CompiledConfig> config;
  KeyRadix keys;
  size_t key_count = 0;
  // Keys with a digest, by group slot: a group that has some cannot go.
  std::vector<uint32_t> keys_in_slot;

  // Both leave this half changed when they fail.
  absl::Status AddKey(const v1::Resource& resource);
  absl::Status RemoveKey(const v1::ResourceChange& change);
  // The rule that a config change can break without naming the keys.
  absl::Status CheckGroupsOfKeys() const;

 private:
  absl::Status InsertRecord(KeyRecord record, std::string_view digest);
};

absl::Status Snapshot::Data::InsertRecord(KeyRecord record, std::string_view digest) {
  const auto bytes = ToDigest(digest);
  if (!bytes.has_value()) {
    return absl::InvalidArgumentError(
        StrCat(DescribeKey(record.id()), " has a digest of ", digest.size(), " bytes"));
  }
  record.digest = *bytes;
  const std::string id(record.id());
  if (!keys.Insert(std::move(record))) {
    return absl::InvalidArgumentError(
        StrCat(DescribeKey(id), " has the digest of ", DescribeKey(keys.Find(*bytes)->id())));
  }
  return absl::OkStatus();
}

absl::Status Snapshot::Data::AddKey(const v1::Resource& resource) {
  const v1::Key& key = resource.key();
  std::optional<uint32_t> slot;
  LMGATE_RETURN_IF_ERROR(contract::CheckKey(key, [&](std::string_view group) {
    slot = config->FindGroupSlot(group);
    return slot.has_value();
  }));
  if (key.id().size() != contract::kKeyPublicIdSize || !slot.has_value()) {
    return absl::InvalidArgumentError(StrCat(DescribeKey(key.id()), " has no usable id or group"));
  }

  KeyRecord record;
  record.resource_hash = resource.hash();
  record.group_slot = *slot;
  std::copy(key.id().begin(), key.id().end(), record.id_text.begin());
  record.state = StateOf(key.state());
  if (key.has_expires_at()) record.expires_ms = ToUnixMillis(key.expires_at());
  if (!key.models().empty()) {
    auto models = std::make_shared<KeyRecord::Models>();
    for (const std::string& text : key.models()) {
      LMGATE_ASSIGN_OR_RETURN(contract::ModelPattern pattern, contract::ModelPattern::Create(text));
      models->push_back(std::move(pattern));
    }
    record.model_list = std::move(models);
  }
  const bool has_previous = !key.previous_digest().empty();
  record.digest_count =
      static_cast<uint8_t>((key.digest().empty() ? 0 : 1) + (has_previous ? 1 : 0));

  ++key_count;
  if (record.digest_count == 0) return absl::OkStatus();
  if (keys_in_slot.size() <= *slot) keys_in_slot.resize(*slot + 1);
  ++keys_in_slot[*slot];
  if (!key.digest().empty()) LMGATE_RETURN_IF_ERROR(InsertRecord(record, key.digest()));
  if (!has_previous) return absl::OkStatus();
  record.is_previous = true;
  // Without an end the old secret would live for ever: then it is over already.
  record.expires_ms =
      std::min(record.expires_ms,
               key.has_previous_expires_at() ? ToUnixMillis(key.previous_expires_at()) : 0);
  return InsertRecord(std::move(record), key.previous_digest());
}

absl::Status Snapshot::Data::RemoveKey(const v1::ResourceChange& change) {
  const auto refusal = [&change](std::string_view why) {
    return absl::FailedPreconditionError(StrCat(DescribeKey(change.name()), " ", why));
  };
  if (key_count == 0) return refusal("is not there");
  std::optional<uint32_t> slot;
  for (const std::string& bytes : change.old_digests()) {
    const auto digest = ToDigest(bytes);
    const KeyRecord* const record = digest.has_value() ? keys.Find(*digest) : nullptr;
    // The count is compared too: a digest that the delta forgets would stay valid.
    if (record == nullptr || record->id() != change.name() ||
        record->resource_hash != change.old_hash() ||
        record->digest_count != change.old_digests_size()) {
      return refusal("is not the one that the delta changes");
    }
    slot = record->group_slot;
  }
  for (const std::string& bytes : change.old_digests()) {
    if (!keys.Erase(*ToDigest(bytes))) return refusal("is named with one digest twice");
  }
  if (slot.has_value()) --keys_in_slot[*slot];
  --key_count;
  return absl::OkStatus();
}

absl::Status Snapshot::Data::CheckGroupsOfKeys() const {
  for (size_t slot = 0; slot < keys_in_slot.size(); ++slot) {
    const CompiledConfig::GroupSlot& group = config->group_slots()[slot];
    if (keys_in_slot[slot] > 0 && !group.group.has_value()) {
      return absl::InvalidArgumentError(StrCat("group \"", group.name, "\" is removed, but ",
                                               keys_in_slot[slot], " keys are in it"));
    }
  }
  return absl::OkStatus();
}

Snapshot::Snapshot(std::unique_ptr<const Data> data) : data_(std::move(data)) {}
Snapshot::~Snapshot() = default;

absl::StatusOr<Snapshot::Compiled> Snapshot::Compile(std::vector<v1::Snapshot> parts,
                                                     const SecretResolver& resolver) {
  if (parts.empty()) return absl::InvalidArgumentError("a snapshot without parts");
  auto data = std::make_unique<Data>();
  data->revision = parts[0].revision();
  data->hash = parts[0].hash();
  data->lineage = parts[0].lineage();
  const std::string pepper = parts[0].key_pepper();
  if (data->lineage.empty()) return absl::InvalidArgumentError("a snapshot without a lineage");
  if (pepper.empty()) return absl::InvalidArgumentError("a snapshot without a key pepper");
  data->hasher = std::make_shared<const contract::KeyHasher>(pepper);

  // The configuration first: keys are checked against its groups.
  ConfigResources resources;
  uint64_t sum = 0;
  for (v1::Snapshot& part : parts) {
    if (part.revision() != data->revision || part.hash() != data->hash ||
        part.lineage() != data->lineage || part.key_pepper() != pepper) {
      return absl::InvalidArgumentError("the parts are not of one snapshot");
    }
    for (v1::Resource& resource : *part.mutable_resources()) {
      const v1::ResourceKind kind = contract::KindOf(resource);
      if (resource.hash() == 0 || kind == v1::RESOURCE_KIND_UNSPECIFIED) {
        return absl::InvalidArgumentError("a resource without a hash or of no known kind");
      }
      sum += resource.hash();
      if (kind == v1::RESOURCE_KIND_KEY) continue;
      std::string name = contract::NameOf(resource);
      const auto [place, inserted] =
          resources.try_emplace(std::pair(kind, std::move(name)), nullptr);
      if (!inserted) {
        return absl::InvalidArgumentError(
            StrCat(contract::KindName(kind), " \"", place->first.second, "\" is there twice"));
      }
      place->second = std::make_shared<const v1::Resource>(std::move(resource));
    }
  }
  if (sum != data->hash) {
    return absl::InvalidArgumentError("the hashes do not add up to the snapshot's");
  }
  LMGATE_ASSIGN_OR_RETURN(data->config,
                          CompiledConfig::Create(std::move(resources), nullptr, resolver));

  absl::flat_hash_set<KeyIdText> ids;
  for (v1::Snapshot& part : parts) {
    for (const v1::Resource& resource : part.resources()) {
      if (!resource.has_key()) continue;
      LMGATE_RETURN_IF_ERROR(data->AddKey(resource));
      KeyIdText id;
      std::copy_n(resource.key().id().begin(), id.size(), id.begin());
      if (!ids.insert(id).second) {
        return absl::InvalidArgumentError(
            StrCat(DescribeKey(resource.key().id()), " is there twice"));
      }
    }
    part.Clear();  // a million keys should not be held twice for longer than needed
  }
  std::vector<v1::Complaint> complaints = data->config->complaints();
  return Compiled{std::shared_ptr<const Snapshot>(new Snapshot(std::move(data))),
                  std::move(complaints)};
}

absl::StatusOr<Snapshot::Compiled> Snapshot::Apply(const v1::SnapshotDelta& delta,
                                                   const SecretResolver& resolver) const {
  if (delta.from_revision() != revision() || delta.from_hash() != hash()) {
    return absl::FailedPreconditionError(StrCat(
        "the delta is for revision ", delta.from_revision(), " with hash ",
        absl::Hex(delta.from_hash()), ", not for ", revision(), " with hash ", absl::Hex(hash())));
  }
  auto next = std::make_unique<Data>(*data_);
  next->revision = delta.to_revision();
  next->hash = delta.to_hash();

  // Removals before additions, and groups in between: a digest or a group may move from one
  // resource to another in one delta.
  std::optional<ConfigResources> resources;
  absl::flat_hash_set<std::pair<int, std::string>> seen;
  uint64_t sum = hash();
  for (const v1::ResourceChange& change : delta.changes()) {
    sum += change.resource().hash() - change.old_hash();
    const auto refusal = [&change](std::string_view why) {
      return absl::FailedPreconditionError(
          StrCat(contract::KindName(change.kind()), " \"", change.name(), "\" ", why));
    };
    if (!seen.insert(std::pair(static_cast<int>(change.kind()), change.name())).second) {
      return refusal("is changed twice");
    }
    if (change.old_hash() == 0 && !change.has_resource()) {
      return refusal("is removed, but not there");
    }
    if (change.has_resource() &&
        (change.kind() == v1::RESOURCE_KIND_UNSPECIFIED || change.resource().hash() == 0 ||
         contract::KindOf(change.resource()) != change.kind() ||
         contract::NameOf(change.resource()) != change.name())) {
      return refusal("is changed to another resource or to one without a hash");
    }
    if (change.kind() == v1::RESOURCE_KIND_KEY) {
      if (change.old_hash() != 0) {
        LMGATE_RETURN_IF_ERROR(next->RemoveKey(change));
      } else if (change.old_digests_size() != 0) {
        return refusal("is new, but has old digests");
      }
      continue;
    }
    if (!resources.has_value()) resources = data_->config->resources();
    std::pair id(change.kind(), change.name());
    const auto found = resources->find(id);
    if (change.old_hash() != (found == resources->end() ? 0 : found->second->hash())) {
      return refusal("is not the one that the delta changes");
    }
    if (change.has_resource()) {
      (*resources)[std::move(id)] = std::make_shared<const v1::Resource>(change.resource());
    } else {
      resources->erase(found);
    }
  }
  if (sum != delta.to_hash()) {
    return absl::FailedPreconditionError("the changes do not lead to the hash of the delta");
  }
  if (resources.has_value()) {
    LMGATE_ASSIGN_OR_RETURN(
        next->config, CompiledConfig::Create(*std::move(resources), data_->config.get(), resolver));
    LMGATE_RETURN_IF_ERROR(next->CheckGroupsOfKeys());
  }
  for (const v1::ResourceChange& change : delta.changes()) {
    if (!change.has_resource() || change.kind() != v1::RESOURCE_KIND_KEY) continue;
    LMGATE_RETURN_IF_ERROR(next->AddKey(change.resource()));
  }
  std::vector<v1::Complaint> complaints = next->config->complaints();
  return Compiled{std::shared_ptr<const Snapshot>(new Snapshot(std::move(next))),
                  std::move(complaints)};
}

const KeyRecord* Snapshot::FindKey(const contract::KeyDigest& digest) const {
  return data_->keys.Find(digest);
}

const contract::RoutingTable::Group& Snapshot::group(const KeyRecord& key) const {
  return routing().groups()[*data_->config->group_slots()[key.group_slot].group];
}

const std::shared_ptr<const contract::KeyHasher>& Snapshot::hasher() const {
  return data_->hasher;
}
const contract::RoutingTable& Snapshot::routing() const { return data_->config->routing(); }
const std::vector<std::shared_ptr<const UpstreamConnection>>& Snapshot::connections() const {
  return data_->config->connections();
}
const v1::Settings& Snapshot::settings() const { return data_->config->settings(); }
const std::vector<v1::Route>& Snapshot::routes() const { return data_->config->routes(); }
const std::vector<v1::Complaint>& Snapshot::complaints() const {
  return data_->config->complaints();
}
uint64_t Snapshot::revision() const { return data_->revision; }
uint64_t Snapshot::hash() const { return data_->hash; }
const std::string& Snapshot::lineage() const { return data_->lineage; }
size_t Snapshot::key_count() const { return data_->key_count; }

}  // namespace lmgate::snapshot

#include "common/contract/config_check.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <arpa/inet.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/connection_check.h"
#include "common/contract/field_error.h"
#include "common/contract/key_token.h"
#include "common/contract/name_set.h"
#include "common/contract/route_check.h"
#include "common/contract/text_limit.h"

namespace lmgate::contract {
namespace {

constexpr int kKeyMetadataMax = 32;
constexpr size_t kKeyDigestBytes = 32;

bool Contains(const auto& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

absl::Status CheckResourceCount(std::string_view field, int count, int count_max) {
  if (count <= count_max) return absl::OkStatus();
  return FieldError(field, StrCat("has more than ", count_max, " entries"));
}

// `connections["openai"]`, or by position when there is no name to call it by.
std::string ResourceField(std::string_view list, std::string_view name, int index) {
  return name.empty() ? StrCat(list, "[", index, "]") : MapField(list, name);
}

absl::Status CheckConnections(const v1::ConfigSet& config, NameSet* names) {
  for (int i = 0; i < config.connections_size(); ++i) {
    const v1::Connection& connection = config.connections(i);
    const std::string field = ResourceField("connections", connection.name(), i);
    LMGATE_RETURN_IF_ERROR(InParent(field, CheckConnection(connection)));
    if (!names->Add(connection.name())) return FieldError(field, "exists twice");
  }
  return absl::OkStatus();
}

absl::Status CheckGroup(const v1::Group& group, const NameSet& connections) {
  LMGATE_RETURN_IF_ERROR(CheckName("name", group.name(), "_-."));
  LMGATE_RETURN_IF_ERROR(CheckTextLimits(group));
  for (int i = 0; i < group.connections_size(); ++i) {
    if (group.connections(i) == "*") continue;
    LMGATE_RETURN_IF_ERROR(
        connections.CheckReference(StrCat("connections[", i, "]"), group.connections(i)));
  }
  LMGATE_RETURN_IF_ERROR(CheckPatterns("models", group.models()));
  const std::string& by_default = group.default_connection();
  if (by_default.empty()) return absl::OkStatus();
  LMGATE_RETURN_IF_ERROR(connections.CheckReference("default_connection", by_default));
  if (!Contains(group.connections(), "*") && !Contains(group.connections(), by_default)) {
    return FieldError("default_connection",
                      StrCat("connection ", Quoted(by_default), " is not granted to the group"),
                      "add it to the group's connections");
  }
  return absl::OkStatus();
}

absl::Status CheckGroups(const v1::ConfigSet& config, const NameSet& connections, NameSet* names) {
  for (int i = 0; i < config.groups_size(); ++i) {
    const v1::Group& group = config.groups(i);
    const std::string field = ResourceField("groups", group.name(), i);
    LMGATE_RETURN_IF_ERROR(InParent(field, CheckGroup(group, connections)));
    if (!names->Add(group.name())) return FieldError(field, "exists twice");
  }
  return absl::OkStatus();
}

absl::Status CheckRoutes(const v1::ConfigSet& config, const NameSet& connections,
                         const NameSet& groups) {
  NameSet names("route");
  absl::flat_hash_map<int64_t, std::string_view> orders;
  for (int i = 0; i < config.routes_size(); ++i) {
    const v1::Route& route = config.routes(i);
    const std::string field = ResourceField("routes", route.name(), i);
    LMGATE_RETURN_IF_ERROR(InParent(field, CheckRoute(route, connections, groups)));
    if (!names.Add(route.name())) return FieldError(field, "exists twice");
    const auto [place, inserted] = orders.try_emplace(route.order(), route.name());
    if (!inserted) {
      return FieldError(StrCat(field, ".order"),
                        StrCat(route.order(), " is also that of route ", Quoted(place->second)));
    }
  }
  return absl::OkStatus();
}

// An address, or address/bits.
bool IsCidr(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  const bool v4 = inet_pton(AF_INET, address.c_str(), bytes.data()) == 1;
  if (!v4 && inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return false;
  if (slash == std::string_view::npos) return true;
  const std::string_view digits = text.substr(slash + 1);
  int bits = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  return error == std::errc() && end == digits.data() + digits.size() && bits >= 0 &&
         bits <= (v4 ? 32 : 128);
}

absl::Status CheckSettings(const v1::Settings& settings) {
  constexpr std::array<std::string_view, 2> kModes = {"as_is", "ignore_wildcards"};
  LMGATE_RETURN_IF_ERROR(CheckTextLimits(settings));
  const std::string& mode = settings.model_listing_mode();
  if (mode == "expand_wildcards") {
    return FieldError("model_listing_mode", "\"expand_wildcards\" is not supported yet",
                      "as_is or ignore_wildcards");
  }
  if (!mode.empty() && !Contains(kModes, mode)) {
    std::string hint = DidYouMean(NearestWord(mode, kModes));
    if (hint.empty()) hint = "as_is or ignore_wildcards";
    return FieldError("model_listing_mode", StrCat(Quoted(mode), " does not exist"),
                      std::move(hint));
  }
  for (int i = 0; i < settings.trusted_proxies_size(); ++i) {
    if (!IsCidr(settings.trusted_proxies(i))) {
      return FieldError(
          StrCat("trusted_proxies[", i, "]"),
          StrCat(Quoted(settings.trusted_proxies(i)), " is neither an address nor a CIDR block"),
          "as 10.0.0.0/8 or 2001:db8::1");
    }
  }
  return absl::OkStatus();
}

bool IsTimestamp(const google::protobuf::Timestamp& time) {
  return google::protobuf::util::TimeUtil::kTimestampMinSeconds <= time.seconds() &&
         time.seconds() <= google::protobuf::util::TimeUtil::kTimestampMaxSeconds &&
         time.nanos() >= 0 && time.nanos() <= 999'999'999;
}

absl::Status CheckKeyTimes(const v1::Key& key) {
  if (!IsTimestamp(key.created_at())) return FieldError("created_at", "is not a time");
  if (!IsTimestamp(key.expires_at())) return FieldError("expires_at", "is not a time");
  if (!IsTimestamp(key.previous_expires_at())) {
    return FieldError("previous_expires_at", "is not a time");
  }
  return absl::OkStatus();
}

absl::Status CheckKeyDigests(const v1::Key& key) {
  const bool revoked = key.state() == "revoked";
  if (key.digest().size() != (revoked ? 0 : kKeyDigestBytes)) {
    return FieldError("digest",
                      revoked ? "must be forgotten: the key is revoked" : "must be 32 bytes");
  }
  if (key.previous_digest().empty()) return absl::OkStatus();
  if (revoked || key.previous_digest().size() != kKeyDigestBytes) {
    return FieldError("previous_digest",
                      revoked ? "must be forgotten: the key is revoked" : "must be 32 bytes");
  }
  if (key.previous_digest() == key.digest()) {
    return FieldError("previous_digest", "is the same as digest");
  }
  if (!key.has_previous_expires_at()) {
    return FieldError("previous_expires_at", "is required with previous_digest");
  }
  return absl::OkStatus();
}

absl::Status CheckKeyAlone(const v1::Key& key) {
  constexpr std::array<std::string_view, 3> kStates = {"active", "blocked", "revoked"};
  if (key.id().size() != kKeyPublicIdSize || !CheckName("id", key.id(), "").ok()) {
    return FieldError("id", StrCat(Quoted(key.id()), " is not 12 letters and digits"));
  }
  LMGATE_RETURN_IF_ERROR(CheckName("name", key.name(), "_-."));
  LMGATE_RETURN_IF_ERROR(CheckTextLimits(key));
  if (!Contains(kStates, key.state())) {
    return FieldError("state", StrCat(Quoted(key.state()), " is none of active, blocked, revoked"),
                      DidYouMean(NearestWord(key.state(), kStates)));
  }
  LMGATE_RETURN_IF_ERROR(CheckKeyTimes(key));
  LMGATE_RETURN_IF_ERROR(CheckKeyDigests(key));
  LMGATE_RETURN_IF_ERROR(CheckPatterns("models", key.models()));
  LMGATE_RETURN_IF_ERROR(
      CheckResourceCount("metadata", static_cast<int>(key.metadata().size()), kKeyMetadataMax));
  return CheckMapLimits("metadata", key.metadata());
}

}  // namespace

absl::Status CheckConfig(const v1::ConfigSet& config) {
  LMGATE_RETURN_IF_ERROR(
      CheckResourceCount("connections", config.connections_size(), kConnectionsMax));
  LMGATE_RETURN_IF_ERROR(CheckResourceCount("routes", config.routes_size(), kRoutesMax));
  LMGATE_RETURN_IF_ERROR(CheckResourceCount("groups", config.groups_size(), kGroupsMax));
  // In the order of the references: what a route or a group names must be known before.
  NameSet connections("connection");
  NameSet groups("group");
  LMGATE_RETURN_IF_ERROR(CheckConnections(config, &connections));
  LMGATE_RETURN_IF_ERROR(CheckGroups(config, connections, &groups));
  LMGATE_RETURN_IF_ERROR(CheckRoutes(config, connections, groups));
  return InParent("settings", CheckSettings(config.settings()));
}

absl::Status CheckKey(const v1::Key& key, absl::FunctionRef<bool(std::string_view)> group_exists) {
  absl::Status status = CheckKeyAlone(key);
  if (status.ok() && !group_exists(key.group())) {
    status = FieldError("group", StrCat("group ", Quoted(key.group()), " does not exist"),
                        "add the group first");
  }
  if (status.ok()) return status;
  return InParent(key.id().empty() ? std::string("key") : MapField("keys", key.id()), status);
}

}  // namespace lmgate::contract

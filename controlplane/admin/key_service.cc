#include "controlplane/admin/key_service.h"

#include <absl/strings/str_join.h>
#include <absl/types/span.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/field_error.h"
#include "common/contract/key_token.h"
#include "common/contract/resource.h"
#include "controlplane/admin/field_mask.h"
#include "controlplane/admin/key_secret.h"
#include "controlplane/admin/list_page.h"

namespace lmgate::admin {
namespace {

using google::protobuf::Timestamp;
using google::protobuf::util::TimeUtil;

constexpr v1::ResourceKind kKind = v1::RESOURCE_KIND_KEY;
// All but name, group, expires_at, models and metadata.
constexpr std::string_view kFixed[] = {"id",
                                       "revision",
                                       "state",
                                       "created_at",
                                       "digest",
                                       "previous_digest",
                                       "previous_expires_at",
                                       "imported"};
constexpr absl::Duration kGraceMax = absl::Hours(90 * 24);

Timestamp ToTimestamp(absl::Time time) {
  return TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(time));
}

bool IsExpired(const v1::Key& key, absl::Time now) {
  return key.has_expires_at() && key.expires_at() <= ToTimestamp(now);
}

v1::Key WithoutDigests(v1::Key key) {
  key.clear_digest();
  key.clear_previous_digest();
  return key;
}

void ForgetPrevious(v1::Key* key) {
  key->clear_previous_digest();
  key->clear_previous_expires_at();
}

// Before the check of the key: what a person forgets, or types wrong, is answered with what there
// is to choose from.
absl::Status CheckGroup(const storage::Store& store, const v1::Key& key) {
  constexpr size_t kListedMax = 10;
  std::vector<std::string> names;
  absl::Status status;
  store.ReadIndex([&](const storage::ResourceIndex& index) {
    const auto& groups = index.OfKind(v1::RESOURCE_KIND_GROUP);
    if (groups.contains(key.group())) return;
    for (const auto& [name, group] : groups) names.push_back(name);
    std::string hint = contract::DidYouMean(NearestWord(key.group(), names));
    if (hint.empty() && names.empty()) hint = "add a group first";
    if (hint.empty()) {
      const size_t listed = std::min(names.size(), kListedMax);
      hint = StrCat(names.size() == 1 ? "there is " : "one of ",
                    absl::StrJoin(absl::MakeSpan(names).first(listed), ", "),
                    listed < names.size() ? ", …" : "");
    }
    status = contract::FieldError(
        "key.group",
        key.group().empty() ? std::string("a group is required")
                            : StrCat("group ", contract::Quoted(key.group()), " does not exist"),
        std::move(hint));
  });
  return status;
}

absl::Status CheckNotRevoked(const v1::Key& key) {
  if (key.state() != "revoked") return absl::OkStatus();
  return absl::FailedPreconditionError(StrCat("key ", contract::Quoted(key.name()),
                                              " is revoked, which is for good: add a new one"));
}

// As a list filter names it: an active key that has expired is "expired" only.
absl::StatusOr<std::string> ParseStateFilter(const std::string& state) {
  for (const std::string_view known : {"", "active", "blocked", "revoked", "expired"}) {
    if (state == known) return state;
  }
  return contract::FieldError(
      "state", StrCat(contract::Quoted(state), " is none of active, blocked, revoked, expired"));
}

std::string_view ShownState(const v1::Key& key, absl::Time now) {
  if (key.state() == "active" && IsExpired(key, now)) return "expired";
  return key.state();
}

absl::StatusOr<absl::Duration> ParseGrace(const google::protobuf::Duration& grace) {
  if (grace.seconds() < 0 || grace.nanos() < 0 || grace.nanos() > 999'999'999 ||
      grace.seconds() > absl::ToInt64Seconds(kGraceMax) ||
      (grace.seconds() == absl::ToInt64Seconds(kGraceMax) && grace.nanos() > 0)) {
    return contract::FieldError("grace", "must be 0 to 90 days");
  }
  return absl::Seconds(grace.seconds()) + absl::Nanoseconds(grace.nanos());
}

}  // namespace

KeyService::KeyService(const AdminCalls& calls, storage::Store& store, const Clock& clock)
    : calls_(calls), store_(store), clock_(clock), hasher_(KeyPepper(store)) {}

std::string KeyService::Digest(std::string_view secret) const {
  const contract::KeyDigest digest = hasher_.Digest(secret);
  return std::string(digest.begin(), digest.end());
}

absl::StatusOr<v1::KeyReply> KeyService::ChangeKey(
    const storage::WriteContext& caller, std::string_view id_or_name,
    std::optional<uint64_t> expected_revision, absl::FunctionRef<absl::Status(v1::Key*)> change) {
  LMGATE_ASSIGN_OR_RETURN(
      const EditedResource changed,
      WriteResource(store_, caller, [&]() -> absl::StatusOr<ResourceEdit> {
        LMGATE_ASSIGN_OR_RETURN(auto before, FindResource(store_, kKind, id_or_name));
        LMGATE_RETURN_IF_ERROR(CheckRevision(*before, expected_revision));
        v1::Key key = before->key();
        LMGATE_RETURN_IF_ERROR(change(&key));
        LMGATE_RETURN_IF_ERROR(CheckGroup(store_, key));
        return ResourceEdit{std::move(before), contract::MakeResource(std::move(key)), {}};
      }));
  v1::KeyReply reply;
  *reply.mutable_key() = WithoutDigests(changed.resource.key());
  reply.set_revision(changed.revision);
  return reply;
}

grpc::Status KeyService::CreateKey(grpc::ServerContext* context,
                                   const v1::CreateKeyRequest* request, v1::KeyReply* reply) {
  return calls_.Serve(
      *context, "keys add", reply,
      [&](const storage::WriteContext& caller) -> absl::StatusOr<v1::KeyReply> {
        const bool imported = !request->secret().empty();
        if (imported) LMGATE_RETURN_IF_ERROR(CheckImportedSecret(request->secret()));
        const absl::Time now = clock_.Now();
        if (IsExpired(request->key(), now)) {
          return contract::FieldError("key.expires_at", "is in the past");
        }
        v1::Key key;
        // One of our form keeps its id, so that logs and commands know it by what is in it.
        const std::string_view own_id = contract::KeyTokenPublicId(request->secret());
        const bool keeps_id = !own_id.empty() && !FindResource(store_, kKind, own_id).ok();
        key.set_id(keeps_id ? std::string(own_id) : NewKeyPublicId());
        key.set_name(request->key().name().empty() ? key.id() : request->key().name());
        key.set_group(request->key().group());
        key.set_state(request->key().state().empty() ? "active" : request->key().state());
        *key.mutable_created_at() = ToTimestamp(now);
        if (request->key().has_expires_at()) {
          *key.mutable_expires_at() = request->key().expires_at();
        }
        *key.mutable_models() = request->key().models();
        *key.mutable_metadata() = request->key().metadata();
        key.set_imported(imported);
        const std::string secret = imported ? request->secret() : NewKeySecret(key.id());
        key.set_digest(Digest(secret));

        LMGATE_ASSIGN_OR_RETURN(
            const EditedResource created,
            WriteResource(store_, caller, [&]() -> absl::StatusOr<ResourceEdit> {
              LMGATE_RETURN_IF_ERROR(CheckGroup(store_, key));
              return ResourceEdit{nullptr, contract::MakeResource(key), {}};
            }));
        v1::KeyReply answer;
        *answer.mutable_key() = WithoutDigests(created.resource.key());
        answer.set_revision(created.revision);
        // Who brings a secret has it already.
        if (!imported) answer.set_secret(secret);
        return answer;
      });
}

grpc::Status KeyService::GetKey(grpc::ServerContext* context, const v1::GetRequest* request,
                                v1::Key* reply) {
  return calls_.Serve(
      *context, "keys get", reply, [&](const storage::WriteContext&) -> absl::StatusOr<v1::Key> {
        LMGATE_ASSIGN_OR_RETURN(const auto found, FindResource(store_, kKind, request->name()));
        return WithoutDigests(found->key());
      });
}

grpc::Status KeyService::ListKeys(grpc::ServerContext* context, const v1::ListKeysRequest* request,
                                  v1::ListKeysReply* reply) {
  return calls_.Serve(
      *context, "keys list", reply,
      [&](const storage::WriteContext&) -> absl::StatusOr<v1::ListKeysReply> {
        LMGATE_ASSIGN_OR_RETURN(const std::string state, ParseStateFilter(request->state()));
        const absl::Time now = clock_.Now();
        absl::StatusOr<ListPage> page;
        store_.ReadIndex([&](const storage::ResourceIndex& index) {
          page =
              ListByName(index.OfKind(kKind),
                         {.filter = request->filter(),
                          .page_size = request->page_size(),
                          .page_token = request->page_token()},
                         [&](const v1::Resource& resource) {
                           const v1::Key& key = resource.key();
                           return (request->group().empty() || key.group() == request->group()) &&
                                  (state.empty() || ShownState(key, now) == state);
                         });
        });
        if (!page.ok()) return page.status();
        v1::ListKeysReply list;
        for (const auto& resource : page->resources) {
          *list.add_keys() = WithoutDigests(resource->key());
        }
        list.set_next_page_token(page->next_page_token);
        return list;
      });
}

grpc::Status KeyService::UpdateKey(grpc::ServerContext* context,
                                   const v1::UpdateKeyRequest* request, v1::KeyReply* reply) {
  return calls_.Serve(
      *context, "keys update", reply,
      [&](const storage::WriteContext& caller) -> absl::StatusOr<v1::KeyReply> {
        const auto& paths = request->update_mask().paths();
        if (paths.empty()) {
          return contract::FieldError("update_mask", "is required: name the fields to change");
        }
        const std::string& id = request->key().id();
        if (id.empty() && std::find(paths.begin(), paths.end(), "name") != paths.end()) {
          return contract::FieldError("key.id", "is required to change the name");
        }
        return ChangeKey(caller, id.empty() ? request->key().name() : id,
                         ExpectedRevision(*request), [&](v1::Key* key) {
                           return CopyFields(request->update_mask(), request->key(), key, kFixed);
                         });
      });
}

grpc::Status KeyService::DeleteKey(grpc::ServerContext* context, const v1::DeleteRequest* request,
                                   v1::DeleteReply* reply) {
  return calls_.Serve(*context, "keys remove", reply, [&](const storage::WriteContext& caller) {
    return DeleteResource(store_, caller, kKind, *request);
  });
}

grpc::Status KeyService::BlockKey(grpc::ServerContext* context, const v1::KeyStateRequest* request,
                                  v1::KeyReply* reply) {
  return calls_.Serve(*context, "keys block", reply, [&](const storage::WriteContext& caller) {
    return ChangeKey(caller, request->name(), ExpectedRevision(*request), [](v1::Key* key) {
      LMGATE_RETURN_IF_ERROR(CheckNotRevoked(*key));
      key->set_state("blocked");
      return absl::OkStatus();
    });
  });
}

grpc::Status KeyService::UnblockKey(grpc::ServerContext* context,
                                    const v1::KeyStateRequest* request, v1::KeyReply* reply) {
  return calls_.Serve(*context, "keys unblock", reply, [&](const storage::WriteContext& caller) {
    return ChangeKey(caller, request->name(), ExpectedRevision(*request), [](v1::Key* key) {
      LMGATE_RETURN_IF_ERROR(CheckNotRevoked(*key));
      key->set_state("active");
      return absl::OkStatus();
    });
  });
}

grpc::Status KeyService::RevokeKey(grpc::ServerContext* context, const v1::KeyStateRequest* request,
                                   v1::KeyReply* reply) {
  return calls_.Serve(*context, "keys revoke", reply, [&](const storage::WriteContext& caller) {
    return ChangeKey(caller, request->name(), ExpectedRevision(*request), [](v1::Key* key) {
      key->set_state("revoked");
      key->clear_digest();
      ForgetPrevious(key);
      return absl::OkStatus();
    });
  });
}

grpc::Status KeyService::RotateKey(grpc::ServerContext* context,
                                   const v1::RotateKeyRequest* request, v1::KeyReply* reply) {
  return calls_.Serve(
      *context, "keys rotate", reply,
      [&](const storage::WriteContext& caller) -> absl::StatusOr<v1::KeyReply> {
        LMGATE_ASSIGN_OR_RETURN(const absl::Duration grace, ParseGrace(request->grace()));
        std::string secret;
        LMGATE_ASSIGN_OR_RETURN(v1::KeyReply answer,
                                ChangeKey(caller, request->name(), ExpectedRevision(*request),
                                          [&](v1::Key* key) -> absl::Status {
                                            LMGATE_RETURN_IF_ERROR(CheckNotRevoked(*key));
                                            ForgetPrevious(key);
                                            if (grace > absl::ZeroDuration()) {
                                              key->set_previous_digest(key->digest());
                                              *key->mutable_previous_expires_at() =
                                                  ToTimestamp(clock_.Now() + grace);
                                            }
                                            secret = NewKeySecret(key->id());
                                            key->set_digest(Digest(secret));
                                            key->set_imported(false);
                                            return absl::OkStatus();
                                          }));
        answer.set_secret(std::move(secret));
        return answer;
      });
}

}  // namespace lmgate::admin

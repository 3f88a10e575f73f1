#pragma once

#include <absl/functional/function_ref.h>

#include <string_view>

#include "common/base/clock.h"
#include "common/contract/key_digest.h"
#include "controlplane/admin/admin_call.h"
#include "controlplane/admin/resource_edit.h"
#include "controlplane/storage/store.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::admin {

// KeyService of admin.proto. A secret leaves it once, in the reply that made it; digests never do.
// Thread-safe.
class KeyService final : public v1::KeyService::Service {
 public:
  // All outlive the service.
  KeyService(const AdminCalls& calls, storage::Store& store, const Clock& clock);

  grpc::Status CreateKey(grpc::ServerContext* context, const v1::CreateKeyRequest* request,
                         v1::KeyReply* reply) override;
  grpc::Status GetKey(grpc::ServerContext* context, const v1::GetRequest* request,
                      v1::Key* reply) override;
  grpc::Status ListKeys(grpc::ServerContext* context, const v1::ListKeysRequest* request,
                        v1::ListKeysReply* reply) override;
  grpc::Status UpdateKey(grpc::ServerContext* context, const v1::UpdateKeyRequest* request,
                         v1::KeyReply* reply) override;
  grpc::Status DeleteKey(grpc::ServerContext* context, const v1::DeleteRequest* request,
                         v1::DeleteReply* reply) override;
  grpc::Status BlockKey(grpc::ServerContext* context, const v1::KeyStateRequest* request,
                        v1::KeyReply* reply) override;
  grpc::Status UnblockKey(grpc::ServerContext* context, const v1::KeyStateRequest* request,
                          v1::KeyReply* reply) override;
  grpc::Status RevokeKey(grpc::ServerContext* context, const v1::KeyStateRequest* request,
                         v1::KeyReply* reply) override;
  grpc::Status RotateKey(grpc::ServerContext* context, const v1::RotateKeyRequest* request,
                         v1::KeyReply* reply) override;

 private:
  // Finds the key, lets `change` change it, writes it.
  absl::StatusOr<v1::KeyReply> ChangeKey(const storage::WriteContext& caller,
                                         std::string_view id_or_name,
                                         std::optional<uint64_t> expected_revision,
                                         absl::FunctionRef<absl::Status(v1::Key*)> change);
  std::string Digest(std::string_view secret) const;

  const AdminCalls& calls_;
  storage::Store& store_;
  const Clock& clock_;
  const contract::KeyHasher hasher_;
};

}  // namespace lmgate::admin

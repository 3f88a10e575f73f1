#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <grpcpp/server_context.h>

#include <optional>
#include <string>
#include <string_view>

namespace lmgate::admin {

// The two tokens of an installation, in `admin.token` and `replica.token` of the state directory:
// made on the first start (mode 0600), read on each later one. Immutable, thread-safe.
class AdminAuth {
 public:
  static absl::StatusOr<AdminAuth> Create(const std::string& state_dir);

  // Whether the call carries `authorization: Bearer <token>` with the right token: the admin's for
  // the admin services, the replica's for the snapshot stream. Unauthenticated says where the token
  // is, never what it is.
  absl::Status CheckAdmin(const grpc::ServerContextBase& context) const;
  absl::Status CheckReplica(const grpc::ServerContextBase& context) const;

 private:
  struct Token {
    std::string role;  // "admin"
    std::string path;
    std::string text;
  };
  static absl::StatusOr<Token> ReadToken(const std::string& state_dir, std::string_view role);
  static absl::Status Check(const grpc::ServerContextBase& context, const Token& expected);

  AdminAuth(Token admin, Token replica) : admin_(std::move(admin)), replica_(std::move(replica)) {}

  Token admin_;
  Token replica_;
};

}  // namespace lmgate::admin

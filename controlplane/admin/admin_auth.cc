#include "controlplane/admin/admin_auth.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <openssl/crypto.h>

#include <filesystem>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "controlplane/storage/private_file.h"
#include "controlplane/storage/random_bytes.h"

namespace lmgate::admin {
namespace {

constexpr size_t kTokenBytes = 32;
// Shorter ones could be guessed; ours have 64.
constexpr size_t kTokenSizeMin = 16;

}  // namespace

absl::StatusOr<AdminAuth::Token> AdminAuth::ReadToken(const std::string& state_dir,
                                                      std::string_view role) {
  const auto path = std::filesystem::path(state_dir) / StrCat(role, ".token");
  LMGATE_ASSIGN_OR_RETURN(
      const std::string content, storage::ReadOrCreatePrivateFile(path.string(), [] {
        return StrCat(absl::BytesToHexString(storage::RandomBytes(kTokenBytes)), "\n");
      }));
  std::string text(absl::StripAsciiWhitespace(content));
  if (text.size() < kTokenSizeMin) {
    return absl::FailedPreconditionError(
        StrCat(path.string(), ": a token needs at least ", kTokenSizeMin, " characters"));
  }
  std::error_code ignored;
  const auto absolute = std::filesystem::absolute(path, ignored);
  return Token{.role = std::string(role), .path = absolute.string(), .text = std::move(text)};
}

absl::StatusOr<AdminAuth> AdminAuth::Create(const std::string& state_dir) {
  LMGATE_RETURN_IF_ERROR(storage::CreatePrivateDirectory(state_dir));
  LMGATE_ASSIGN_OR_RETURN(Token admin, ReadToken(state_dir, "admin"));
  LMGATE_ASSIGN_OR_RETURN(Token replica, ReadToken(state_dir, "replica"));
  return AdminAuth(std::move(admin), std::move(replica));
}

absl::Status AdminAuth::Check(const grpc::ServerContextBase& context, const Token& expected) {
  constexpr absl::string_view kScheme = "bearer ";  // RFC 9110, 11.1: in any case
  const auto where = StrCat("; it is in ", expected.path, " of the control plane's host");
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("authorization");
  if (found == metadata.end()) {
    return absl::UnauthenticatedError(StrCat("this call needs the ", expected.role,
                                             " token as \"authorization: Bearer …\"", where));
  }
  const absl::string_view header(found->second.data(), found->second.size());
  const absl::string_view given = header.substr(std::min(kScheme.size(), header.size()));
  if (!absl::StartsWithIgnoreCase(header, kScheme) || given.size() != expected.text.size() ||
      CRYPTO_memcmp(given.data(), expected.text.data(), given.size()) != 0) {
    return absl::UnauthenticatedError(StrCat("this is not the ", expected.role, " token", where));
  }
  return absl::OkStatus();
}

absl::Status AdminAuth::CheckAdmin(const grpc::ServerContextBase& context) const {
  return Check(context, admin_);
}

absl::Status AdminAuth::CheckReplica(const grpc::ServerContextBase& context) const {
  return Check(context, replica_);
}

}  // namespace lmgate::admin

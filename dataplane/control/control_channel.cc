#include "dataplane/control/control_channel.h"

#include <absl/strings/ascii.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/control/file_error.h"

namespace lmgate::control {
namespace {

constexpr size_t kTokenBytesMax = 512;
constexpr size_t kPemBytesMax = size_t{1} << 20;

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t bytes_max) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  if (file == nullptr) return FileError("open", path);
  std::string text(bytes_max + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return FileError("read", path);
  if (text.size() > bytes_max) {
    return absl::InvalidArgumentError(StrCat(path, " is longer than ", bytes_max, " bytes"));
  }
  return text;
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  LMGATE_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kTokenBytesMax));
  absl::StripAsciiWhitespace(&text);
  if (text.empty()) return absl::InvalidArgumentError(StrCat(path, " is empty"));
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (!printable) return absl::InvalidArgumentError(StrCat(path, " holds no token"));
  return text;
}

// Empty for an empty path.
absl::StatusOr<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return std::string();
  return ReadFile(path, kPemBytesMax);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CreateCredentials(
    const ControlPlaneAddress& address) {
  if (!address.tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  LMGATE_ASSIGN_OR_RETURN(options.pem_root_certs, ReadPem(address.tls_ca_file));
  LMGATE_ASSIGN_OR_RETURN(options.pem_cert_chain, ReadPem(address.tls_client_cert_file));
  LMGATE_ASSIGN_OR_RETURN(options.pem_private_key, ReadPem(address.tls_client_key_file));
  return grpc::SslCredentials(options);
}

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

}  // namespace

absl::StatusOr<ControlChannel> CreateControlChannel(const ControlPlaneAddress& address) {
  ControlChannel result;
  LMGATE_ASSIGN_OR_RETURN(result.token, ReadToken(address.token_file));
  LMGATE_ASSIGN_OR_RETURN(const auto credentials, CreateCredentials(address));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(address.message_bytes_max);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // gRPC gives an attempt to connect as much time as its least back-off.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, Milliseconds(address.connect_timeout));
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, Milliseconds(address.connect_timeout));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(address.keepalive));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(address.keepalive_timeout));
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // Proxies of the environment are for the internet, not for the control plane.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (address.tls && !address.tls_server_name.empty()) {
    arguments.SetSslTargetNameOverride(address.tls_server_name);
  }
  result.channel = grpc::CreateCustomChannel(address.target, credentials, arguments);
  return result;
}

}  // namespace lmgate::control

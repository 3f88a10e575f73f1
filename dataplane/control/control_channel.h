#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <grpcpp/channel.h>

#include <memory>
#include <string>

namespace lmgate::control {

// How a replica reaches its control plane.
struct ControlPlaneAddress {
  std::string target;      // HOST:PORT
  std::string token_file;  // the replica token
  bool tls = false;
  std::string tls_ca_file;           // empty = the system's authorities
  std::string tls_client_cert_file;  // both or neither
  std::string tls_client_key_file;
  std::string tls_server_name;  // empty = the host of target

  absl::Duration connect_timeout = absl::Seconds(5);
  // The control plane must allow pings this often without data.
  absl::Duration keepalive = absl::Seconds(30);
  absl::Duration keepalive_timeout = absl::Seconds(10);
  int message_bytes_max = 64 << 20;
};

struct ControlChannel {
  std::shared_ptr<grpc::Channel> channel;
  std::string token;  // SECRET
};

// Reads all files anew, so that a rotated token or certificate counts from the next stream on. The
// channel shares no connection and no back-off with another one: its owner decides when to try
// again. No I/O on the network yet. NotFound or InvalidArgument name the file.
absl::StatusOr<ControlChannel> CreateControlChannel(const ControlPlaneAddress& address);

}  // namespace lmgate::control

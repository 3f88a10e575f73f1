#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/options/option_table.h"

namespace lmgate::controlplane {

// Bootstrap options of lmgate-controlplane.
struct Options {
  options::HostPort grpc_listen{.host = "127.0.0.1", .port = 8400};
  options::HostPort http_listen{.host = "127.0.0.1", .port = 8401};
  std::string database;  // empty = sqlite:<state_dir>/lmgate.db
  std::string state_dir = ".lmgate/controlplane";
  // PEM files. Certificate and key: both or neither; an authority asks for client certificates.
  std::string tls_cert;
  std::string tls_key;
  std::string tls_client_ca;
  bool insecure = false;
  int64_t history_changes = 100'000;  // 0 = all
  std::string log_level = "info";

  std::string Database() const;
};

// One row an option; the rows store into `options`, which outlives them.
std::vector<options::Option> OptionTable(Options* options);

// What no row can see alone: all problems, one a line. A listener beyond loopback needs TLS or
// `insecure`.
absl::Status CheckOptions(const Options& options);

}  // namespace lmgate::controlplane

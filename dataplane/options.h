#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/options/option_table.h"
#include "dataplane/dialect/response_store.h"
#include "dataplane/gateway/worker.h"

namespace lmgate::dataplane {

// Bootstrap options of lmgate-dataplane; each stands once in the table of options.cc.
struct Options {
  options::HostPort listen;
  options::HostPort admin_listen;
  std::string control_plane;  // HOST:PORT; empty = none: serve the last good snapshot only
  std::string state_dir;
  std::string replica_id;  // empty = host name and port
  int64_t workers = 0;     // 0 = one for each CPU
  std::string token_file;
  bool control_plane_tls = false;
  std::string control_plane_ca;
  std::string control_plane_cert;
  std::string control_plane_key;
  std::string tls_cert;
  std::string tls_key;
  bool insecure = false;
  std::string access_log;
  std::string log_level;
  uint64_t max_header_bytes = 0;
  int64_t max_headers = 0;
  uint64_t max_body_bytes = 0;
  uint64_t max_answer_header_bytes = 0;
  int64_t max_idle_upstreams = 0;
  absl::Duration upstream_idle_timeout;
  absl::Duration keep_alive_event_interval;
  uint64_t max_translated_answer_bytes = 0;
  int64_t max_connections = 0;
  int64_t http2_max_streams = 0;      // 0 = HTTP/2 is not spoken
  uint64_t response_store_bytes = 0;  // 0 = nothing of answers is kept
  absl::Duration response_store_ttl;
  absl::Duration idle_timeout;
  absl::Duration header_timeout;
  absl::Duration body_timeout;
  absl::Duration write_timeout;
  absl::Duration drain_timeout;

  gateway::TrafficLimits Limits() const;
  dialect::ResponseStore::Options ResponseStore() const;
};

// The table: what --help shows, and where each value is stored.
std::vector<options::Option> OptionTable(Options* options);

// What no single value shows: TLS files that go together, listeners beyond loopback without TLS.
// All complaints in one InvalidArgument, a line each.
absl::Status CheckOptions(const Options& options);

// Puts what a .env file brought into the environment, where `env:` references look.
void ExportEnvFile(const options::ParseResult& parsed);

// Resolves `env:NAME` and `file:/path` (see snapshot::SecretResolver).
absl::StatusOr<std::string> ResolveSecret(std::string_view reference);

}  // namespace lmgate::dataplane

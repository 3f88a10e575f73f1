#include "dataplane/options.h"

#include <absl/strings/str_join.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "common/base/strings.h"
#include "common/contract/secret_ref.h"

namespace lmgate::dataplane {
namespace {

constexpr size_t kSecretFileBytesMax = 64 << 10;

}  // namespace

gateway::TrafficLimits Options::Limits() const {
  return {.head_bytes_max = static_cast<size_t>(max_header_bytes),
          .headers_max = static_cast<size_t>(max_headers),
          .body_bytes_max = max_body_bytes,
          .answer_head_bytes_max = static_cast<size_t>(max_answer_header_bytes),
          .translated_answer_bytes_max = static_cast<size_t>(max_translated_answer_bytes),
          .idle_timeout_ms = absl::ToInt64Milliseconds(idle_timeout),
          .head_timeout_ms = absl::ToInt64Milliseconds(header_timeout),
          .body_timeout_ms = absl::ToInt64Milliseconds(body_timeout),
          .keep_alive_event_ms = absl::ToInt64Milliseconds(keep_alive_event_interval),
          .write_timeout_ms = absl::ToInt64Milliseconds(write_timeout),
          .connections_max = static_cast<uint64_t>(max_connections),
          .http2_streams_max = static_cast<uint32_t>(http2_max_streams),
          .upstream_pool = {.idle_max = static_cast<size_t>(max_idle_upstreams),
                            .idle_timeout_ms = absl::ToInt64Milliseconds(upstream_idle_timeout)}};
}

dialect::ResponseStore::Options Options::ResponseStore() const {
  return {.bytes_max = static_cast<size_t>(response_store_bytes), .ttl = response_store_ttl};
}

std::vector<options::Option> OptionTable(Options* options) {
  using options::ToBool;
  using options::ToBytes;
  using options::ToDuration;
  using options::ToHostPort;
  using options::ToInteger;
  using options::ToString;
  constexpr uint64_t kKiB = 1 << 10;
  constexpr uint64_t kMiB = 1 << 20;
  const absl::Duration shortest = absl::Milliseconds(10);
  const absl::Duration longest = absl::Hours(24);
  return {
      {"listen", "HOST:PORT", "127.0.0.1:8000", "Address of the client traffic.",
       ToHostPort(&options->listen)},
      {"admin-listen", "HOST:PORT", "127.0.0.1:8001", "Address of /healthz, /readyz and /metrics.",
       ToHostPort(&options->admin_listen)},
      {"control-plane", "HOST:PORT", "127.0.0.1:8400",
       "Control plane to subscribe to; \"none\" serves the last good configuration only.",
       ToString(&options->control_plane)},
      {"state-dir", "DIR", ".lmgate/dataplane",
       "Directory of the last good configuration; one replica a directory.",
       ToString(&options->state_dir)},
      {"replica-id", "NAME", "", "Name in `lmctl status`; host name and port if not given.",
       ToString(&options->replica_id)},
      {"workers", "N", "0", "Threads that serve traffic; 0 = one for each CPU.",
       ToInteger(&options->workers, 0, 1024)},
      {"token-file", "FILE", ".lmgate/controlplane/replica.token",
       "File with the control plane's replica token.", ToString(&options->token_file)},
      {"control-plane-tls", "", "", "Speak TLS to the control plane.",
       ToBool(&options->control_plane_tls)},
      {"control-plane-ca", "FILE", "",
       "PEM authorities to trust for it; the system's if not given.",
       ToString(&options->control_plane_ca)},
      {"control-plane-cert", "FILE", "", "PEM client certificate for it.",
       ToString(&options->control_plane_cert)},
      {"control-plane-key", "FILE", "", "PEM key of the client certificate.",
       ToString(&options->control_plane_key)},
      {"tls-cert", "FILE", "", "PEM certificate chain: client traffic by TLS.",
       ToString(&options->tls_cert)},
      {"tls-key", "FILE", "", "PEM key of the certificate.", ToString(&options->tls_key)},
      {"insecure", "", "",
       "Allow listeners beyond loopback, and a control plane there, without TLS.",
       ToBool(&options->insecure)},
      {"access-log", "FILE", "-", "One JSON line a request: a file, \"-\" for stdout, or \"off\".",
       ToString(&options->access_log)},
      {"log-level", "LEVEL", "info", "debug, info, warn or error; the process log is stderr.",
       ToString(&options->log_level)},
      {"max-header-bytes", "BYTES", "32KiB", "Longest head of a request.",
       ToBytes(&options->max_header_bytes, kKiB, kMiB)},
      {"max-headers", "N", "128", "Header lines of a request.",
       ToInteger(&options->max_headers, 1, http1::kHeaderFieldsMax)},
      {"max-body-bytes", "BYTES", "64MiB", "Longest body of a request.",
       ToBytes(&options->max_body_bytes, kKiB, 1024 * kMiB)},
      {"max-answer-header-bytes", "BYTES", "64KiB", "Longest head of a provider's answer.",
       ToBytes(&options->max_answer_header_bytes, kKiB, kMiB)},
      {"max-idle-upstreams", "N", "512",
       "Idle connections that a worker keeps to one provider address.",
       ToInteger(&options->max_idle_upstreams, 0, 1'000'000)},
      {"upstream-idle-timeout", "TIME", "55s",
       "An idle connection to a provider is closed after it.",
       ToDuration(&options->upstream_idle_timeout, shortest, longest)},
      {"max-connections", "N", "20000", "Client connections open at once.",
       ToInteger(&options->max_connections, 1, 10'000'000)},
      {"max-translated-answer-bytes", "BYTES", "64MiB",
       "Longest answer of a provider that is translated as a whole.",
       ToBytes(&options->max_translated_answer_bytes, 1024, uint64_t{1} << 30)},
      {"keep-alive-event-interval", "TIME", "10s",
       "A translated stream in which the provider is silent sends an event that says nothing.",
       ToDuration(&options->keep_alive_event_interval, shortest, longest)},
      {"http2-max-streams", "N", "128",
       "Requests at once on one HTTP/2 connection, each of which counts as a client connection; "
       "0 = HTTP/1.1 only.",
       ToInteger(&options->http2_max_streams, 0, 100'000)},
      {"response-store-bytes", "BYTES", "64MiB",
       "Memory for answers of the Responses API from providers of other dialects, to which later "
       "requests may refer, and for signed reasoning that clients of openai-chat do not send back "
       "with its tool calls; 0 = none is kept.",
       ToBytes(&options->response_store_bytes, 0, 64 * 1024 * kMiB)},
      {"response-store-ttl", "TIME", "30m",
       "Such an answer is forgotten so long after its last use.",
       ToDuration(&options->response_store_ttl, shortest, longest)},
      {"idle-timeout", "TIME", "75s", "A client connection without a request is closed after it.",
       ToDuration(&options->idle_timeout, shortest, longest)},
      {"header-timeout", "TIME", "10s", "For a request's head, from its first byte.",
       ToDuration(&options->header_timeout, shortest, longest)},
      {"body-timeout", "TIME", "2m", "For a request's body, from the end of its head.",
       ToDuration(&options->body_timeout, shortest, longest)},
      {"write-timeout", "TIME", "60s", "A client that takes nothing for so long is given up.",
       ToDuration(&options->write_timeout, shortest, longest)},
      {"drain-timeout", "TIME", "30s", "After SIGTERM, answers under way are given so long.",
       ToDuration(&options->drain_timeout, absl::ZeroDuration(), longest)},
  };
}

absl::Status CheckOptions(const Options& options) {
  std::vector<std::string> complaints;
  const bool has_tls = !options.tls_cert.empty();
  if (has_tls != !options.tls_key.empty()) {
    complaints.push_back("--tls-cert and --tls-key go together");
  }
  if (options.control_plane_cert.empty() != options.control_plane_key.empty()) {
    complaints.push_back("--control-plane-cert and --control-plane-key go together");
  }
  if (!options.insecure) {
    if (!options.listen.IsLoopback() && !has_tls) {
      complaints.push_back(StrCat("--listen ", options.listen.Text(),
                                  " is beyond loopback: give --tls-cert and --tls-key, or "
                                  "--insecure if something else protects it"));
    }
    if (!options.admin_listen.IsLoopback()) {
      complaints.push_back(StrCat("--admin-listen ", options.admin_listen.Text(),
                                  " is beyond loopback and speaks no TLS: give --insecure if "
                                  "something else protects it"));
    }
  }
  if (options.control_plane != "none") {
    const auto control_plane = options::ParseHostPort(options.control_plane);
    if (!control_plane.ok()) {
      complaints.push_back(StrCat("--control-plane: ", ToStd(control_plane.status().message())));
    } else if (!control_plane->IsLoopback() && !options.control_plane_tls && !options.insecure) {
      complaints.push_back(StrCat("--control-plane ", options.control_plane,
                                  " is beyond loopback and its stream carries credentials: give "
                                  "--control-plane-tls, or --insecure if something else protects "
                                  "it"));
    }
  }
  if (complaints.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(complaints, "\n"));
}

void ExportEnvFile(const options::ParseResult& parsed) {
  for (const auto& [name, value] : parsed.env_file) {
    ::setenv(name.c_str(), value.c_str(), /*overwrite=*/0);
  }
}

absl::StatusOr<std::string> ResolveSecret(std::string_view reference) {
  const contract::SecretRef ref = contract::ParseSecretRef(reference);
  if (ref.kind == contract::SecretRef::Kind::kEnv) {
    const char* value = std::getenv(ref.value.c_str());
    if (value == nullptr) {
      return absl::NotFoundError(StrCat("environment variable ", ref.value, " is not set"));
    }
    return std::string(value);
  }
  if (ref.kind == contract::SecretRef::Kind::kFile) {
    std::ifstream file(ref.value, std::ios::binary);
    if (!file) return absl::NotFoundError(StrCat("file ", ref.value, " cannot be read"));
    std::string text(kSecretFileBytesMax + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(file.gcount()));
    if (text.size() > kSecretFileBytesMax) {
      return absl::OutOfRangeError(
          StrCat("file ", ref.value, " is longer than ", kSecretFileBytesMax, " bytes"));
    }
    return text;
  }
  return absl::InvalidArgumentError("not a reference");
}

}  // namespace lmgate::dataplane

#include "cli/global_flags.h"

namespace lmgate::cli {

void DeclareGlobalFlags(Command& root, GlobalFlags* flags) {
  root.Text("--server", {"HOST:PORT"}, &flags->server,
            "The control plane (LMCTL_SERVER; default 127.0.0.1:8400)")
      .Text("--token-file", {"FILE"}, &flags->token_file,
            "File with the admin token (LMCTL_TOKEN holds the token itself)")
      .Text("--ca", {"FILE"}, &flags->ca,
            "PEM file of the authority behind the server's certificate; turns TLS on (LMCTL_CA)")
      .Text("--client-cert", {"FILE"}, &flags->client_cert,
            "PEM certificate for a server that insists on one (LMCTL_CLIENT_CERT)")
      .Text("--client-key", {"FILE"}, &flags->client_key, "Its key, PEM (LMCTL_CLIENT_KEY)")
      .Text("--context", {"NAME", Value::Source::kContexts}, &flags->context,
            "A place kept by `lmctl context` (LMCTL_CONTEXT)")
      .Text("-o,--output",
            {"FORMAT", Value::Source::kWords, {"table", "wide", "json", "yaml", "name"}},
            &flags->output, "table, wide, json, yaml or name (LMCTL_OUTPUT)")
      .Switch("--no-headers", &flags->no_headers, "Leave out the header line of tables")
      .Switch("-q,--quiet", &flags->quiet, "Print only names; for a new key, only the key")
      .Switch("-y,--yes", &flags->yes, "Answer every question with yes")
      .Text("--timeout", {"DURATION"}, &flags->timeout,
            "Deadline of one call to the server (default 10s)")
      .Text("--wait", {"DURATION"}, &flags->wait,
            "How long a change waits for the replicas, at most 60s (default 2s)")
      .Switch("--no-wait", &flags->no_wait, "Do not wait for the replicas after a change")
      .Switch("--no-color", &flags->no_color, "No colours (also: NO_COLOR)")
      .Switch("--verbose", &flags->verbose, "Show the calls on stderr, secrets masked");
}

}  // namespace lmgate::cli

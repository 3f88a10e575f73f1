#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "cli/console.h"
#include "cli/context_file.h"
#include "cli/global_flags.h"

namespace lmgate::cli {

// Where to go and how to be let in, from flag > environment > context > default, with the origin of
// each, for error messages.
struct Endpoint {
  std::string server;  // HOST:PORT
  std::string server_origin;
  std::string token;  // SECRET
  std::string token_origin;
  std::string ca_pem;  // empty = no TLS
  std::string client_cert_pem;
  std::string client_key_pem;  // SECRET
};

inline constexpr char kDefaultServer[] = "127.0.0.1:8400";
// Where a control plane started in this folder with default options writes it.
inline constexpr char kDefaultTokenFile[] = ".lmgate/controlplane/admin.token";

// Unauthenticated (local): no token anywhere, or one that cannot be read; says where it looked.
absl::StatusOr<Endpoint> ResolveEndpoint(const GlobalFlags& flags, const Console& console);

// The file at the place that XDG says.
absl::StatusOr<ContextFile> LoadContexts(const Console& console);

// The context in force: --context, LMCTL_CONTEXT, else the file's current one; a nameless one when
// there is none.
absl::StatusOr<Context> FindContext(const ContextFile& file, const GlobalFlags& flags,
                                    const Console& console);

}  // namespace lmgate::cli

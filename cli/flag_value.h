#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <google/protobuf/map.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lmgate/v1/resources.pb.h"

namespace lmgate::cli {

// Words of the command line as values of requests. All errors are usage errors that name the flag;
// those of secret flags never show the value.

using StringMap = google::protobuf::Map<std::string, std::string>;

// "k=v", repeated. A key given twice is an error.
absl::Status ParseMap(std::string_view flag, const std::vector<std::string>& texts, StringMap* map);

// "connection.model" or "connection.model=weight", split at the first dot and the last '=' that
// only digits follow.
absl::StatusOr<v1::Target> ParseTarget(std::string_view text);

// "30d" from `now` on, or an RFC 3339 time; nullopt for "never".
absl::StatusOr<std::optional<absl::Time>> ParseExpiry(std::string_view text, absl::Time now);

absl::StatusOr<absl::Duration> ParseDurationFlag(std::string_view flag, std::string_view text);

// Decimal, as --if-revision and ROLLBACK's REV have it.
absl::StatusOr<uint64_t> ParseRevision(std::string_view what, std::string_view text);

// A credential flag: `env:NAME` or `file:/path` only, because a literal on the command line is seen
// by every user of the machine.
absl::StatusOr<std::string> ParseSecretReference(std::string_view flag, std::string_view text);

// True for headers that carry credentials by name: authorization, x-api-key, *-token ...
bool IsCredentialHeader(std::string_view name);

// Names a key by name or public id, never by the whole secret (that would be on the command line,
// in the shell's history and in the server's answer).
absl::Status CheckKeyName(std::string_view name);

}  // namespace lmgate::cli

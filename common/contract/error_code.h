#pragma once

#include <array>
#include <string_view>

namespace lmgate::contract {

// The closed list of outcomes: the `code` of error bodies, access log, metrics and `lmctl routes
// test`. The names are wire contract; add, never rename.
enum class ErrorCode {
  kOk,
  // The caller's fault.
  kInvalidRequest,        // 400: malformed HTTP or JSON, no model, …
  kDialectUnsupported,    // 400: the route leads only to connections of another dialect
  kInvalidApiKey,         // 401: none given, mistyped or unknown
  kKeyBlocked,            // 401
  kKeyExpired,            // 401
  kKeyRevoked,            // 401
  kModelNotAllowed,       // 403: by the group's or the key's model list
  kConnectionNotAllowed,  // 403: the route leads only to connections that the group lacks
  kModelNotFound,         // 404: no route matches
  kNotFound,              // 404: no such path
  kMethodNotAllowed,      // 405
  kRequestTimeout,        // 408: head or body came too slowly
  kRequestTooLarge,       // 413: body beyond the limit
  kHeaderTooLarge,        // 431: head beyond the limit
  kClientClosed,          // 499: the client went away; in logs and metrics only
  // Ours.
  kInternalError,          // 500
  kServiceDisabled,        // 503: settings.enabled is false
  kNotReady,               // 503: no snapshot yet
  kOverloaded,             // 503: connection limit reached
  kDraining,               // 503: shutting down
  kConnectionUnavailable,  // 503: a secret of the connection cannot be resolved on this replica
  // The provider's.
  kUpstreamError,            // the provider's own status, mirrored
  kUpstreamAuthFailed,       // 502: the provider refused our credential
  kUpstreamConnectFailed,    // 502: resolve, connect or TLS
  kUpstreamReset,            // 502: closed before an answer
  kUpstreamInvalidResponse,  // 502: not HTTP, or over a limit
  kUpstreamTimeout,          // 504: one of the five timers
  kUpstreamTruncated,        // ended in the middle of an answer already begun
};

inline constexpr int kErrorCodeCount = static_cast<int>(ErrorCode::kUpstreamTruncated) + 1;

// As "invalid_api_key".
std::string_view ErrorCodeName(ErrorCode code);

}  // namespace lmgate::contract

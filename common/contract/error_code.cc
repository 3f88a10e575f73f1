#include "common/contract/error_code.h"

namespace lmgate::contract {

std::string_view ErrorCodeName(ErrorCode code) {
  // No default: the compiler names the code that is missing here.
  switch (code) {
    case ErrorCode::kOk:
      return "ok";
    case ErrorCode::kInvalidRequest:
      return "invalid_request";
    case ErrorCode::kDialectUnsupported:
      return "dialect_unsupported";
    case ErrorCode::kInvalidApiKey:
      return "invalid_api_key";
    case ErrorCode::kKeyBlocked:
      return "key_blocked";
    case ErrorCode::kKeyExpired:
      return "key_expired";
    case ErrorCode::kKeyRevoked:
      return "key_revoked";
    case ErrorCode::kModelNotAllowed:
      return "model_not_allowed";
    case ErrorCode::kConnectionNotAllowed:
      return "connection_not_allowed";
    case ErrorCode::kModelNotFound:
      return "model_not_found";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kMethodNotAllowed:
      return "method_not_allowed";
    case ErrorCode::kRequestTimeout:
      return "request_timeout";
    case ErrorCode::kRequestTooLarge:
      return "request_too_large";
    case ErrorCode::kHeaderTooLarge:
      return "header_too_large";
    case ErrorCode::kClientClosed:
      return "client_closed";
    case ErrorCode::kInternalError:
      return "internal_error";
    case ErrorCode::kServiceDisabled:
      return "service_disabled";
    case ErrorCode::kNotReady:
      return "not_ready";
    case ErrorCode::kOverloaded:
      return "overloaded";
    case ErrorCode::kDraining:
      return "draining";
    case ErrorCode::kConnectionUnavailable:
      return "connection_unavailable";
    case ErrorCode::kUpstreamError:
      return "upstream_error";
    case ErrorCode::kUpstreamAuthFailed:
      return "upstream_auth_failed";
    case ErrorCode::kUpstreamConnectFailed:
      return "upstream_connect_failed";
    case ErrorCode::kUpstreamReset:
      return "upstream_reset";
    case ErrorCode::kUpstreamInvalidResponse:
      return "upstream_invalid_response";
    case ErrorCode::kUpstreamTimeout:
      return "upstream_timeout";
    case ErrorCode::kUpstreamTruncated:
      return "upstream_truncated";
  }
  return "internal_error";
}

}  // namespace lmgate::contract

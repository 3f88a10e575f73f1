#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/contract/endpoint_path.h"
#include "dataplane/gateway/error_response.h"

namespace lmgate::gateway {

// What a path of the traffic port asks for.
struct EndpointMatch {
  enum class Action {
    kHealth,
    kListModels,
    kGetModel,
    kProxy,
    kNotFound,
    kMethodNotAllowed,
    kInvalid
  };

  Action action = Action::kNotFound;
  // The route prefix before /v1, as "/team-a"; empty = none.
  std::string_view path_prefix;
  // kProxy: what stands behind a base URL, as "/chat/completions", without the query; as the client
  // encoded it.
  std::string_view upstream_path;
  std::string_view query;  // without the '?'
  // Dialect that the caller speaks; empty = any, the bytes are passed through.
  std::string_view dialect;
  contract::Operation operation = contract::Operation::kOther;
  // Where the path names the model: within upstream_path, as the client encoded it. Empty =
  // nowhere.
  std::string_view path_model;
  bool stream = false;  // the path asks for a stream
  bool invoke = false;  // Bedrock's InvokeModel
  // True when the body must be JSON that names a model.
  bool needs_model = false;
  std::string_view model_id;  // kGetModel, as the client encoded it
  ErrorShape shape = ErrorShape::kOpenAi;
};

// `path_prefixes`: those that some route names, longest first. Paths with a "." or ".." segment,
// its dots or slashes encoded or not, are kInvalid: behind a base URL they would lead out of it.
// Pure; views into `target`.
EndpointMatch MatchEndpoint(std::string_view method, std::string_view target,
                            std::span<const std::string> path_prefixes);

// First value of `name` in a query, both percent-decoded; empty = not there.
std::string FindQueryParameter(std::string_view query, std::string_view name);
// `query` without the parameter `key`, in which a client may have sent its credential.
std::string RemoveKeyParameter(std::string_view query);
// Undoes %XX; a malformed escape stays as it is.
std::string PercentDecode(std::string_view text);

}  // namespace lmgate::gateway

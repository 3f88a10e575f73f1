// The part of ServerConnection for bodies that pass through, but not untouched.
#include <optional>
#include <utility>

#include "common/base/strings.h"
#include "common/contract/provider_preset.h"
#include "dataplane/dialect/sealed_history.h"
#include "dataplane/dialect/system_edits.h"
#include "dataplane/gateway/server_connection.h"

namespace lmgate::gateway {

using contract::ErrorCode;
using contract::Operation;

const contract::SystemEdits* ServerConnection::system_edits() const {
  if (request_.route == nullptr || !request_.route->system_edits.has_value()) return nullptr;
  return &*request_.route->system_edits;
}

// Once for all targets of the client's dialect.
ServerConnection::Step ServerConnection::EditRequest() {
  if (request_.edits_made) return Step::kContinue;
  const EndpointMatch& endpoint = request_.endpoint;
  const bool generates = endpoint.operation == Operation::kGenerate;
  // Anthropic counts the tokens of the body that it is asked to answer; others have their own form.
  const bool counts = endpoint.operation == Operation::kCountTokens &&
                      endpoint.dialect == contract::kDialectAnthropic &&
                      upstream_connection().config.Speaks(endpoint.dialect);
  if (!generates && !counts) return Step::kContinue;
  request_.edits_made = true;
  std::optional<std::string> body;
  if (endpoint.dialect != contract::kDialectOpenAiChat) {
    body = dialect::StripSealed(endpoint.dialect, request_.body);
  }
  if (const contract::SystemEdits* const edits = system_edits(); edits != nullptr) {
    auto edited = dialect::EditBody(
        endpoint.dialect, body.has_value() ? std::string_view(*body) : request_.body, *edits);
    if (!edited.ok()) {
      return Refuse(absl::IsResourceExhausted(edited.status()) ? ErrorCode::kRequestTooLarge
                                                               : ErrorCode::kInvalidRequest,
                    std::string(edited.status().message()));
    }
    body = *std::move(edited);
  }
  if (!body.has_value()) return Step::kContinue;
  edited_ = std::make_unique<EditedRequest>(*std::move(body));
  edited_->place = request_.place;
  if (request_.place.kind != ModelPlace::Kind::kJson) return Step::kContinue;
  const http1::RequestScan scan = worker_.scanner().Scan(edited_->body());
  if (!scan.valid) return Refuse(ErrorCode::kInvalidRequest, std::string(scan.error));
  edited_->place.offset = scan.model_offset;
  edited_->place.bytes = scan.model_bytes;
  return Step::kContinue;
}

}  // namespace lmgate::gateway

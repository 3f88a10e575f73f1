#include "dataplane/dialect/anthropic.h"

namespace lmgate::dialect {

std::string_view Anthropic::name() const { return "anthropic"; }

absl::StatusOr<chat::ChatRequest> Anthropic::DecodeRequest(const RequestSource&) const {
  return absl::UnimplementedError("anthropic");
}

absl::StatusOr<UpstreamBody> Anthropic::EncodeRequest(const chat::ChatRequest&,
                                                      const BackendTraits&) const {
  return absl::UnimplementedError("anthropic");
}

}  // namespace lmgate::dialect

#include "dataplane/dialect/bedrock_converse.h"

namespace lmgate::dialect {

std::string_view BedrockConverse::name() const { return "bedrock"; }

absl::StatusOr<chat::ChatRequest> BedrockConverse::DecodeRequest(const RequestSource&) const {
  return absl::UnimplementedError("bedrock_converse");
}

absl::StatusOr<UpstreamBody> BedrockConverse::EncodeRequest(const chat::ChatRequest&,
                                                            const BackendTraits&) const {
  return absl::UnimplementedError("bedrock_converse");
}

}  // namespace lmgate::dialect

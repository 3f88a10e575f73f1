#include "dataplane/dialect/bedrock_invoke.h"

namespace lmgate::dialect {

std::string_view BedrockInvoke::name() const { return "bedrock"; }

absl::StatusOr<chat::ChatRequest> BedrockInvoke::DecodeRequest(const RequestSource&) const {
  return absl::UnimplementedError("bedrock_invoke");
}

absl::StatusOr<UpstreamBody> BedrockInvoke::EncodeRequest(const chat::ChatRequest&,
                                                          const BackendTraits&) const {
  return absl::UnimplementedError("bedrock_invoke");
}

absl::StatusOr<chat::ChatResponse> BedrockInvoke::DecodeResponse(std::string_view,
                                                                 const AnswerContext&) const {
  return absl::UnimplementedError("bedrock_invoke");
}

std::string BedrockInvoke::EncodeResponse(const chat::ChatResponse&, const AnswerContext&) const {
  return {};
}

std::unique_ptr<EventDecoder> BedrockInvoke::NewEventDecoder(const AnswerContext&) const {
  return nullptr;
}

std::unique_ptr<EventEncoder> BedrockInvoke::NewEventEncoder(const AnswerContext&) const {
  return nullptr;
}

}  // namespace lmgate::dialect

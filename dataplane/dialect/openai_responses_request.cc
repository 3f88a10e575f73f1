#include "dataplane/dialect/openai_responses.h"

namespace lmgate::dialect {

std::string_view OpenAiResponses::name() const { return "openai-responses"; }

absl::StatusOr<chat::ChatRequest> OpenAiResponses::DecodeRequest(const RequestSource&) const {
  return absl::UnimplementedError("openai_responses");
}

absl::StatusOr<UpstreamBody> OpenAiResponses::EncodeRequest(const chat::ChatRequest&,
                                                            const BackendTraits&) const {
  return absl::UnimplementedError("openai_responses");
}

}  // namespace lmgate::dialect

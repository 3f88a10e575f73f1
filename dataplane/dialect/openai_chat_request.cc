#include "dataplane/dialect/openai_chat.h"

namespace lmgate::dialect {

std::string_view OpenAiChat::name() const { return "openai-chat"; }

absl::StatusOr<chat::ChatRequest> OpenAiChat::DecodeRequest(const RequestSource&) const {
  return absl::UnimplementedError("openai_chat");
}

absl::StatusOr<UpstreamBody> OpenAiChat::EncodeRequest(const chat::ChatRequest&,
                                                       const BackendTraits&) const {
  return absl::UnimplementedError("openai_chat");
}

}  // namespace lmgate::dialect

#include "dataplane/dialect/bedrock_converse.h"

namespace lmgate::dialect {

absl::StatusOr<chat::ChatResponse> BedrockConverse::DecodeResponse(std::string_view,
                                                                   const AnswerContext&) const {
  return absl::UnimplementedError("bedrock_converse");
}

std::string BedrockConverse::EncodeResponse(const chat::ChatResponse&, const AnswerContext&) const {
  return {};
}

}  // namespace lmgate::dialect

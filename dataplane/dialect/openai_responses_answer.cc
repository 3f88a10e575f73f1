#include "dataplane/dialect/openai_responses.h"

namespace lmgate::dialect {

absl::StatusOr<chat::ChatResponse> OpenAiResponses::DecodeResponse(std::string_view,
                                                                   const AnswerContext&) const {
  return absl::UnimplementedError("openai_responses");
}

std::string OpenAiResponses::EncodeResponse(const chat::ChatResponse&, const AnswerContext&) const {
  return {};
}

}  // namespace lmgate::dialect

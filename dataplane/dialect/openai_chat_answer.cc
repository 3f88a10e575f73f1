#include "dataplane/dialect/openai_chat.h"

namespace lmgate::dialect {

absl::StatusOr<chat::ChatResponse> OpenAiChat::DecodeResponse(std::string_view,
                                                              const AnswerContext&) const {
  return absl::UnimplementedError("openai_chat");
}

std::string OpenAiChat::EncodeResponse(const chat::ChatResponse&, const AnswerContext&) const {
  return {};
}

}  // namespace lmgate::dialect

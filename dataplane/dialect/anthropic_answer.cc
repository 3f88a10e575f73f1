#include "dataplane/dialect/anthropic.h"

namespace lmgate::dialect {

absl::StatusOr<chat::ChatResponse> Anthropic::DecodeResponse(std::string_view,
                                                             const AnswerContext&) const {
  return absl::UnimplementedError("anthropic");
}

std::string Anthropic::EncodeResponse(const chat::ChatResponse&, const AnswerContext&) const {
  return {};
}

}  // namespace lmgate::dialect

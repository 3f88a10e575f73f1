#include "dataplane/dialect/gemini.h"

namespace lmgate::dialect {

absl::StatusOr<chat::ChatResponse> Gemini::DecodeResponse(std::string_view,
                                                          const AnswerContext&) const {
  return absl::UnimplementedError("gemini");
}

std::string Gemini::EncodeResponse(const chat::ChatResponse&, const AnswerContext&) const {
  return {};
}

}  // namespace lmgate::dialect

#include "dataplane/dialect/openai_responses.h"

namespace lmgate::dialect {

std::unique_ptr<EventDecoder> OpenAiResponses::NewEventDecoder(const AnswerContext&) const {
  return nullptr;
}

std::unique_ptr<EventEncoder> OpenAiResponses::NewEventEncoder(const AnswerContext&) const {
  return nullptr;
}

}  // namespace lmgate::dialect

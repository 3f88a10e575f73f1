#include "dataplane/dialect/openai_chat.h"

namespace lmgate::dialect {

std::unique_ptr<EventDecoder> OpenAiChat::NewEventDecoder(const AnswerContext&) const {
  return nullptr;
}

std::unique_ptr<EventEncoder> OpenAiChat::NewEventEncoder(const AnswerContext&) const {
  return nullptr;
}

}  // namespace lmgate::dialect

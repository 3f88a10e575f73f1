#include "dataplane/dialect/gemini.h"

namespace lmgate::dialect {

std::unique_ptr<EventDecoder> Gemini::NewEventDecoder(const AnswerContext&) const {
  return nullptr;
}

std::unique_ptr<EventEncoder> Gemini::NewEventEncoder(const AnswerContext&) const {
  return nullptr;
}

}  // namespace lmgate::dialect

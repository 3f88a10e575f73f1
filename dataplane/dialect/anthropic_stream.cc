#include "dataplane/dialect/anthropic.h"

namespace lmgate::dialect {

std::unique_ptr<EventDecoder> Anthropic::NewEventDecoder(const AnswerContext&) const {
  return nullptr;
}

std::unique_ptr<EventEncoder> Anthropic::NewEventEncoder(const AnswerContext&) const {
  return nullptr;
}

}  // namespace lmgate::dialect

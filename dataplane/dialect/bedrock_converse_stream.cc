#include "dataplane/dialect/bedrock_converse.h"

namespace lmgate::dialect {

std::unique_ptr<EventDecoder> BedrockConverse::NewEventDecoder(const AnswerContext&) const {
  return nullptr;
}

std::unique_ptr<EventEncoder> BedrockConverse::NewEventEncoder(const AnswerContext&) const {
  return nullptr;
}

}  // namespace lmgate::dialect

#include "dataplane/dialect/dialects.h"

#include "common/contract/provider_preset.h"
#include "dataplane/dialect/anthropic.h"
#include "dataplane/dialect/bedrock_converse.h"
#include "dataplane/dialect/bedrock_invoke.h"
#include "dataplane/dialect/claude_model.h"
#include "dataplane/dialect/gemini.h"
#include "dataplane/dialect/openai_chat.h"
#include "dataplane/dialect/openai_responses.h"

namespace lmgate::dialect {

const Dialect* FindDialect(std::string_view name) {
  static const OpenAiChat openai_chat;
  static const OpenAiResponses openai_responses;
  static const Anthropic anthropic;
  static const Gemini gemini;
  static const BedrockConverse bedrock;
  for (const Dialect* dialect :
       {static_cast<const Dialect*>(&openai_chat), static_cast<const Dialect*>(&openai_responses),
        static_cast<const Dialect*>(&anthropic), static_cast<const Dialect*>(&gemini),
        static_cast<const Dialect*>(&bedrock)}) {
    if (dialect->name() == name) return dialect;
  }
  return nullptr;
}

const Dialect& BedrockInvokeDialect() {
  static const BedrockInvoke dialect;
  return dialect;
}

const Dialect& CoderFor(const Dialect& connection, std::string_view model) {
  const bool invokes =
      connection.name() == contract::kDialectBedrock && ClaudeModelOf(model).is_claude;
  return invokes ? BedrockInvokeDialect() : connection;
}

}  // namespace lmgate::dialect

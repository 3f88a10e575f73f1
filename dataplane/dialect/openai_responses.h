#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/dialect/dialect.h"
#include "dataplane/dialect/openai_responses_encoder.h"

namespace lmgate::dialect {

// OpenAI responses (OpenAI API reference, Responses).
class OpenAiResponses : public Dialect {
 public:
  std::string_view name() const override;
  absl::StatusOr<chat::ChatRequest> DecodeRequest(const RequestSource& source) const override;
  absl::StatusOr<UpstreamBody> EncodeRequest(const chat::ChatRequest& request,
                                             const BackendTraits& traits) const override;
  absl::StatusOr<chat::ChatResponse> DecodeResponse(std::string_view body,
                                                    const AnswerContext& context) const override;
  std::string EncodeResponse(const chat::ChatResponse& response,
                             const AnswerContext& context) const override;
  std::unique_ptr<EventDecoder> NewEventDecoder(const AnswerContext& context) const override;
  // An OpenAiResponsesEncoder.
  std::unique_ptr<EventEncoder> NewEventEncoder(const AnswerContext& context) const override;
};

}  // namespace lmgate::dialect

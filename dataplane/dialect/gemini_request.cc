#include "dataplane/dialect/gemini.h"

namespace lmgate::dialect {

std::string_view Gemini::name() const { return "gemini"; }

absl::StatusOr<chat::ChatRequest> Gemini::DecodeRequest(const RequestSource&) const {
  return absl::UnimplementedError("gemini");
}

absl::StatusOr<UpstreamBody> Gemini::EncodeRequest(const chat::ChatRequest&,
                                                   const BackendTraits&) const {
  return absl::UnimplementedError("gemini");
}

}  // namespace lmgate::dialect

#pragma once

#include <absl/types/span.h>

#include <string>
#include <string_view>

#include "dataplane/dialect/dialect.h"

namespace lmgate::testing {

// A way in which clients speak: the five dialects, and Bedrock's InvokeModel.
struct ClientKind {
  std::string_view name;  // as "anthropic", "bedrock-invoke"
  const dialect::Dialect* dialect;
  // The least that asks for a streamed answer; model and stream may stand in the path.
  dialect::RequestSource request;
};
absl::Span<const ClientKind> ClientKinds();

// What is wrong with a whole stream of that kind; empty = nothing. One that ends with an error of
// its dialect is lawful.
std::string CheckClientStream(const ClientKind& kind, std::string_view bytes);

// True when a lawful stream ends with an error and not as an answer does.
bool EndsInError(const ClientKind& kind, std::string_view bytes);

}  // namespace lmgate::testing

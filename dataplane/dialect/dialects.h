#pragma once

#include <string_view>

#include "dataplane/dialect/dialect.h"

namespace lmgate::dialect {

// The one of a client or connection: contract::kDialectNames. Bedrock's is its Converse API. Null =
// unknown.
const Dialect* FindDialect(std::string_view name);

// Bedrock's InvokeModel for Claude.
const Dialect& BedrockInvokeDialect();

// The one to ask for `model` at a connection of dialect `connection`: Bedrock's Claude takes
// Anthropic's JSON, which says more than Converse does. A name that does not tell the model (of an
// application inference profile) is Converse's.
const Dialect& CoderFor(const Dialect& connection, std::string_view model);

}  // namespace lmgate::dialect

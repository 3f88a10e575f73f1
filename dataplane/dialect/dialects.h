#pragma once

#include <string_view>

#include "dataplane/dialect/dialect.h"

namespace lmgate::dialect {

// The one of a connection: contract::kDialectNames. Bedrock's is its Converse API. Null = unknown.
const Dialect* FindDialect(std::string_view name);

// Of a client that calls Bedrock's InvokeModel.
const Dialect& BedrockInvokeDialect();

}  // namespace lmgate::dialect

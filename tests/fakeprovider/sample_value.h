#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace lmgate::fakeprovider {

// JSON text that fits a JSON schema, the same for the same input: const, default, the first of enum
// and examples, else by type; strings are `text`. Objects get what is required, or all properties
// when nothing is. Follows $ref into the schema itself. Deeper than 16 levels is null.
std::string MakeSampleValue(const simdjson::dom::element& schema, std::string_view text);

}  // namespace lmgate::fakeprovider

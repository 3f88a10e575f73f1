#pragma once

#include <string_view>

namespace lmgate::dialect {

// What a model's name says of what it takes (Gemini API reference, Models).
struct GeminiModel {
  int major = 2;
  int minor = 5;
  bool pro = false;   // cannot be kept from thinking
  bool lite = false;  // thinks 512 tokens or more

  // Schemas as JSON Schema; before that the OpenAPI subset only. Also the first that think.
  bool takes_json_schema() const { return major > 2 || (major == 2 && minor >= 5); }
  // thinkingLevel instead of thinkingBudget, and signed function calls.
  bool is_third() const { return major >= 3; }
};

// Names without a version: "gemini-pro" is the first, "gemini-flash-latest" a third; others count
// as 2.5, which refuses least.
GeminiModel GeminiModelOf(std::string_view name);

}  // namespace lmgate::dialect

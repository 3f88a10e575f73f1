#include "tests/fakeprovider/openai_embedding.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_format.h>

#include <bit>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/json_text.h"
#include "tests/fakeprovider/openai_error.h"
#include "tests/fakeprovider/reply.h"

namespace lmgate::fakeprovider {
namespace {

namespace dom = simdjson::dom;

static_assert(std::endian::native == std::endian::little,
              "OpenAI's base64 embeddings are little-endian floats");

// OpenAI API reference, embeddings: text-embedding-3-small, and -large.
constexpr int64_t kDimensionsDefault = 1536;
constexpr int64_t kDimensionsMax = 3072;
constexpr size_t kInputsMax = 2048;

// splitmix64 (Steele, Lea, Flood 2014): one state gives one number.
uint64_t Mix(uint64_t state) {
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
  return state ^ (state >> 31);
}

// FNV-1a: std::hash may differ between builds.
uint64_t HashText(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char byte : text) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3;
  }
  return hash;
}

std::vector<float> MakeVector(std::string_view text, size_t dimensions) {
  constexpr uint64_t kStep = 0x9E3779B97F4A7C15;  // splitmix64's
  std::vector<float> vector(dimensions);
  uint64_t state = HashText(text);
  double squares = 0;
  for (float& component : vector) {
    state += kStep;
    // The upper 24 bits as a number in [-1, 1).
    component = static_cast<float>(Mix(state) >> 40) / 8388608.0F - 1.0F;
    squares += static_cast<double>(component) * static_cast<double>(component);
  }
  const float length = static_cast<float>(std::sqrt(squares));
  if (length > 0) {
    for (float& component : vector) component /= length;
  }
  return vector;
}

std::string EncodeFloats(const std::vector<float>& vector) {
  std::string json = "[";
  // Nine digits bring every float back exactly.
  for (const float component : vector) {
    absl::StrAppendFormat(&json, "%s%.9g", json.size() == 1 ? "" : ",", component);
  }
  return json + "]";
}

std::string EncodeBase64(const std::vector<float>& vector) {
  const absl::string_view bytes(reinterpret_cast<const char*>(vector.data()),
                                vector.size() * sizeof(float));
  return StrCat("\"", absl::Base64Escape(bytes), "\"");
}

// Strings as they are; token numbers as their JSON.
std::vector<std::string> ReadInputs(const dom::object& json) {
  if (const auto text = FindString(json, "input")) return {std::string(*text)};
  std::vector<std::string> inputs;
  const auto entries = FindArray(json, "input");
  if (!entries.has_value()) return inputs;
  for (const dom::element entry : *entries) {
    std::string_view text;
    if (inputs.size() == kInputsMax) break;
    if (entry.is<int64_t>()) return {std::string(simdjson::minify(*entries))};
    inputs.push_back(entry.get(text) == simdjson::SUCCESS ? std::string(text)
                                                          : simdjson::minify(entry));
  }
  return inputs;
}

}  // namespace

Answer AnswerEmbedding(const Call& call) {
  const std::vector<std::string> inputs = ReadInputs(*call.json);
  const int64_t dimensions =
      FindInteger(*call.json, "dimensions")
          .value_or(call.model.find("large") == std::string::npos ? kDimensionsDefault
                                                                  : kDimensionsMax);
  if (inputs.empty()) {
    return MakeErrorAnswer(OpenaiError{.message = "Missing required parameter: 'input'.",
                                       .param = "input",
                                       .code = "missing_required_parameter"});
  }
  if (dimensions < 1 || dimensions > kDimensionsMax) {
    return MakeErrorAnswer(OpenaiError{.message = "Invalid 'dimensions': out of range.",
                                       .param = "dimensions",
                                       .code = "integer_out_of_range"});
  }
  const bool is_base64 = FindString(*call.json, "encoding_format") == "base64";
  size_t tokens = 0;
  std::string data;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::vector<float> vector = MakeVector(inputs[i], static_cast<size_t>(dimensions));
    tokens += CountTokens(inputs[i]);
    StrAppend(&data, i == 0 ? "" : ",", R"({"object":"embedding","index":)", i, R"(,"embedding":)",
              is_base64 ? EncodeBase64(vector) : EncodeFloats(vector), "}");
  }
  const std::string usage =
      call.fault.kind == FaultKind::kNoUsage
          ? ""
          : StrCat(R"(,"usage":{"prompt_tokens":)", tokens, R"(,"total_tokens":)", tokens, "}");
  return Answer{.body = StrCat(R"({"object":"list","data":[)", data, R"(],"model":)",
                               QuoteJson(call.model), usage, "}")};
}

}  // namespace lmgate::fakeprovider

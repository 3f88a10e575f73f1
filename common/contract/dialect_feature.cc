#include "common/contract/dialect_feature.h"

#include <algorithm>

namespace lmgate::contract {
namespace {

constexpr Treatment M = Treatment::kMaps;
constexpr Treatment E = Treatment::kEmulated;
constexpr Treatment D = Treatment::kDropped;
constexpr Treatment R = Treatment::kRefused;

// In the order of Feature. Columns: openai-chat, openai-responses, anthropic, gemini, bedrock. What
// a client of Bedrock's says is named as in Converse; Claude there is asked in Anthropic's JSON
// (InvokeModel), which can say more than this column promises: the notes tell.
constexpr FeatureRow kRows[] = {
    {Feature::kSystemText,
     "system text",
     {"messages", "instructions", "system", "systemInstruction", "system"},
     {M, M, M, M, M},
     ""},
    {Feature::kLateSystemText,
     "system text between turns",
     {"messages", "input", "messages", "", "messages"},
     {M, M, E, E, E},
     "as a user's text in <system> tags, at its place"},
    {Feature::kImageData,
     "image, inline",
     {"image_url", "input_image", "image", "inlineData", "image"},
     {M, M, M, M, M},
     ""},
    {Feature::kImageUrl,
     "image by URL",
     {"image_url", "input_image", "image", "fileData", ""},
     {M, M, M, M, R},
     ""},
    {Feature::kImageDetail,
     "image detail",
     {"image_url.detail", "input_image.detail", "", "mediaResolution", ""},
     {M, M, D, D, D},
     ""},
    {Feature::kFileData,
     "file (PDF), inline",
     {"file.file_data", "input_file.file_data", "document", "inlineData", "document"},
     {M, M, M, M, M},
     ""},
    {Feature::kFileUrl,
     "file by URL",
     {"", "input_file.file_url", "document", "fileData", ""},
     {R, M, M, M, R},
     ""},
    {Feature::kFileId,
     "file held by the provider",
     {"file.file_id", "input_file.file_id", "source.file_id", "", "s3Location"},
     {M, M, R, R, R},
     "between OpenAI's two dialects only"},
    {Feature::kAudio,
     "audio",
     {"input_audio", "input_audio", "", "inlineData", ""},
     {M, M, R, M, R},
     ""},
    {Feature::kTools,
     "function tools, calls and results",
     {"tools", "tools", "tools", "tools", "toolConfig.tools"},
     {M, M, M, M, M},
     ""},
    {Feature::kToolStrict,
     "strict tool arguments",
     {"function.strict", "tools.strict", "tools.strict", "", ""},
     {M, M, D, D, D},
     ""},
    {Feature::kToolChoice,
     "tool_choice auto, any, one",
     {"tool_choice", "tool_choice", "tool_choice", "functionCallingConfig", "toolChoice"},
     {M, M, M, M, M},
     ""},
    {Feature::kToolChoiceNone,
     "tool_choice none",
     {"tool_choice", "tool_choice", "tool_choice", "functionCallingConfig", ""},
     {M, M, M, M, E},
     "bedrock: an instruction, and the tools stay out unless the history has calls; maps for "
     "Claude"},
    {Feature::kToolChoiceSubset,
     "tool_choice of some tools",
     {"tool_choice", "tool_choice", "", "allowedFunctionNames", ""},
     {M, M, E, M, E},
     "only those tools are sent"},
    {Feature::kParallelToolCalls,
     "no parallel tool calls",
     {"parallel_tool_calls", "parallel_tool_calls", "disable_parallel_tool_use", "", ""},
     {M, M, M, D, D},
     "bedrock: maps for Claude"},
    {Feature::kToolResultError,
     "failed tool result",
     {"", "", "is_error", "functionResponse.response.error", "toolResult.status"},
     {E, E, M, M, M},
     "the text begins with \"Error: \""},
    {Feature::kToolResultImage,
     "image in a tool result",
     {"", "function_call_output", "tool_result", "functionResponse.parts", "toolResult"},
     {E, M, M, E, M},
     "as a user's image after the results"},
    {Feature::kMaxTokens,
     "token limit",
     {"max_completion_tokens", "max_output_tokens", "max_tokens", "maxOutputTokens", "maxTokens"},
     {M, M, M, M, M},
     "anthropic: a default of the gateway when absent; openai-responses: at least 16"},
    {Feature::kTemperature,
     "temperature",
     {"temperature", "temperature", "temperature", "temperature", "temperature"},
     {M, M, M, M, M},
     "anthropic, bedrock: at most 1; Claude: not with thinking, and not from 4.7 on"},
    {Feature::kTopP,
     "top_p",
     {"top_p", "top_p", "top_p", "topP", "topP"},
     {M, M, M, M, M},
     "Claude: not beside temperature, and not from 4.7 on"},
    {Feature::kTopK,
     "top_k",
     {"", "", "top_k", "topK", "additionalModelRequestFields.top_k"},
     {D, D, M, M, M},
     "Claude: not with thinking, and not from 4.7 on"},
    {Feature::kStop,
     "stop sequences",
     {"stop", "", "stop_sequences", "stopSequences", "stopSequences"},
     {M, R, M, M, M},
     "at most 4 (openai-chat) or 5 (gemini)"},
    {Feature::kN,
     "several answers",
     {"n", "", "", "candidateCount", ""},
     {M, E, E, M, E},
     "as many requests in parallel; also of gemini, above 8"},
    {Feature::kSeed, "seed", {"seed", "", "", "seed", ""}, {M, D, D, M, D}, ""},
    {Feature::kPenalties,
     "presence and frequency penalty",
     {"presence_penalty", "", "", "presencePenalty", ""},
     {M, D, D, M, D},
     ""},
    {Feature::kLogitBias, "logit bias", {"logit_bias", "", "", "", ""}, {M, D, D, D, D}, ""},
    {Feature::kJsonObject,
     "JSON answer",
     {"response_format", "text.format", "", "responseMimeType", ""},
     {M, M, E, M, E},
     "an instruction; also of gemini before 3, beside tools"},
    {Feature::kJsonSchema,
     "JSON answer by a schema",
     {"response_format", "text.format", "output_config.format", "responseJsonSchema", ""},
     {M, M, M, M, E},
     "a tool that must be called; its arguments are the answer; also of gemini before 3 beside "
     "tools, and of Claude before 4.5 (Opus 4.1)"},
    {Feature::kReasoning,
     "reasoning effort or budget",
     {"reasoning_effort", "reasoning", "thinking", "thinkingConfig",
      "additionalModelRequestFields.thinking"},
     {M, M, M, M, M},
     "effort and budget by a table; bedrock: Claude's, others decide for themselves"},
    {Feature::kReasoningSignature,
     "reasoning of earlier turns",
     {"reasoning_details", "reasoning.encrypted_content", "thinking.signature", "thoughtSignature",
      "reasoningContent"},
     {D, M, M, M, M},
     "to the provider and model that signed it, and to no other"},
    {Feature::kVerbosity,
     "verbosity",
     {"verbosity", "text.verbosity", "", "", ""},
     {M, M, D, D, D},
     ""},
    {Feature::kEndUser,
     "end user",
     {"user", "user", "metadata.user_id", "", ""},
     {M, M, M, D, D},
     ""},
    {Feature::kCache,
     "cache markers",
     {"prompt_cache_key", "prompt_cache_key", "cache_control", "cachedContent", "cachePoint"},
     {D, D, M, D, M},
     ""},
    {Feature::kOwnFields,
     "fields of one dialect: server tools, stored state, logprobs, audio out …",
     {"web_search_options", "previous_response_id", "mcp_servers", "cachedContent",
      "guardrailConfig"},
     {R, R, R, R, R},
     ""},
};
static_assert(std::size(kRows) == kFeatureCount);

}  // namespace

absl::Span<const FeatureRow> DialectFeatures() { return kRows; }

const FeatureRow& FindFeature(Feature feature) { return kRows[static_cast<size_t>(feature)]; }

Treatment TreatmentBetween(const FeatureRow& row, size_t client, size_t target) {
  // A file is known to the provider that holds it, and to no other.
  const auto is_openai = [](size_t column) { return kDialectNames[column].starts_with("openai-"); };
  if (row.feature == Feature::kFileId && !(is_openai(client) && is_openai(target))) {
    return Treatment::kRefused;
  }
  return row.treatment[target];
}

size_t DialectColumn(std::string_view dialect) {
  return static_cast<size_t>(std::find(kDialectNames.begin(), kDialectNames.end(), dialect) -
                             kDialectNames.begin());
}

std::string_view TreatmentName(Treatment treatment) {
  switch (treatment) {
    case Treatment::kMaps:
      return "maps";
    case Treatment::kEmulated:
      return "emulated";
    case Treatment::kDropped:
      return "dropped";
    case Treatment::kRefused:
      return "refused";
  }
  return "refused";
}

}  // namespace lmgate::contract

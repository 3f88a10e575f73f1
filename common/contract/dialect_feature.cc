#include "common/contract/dialect_feature.h"

#include <algorithm>

namespace lmgate::contract {
namespace {

constexpr Treatment M = Treatment::kMaps;
constexpr Treatment E = Treatment::kEmulated;
constexpr Treatment D = Treatment::kDropped;
constexpr Treatment R = Treatment::kRefused;

constexpr std::string_view kInTags = "as a user's text in <system> tags, at its place";
constexpr std::string_view kOpenAiOnly = "between OpenAI's two dialects only";
constexpr std::string_view kThoseTools = "only those tools are sent";
constexpr std::string_view kErrorText = "the text begins with \"Error: \"";
constexpr std::string_view kUsersImage = "as a user's image after the results";
constexpr std::string_view kClaudesTemperature =
    "at most 1; Claude: not with thinking, and not from 4.7 on";
constexpr std::string_view kClaudesTopP = "Claude: not beside temperature, and not from 4.7 on";
constexpr std::string_view kClaudesTopK = "Claude: not with thinking, and not from 4.7 on";
constexpr std::string_view kNotReasoning = "not for OpenAI's models that reason";
constexpr std::string_view kCutHere = "the answer is cut off here; the provider goes on";
constexpr std::string_view kRequests = "as many requests in parallel, at most 16";
constexpr std::string_view kByTable = "effort and budget by a table";
constexpr std::string_view kRootObject =
    "lists and texts inside an object, which the answer comes without";
constexpr std::string_view kSignedThere =
    "to the provider and model that signed it, and to no other";

// In the order of Feature. Columns: openai-chat, openai-responses, anthropic, gemini, bedrock. What
// a client of Bedrock's says is named as in Converse; Claude there is asked in Anthropic's JSON
// (InvokeModel), which can say more than this column promises: the notes tell.
constexpr FeatureRow kRows[] = {
    {Feature::kSystemText,
     "system text",
     {"messages", "instructions", "system", "systemInstruction", "system"},
     {M, M, M, M, M},
     {}},
    {Feature::kLateSystemText,
     "system text between turns",
     {"messages", "input", "messages", "", "messages"},
     {M, M, E, E, E},
     {"", "", kInTags, kInTags, kInTags}},
    {Feature::kImageData,
     "image, inline",
     {"image_url", "input_image", "image", "inlineData", "image"},
     {M, M, M, M, M},
     {}},
    {Feature::kImageUrl,
     "image by URL",
     {"image_url", "input_image", "image", "fileData", ""},
     {M, M, M, M, R},
     {}},
    {Feature::kImageDetail,
     "image detail",
     {"image_url.detail", "input_image.detail", "", "mediaResolution", ""},
     {M, M, D, D, D},
     {}},
    {Feature::kFileData,
     "file (PDF), inline",
     {"file.file_data", "input_file.file_data", "document", "inlineData", "document"},
     {M, M, M, M, M},
     {}},
    {Feature::kFileUrl,
     "file by URL",
     {"", "input_file.file_url", "document", "fileData", ""},
     {R, M, M, M, R},
     {}},
    {Feature::kFileId,
     "file held by the provider",
     {"file.file_id", "input_file.file_id", "source.file_id", "", "s3Location"},
     {M, M, R, R, R},
     {kOpenAiOnly, kOpenAiOnly, "", "", ""}},
    {Feature::kAudio,
     "audio",
     {"input_audio", "input_audio", "", "inlineData", ""},
     {M, M, R, M, R},
     {}},
    {Feature::kCitations,
     "citations of documents",
     {"", "", "document.citations", "", "document.citations"},
     {R, R, M, R, M},
     {}},
    {Feature::kTools,
     "function tools, calls and results",
     {"tools", "tools", "tools", "tools", "toolConfig.tools"},
     {M, M, M, M, M},
     {}},
    {Feature::kToolStrict,
     "strict tool arguments",
     {"function.strict", "tools.strict", "tools.strict", "", ""},
     {M, M, M, D, D},
     {"", "", "Claude from 4.5 (Opus 4.1), of schemas without bounds of values", "",
      "maps for Claude from 4.5"}},
    {Feature::kToolChoice,
     "tool_choice auto, any, one",
     {"tool_choice", "tool_choice", "tool_choice", "functionCallingConfig", "toolChoice"},
     {M, M, M, M, M},
     {}},
    {Feature::kToolChoiceNone,
     "tool_choice none",
     {"tool_choice", "tool_choice", "tool_choice", "functionCallingConfig", ""},
     {M, M, M, M, E},
     {"", "", "", "",
      "an instruction, and the tools stay out unless the history has calls; maps for Claude"}},
    {Feature::kToolChoiceSubset,
     "tool_choice of some tools",
     {"tool_choice", "tool_choice", "", "allowedFunctionNames", ""},
     {M, M, E, M, E},
     {"", "", kThoseTools, "", kThoseTools}},
    {Feature::kParallelToolCalls,
     "no parallel tool calls",
     {"parallel_tool_calls", "parallel_tool_calls", "disable_parallel_tool_use", "", ""},
     {M, M, M, D, D},
     {"", "", "", "", "maps for Claude"}},
    {Feature::kToolResultError,
     "failed tool result",
     {"", "", "is_error", "functionResponse.response.error", "toolResult.status"},
     {E, E, M, M, M},
     {kErrorText, kErrorText, "", "", ""}},
    {Feature::kToolResultImage,
     "image in a tool result",
     {"", "function_call_output", "tool_result", "functionResponse.parts", "toolResult"},
     {E, M, M, E, M},
     {kUsersImage, "", "", kUsersImage, ""}},
    {Feature::kMaxTokens,
     "token limit",
     {"max_completion_tokens", "max_output_tokens", "max_tokens", "maxOutputTokens", "maxTokens"},
     {M, M, M, M, M},
     {"", "at least 16", "when absent: the model's default here; raised by a budget for thinking",
      "", "raised by a budget for thinking"}},
    {Feature::kTemperature,
     "temperature",
     {"temperature", "temperature", "temperature", "temperature", "temperature"},
     {M, M, M, M, M},
     {kNotReasoning, kNotReasoning, kClaudesTemperature, "", kClaudesTemperature}},
    {Feature::kTopP,
     "top_p",
     {"top_p", "top_p", "top_p", "topP", "topP"},
     {M, M, M, M, M},
     {kNotReasoning, kNotReasoning, kClaudesTopP, "", kClaudesTopP}},
    {Feature::kTopK,
     "top_k",
     {"", "", "top_k", "topK", "additionalModelRequestFields.top_k"},
     {D, D, M, M, M},
     {"", "", kClaudesTopK, "",
      "Claude: not with thinking, and not from 4.7 on; not of Llama, gpt-oss, DeepSeek"}},
    {Feature::kStop,
     "stop sequences",
     {"stop", "", "stop_sequences", "stopSequences", "stopSequences"},
     {M, E, M, M, M},
     {"at most 4; models that reason: cut off here", kCutHere, "", "at most 5", ""}},
    {Feature::kN,
     "several answers",
     {"n", "", "", "candidateCount", ""},
     {M, E, E, M, E},
     {"at most 16", kRequests, kRequests, "above 8: as many requests, at most 16", kRequests}},
    {Feature::kSeed, "seed", {"seed", "", "", "seed", ""}, {M, D, D, M, D}, {}},
    {Feature::kPenalties,
     "presence and frequency penalty",
     {"presence_penalty", "", "", "presencePenalty", ""},
     {M, D, D, M, D},
     {}},
    {Feature::kLogitBias, "logit bias", {"logit_bias", "", "", "", ""}, {M, D, D, D, D}, {}},
    {Feature::kLogprobs,
     "log probabilities",
     {"logprobs", "top_logprobs", "", "", ""},
     {M, M, D, R, D},
     {kNotReasoning, kNotReasoning, "", "", ""}},
    {Feature::kJsonObject,
     "JSON answer",
     {"response_format", "text.format", "", "responseMimeType", ""},
     {M, M, E, M, E},
     {"", "", "an instruction", "an instruction before Gemini 3, beside tools", "an instruction"}},
    {Feature::kJsonSchema,
     "JSON answer by a schema",
     {"response_format", "text.format", "output_config.format", "responseJsonSchema", ""},
     {M, M, M, M, E},
     {kRootObject, kRootObject,
      "before Claude 4.5 (Opus 4.1): a tool that must be called; lists and texts inside an object",
      "before Gemini 3, beside tools: a tool that must be called",
      "a tool that must be called; its arguments are the answer; for Claude that thinks: maps from "
      "4.5, an instruction before"}},
    {Feature::kReasoning,
     "reasoning effort or budget",
     {"reasoning_effort", "reasoning", "thinking", "thinkingConfig",
      "additionalModelRequestFields.thinking"},
     {M, M, M, M, M},
     {kByTable, kByTable, kByTable, kByTable,
      "effort and budget by a table, of Claude, Nova 2 and gpt-oss; others decide for themselves"}},
    {Feature::kReasoningSignature,
     "reasoning of earlier turns",
     {"reasoning_details", "reasoning.encrypted_content", "thinking.signature", "thoughtSignature",
      "reasoningContent"},
     {D, M, M, M, M},
     {"", kSignedThere, kSignedThere, kSignedThere, kSignedThere}},
    {Feature::kVerbosity,
     "verbosity",
     {"verbosity", "text.verbosity", "", "", ""},
     {M, M, D, D, D},
     {}},
    {Feature::kEndUser,
     "end user",
     {"user", "user", "metadata.user_id", "", ""},
     {M, M, M, D, D},
     {}},
    {Feature::kCache,
     "cache markers",
     {"prompt_cache_breakpoint", "prompt_cache_breakpoint", "cache_control", "cachedContent",
      "cachePoint"},
     {D, D, M, D, M},
     {}},
    {Feature::kOpenAiFields,
     "prompt cache key, service tier, metadata",
     {"prompt_cache_key", "prompt_cache_key", "", "", ""},
     {M, M, D, D, D},
     {"to OpenAI's models; metadata with store only", "to OpenAI's models", "", "", ""}},
    {Feature::kOwnFields,
     "fields of one dialect: server tools, stored state, audio out …",
     {"web_search_options", "conversation", "mcp_servers", "cachedContent", "guardrailConfig"},
     {R, R, R, R, R},
     {}},
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

// The table of contract::DialectFeatures against what the hub does: each of its cells by a request
// of a client.

#include <absl/strings/match.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "common/contract/dialect_feature.h"
#include "dataplane/dialect/dialects.h"
#include "dataplane/dialect/feature_check.h"
#include "dataplane/dialect/seal.h"
#include "dataplane/dialect/sealed_history.h"
#include "dataplane/dialect/translation.h"

namespace lmgate::dialect {
namespace {

using contract::Feature;
using contract::Treatment;
using Json = nlohmann::ordered_json;

// What a body must hold; "-TEXT" = must not. By dialect of the backend.
using Needles = std::map<std::string_view, std::vector<std::string>>;

struct Case {
  Feature feature;
  std::string_view client;
  std::string members;  // beside those of the least request, or instead of them
  Needles needles;
};

constexpr std::string_view kChat = "openai-chat";
constexpr std::string_view kResponses = "openai-responses";
constexpr std::string_view kAnthropic = "anthropic";
constexpr std::string_view kGemini = "gemini";
constexpr std::string_view kBedrock = "bedrock";

constexpr std::string_view kGeminiModel = "gemini-2.5-pro";
constexpr std::string_view kClaude = "claude-sonnet-4-5";
constexpr std::string_view kBedrocksClaude = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";
constexpr std::string_view kNova = "amazon.nova-pro-v1:0";

std::string_view ModelOf(std::string_view backend, Feature feature) {
  if (backend == kAnthropic) return kClaude;
  // What only Claude has there.
  const bool thinks = feature == Feature::kReasoning || feature == Feature::kReasoningSignature;
  if (backend == kBedrock) return thinks ? kBedrocksClaude : kNova;
  if (backend == kGemini) return kGeminiModel;
  return thinks || feature == Feature::kVerbosity ? "gpt-5" : "gpt-4o";
}

std::string LeastRequest(std::string_view client) {
  if (client == kChat) return R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";
  if (client == kResponses) return R"({"model":"m","store":false,"input":"hi"})";
  if (client == kAnthropic) {
    return R"({"model":"m","max_tokens":99,"messages":[{"role":"user","content":"hi"}]})";
  }
  if (client == kGemini) return R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})";
  return R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})";
}

std::string ChatUser(std::string_view part) {
  return StrCat(R"({"messages":[{"role":"user","content":[{"type":"text","text":"hi"},)", part,
                "]}]}");
}

std::string AnthropicUser(std::string_view block) {
  return StrCat(R"({"messages":[{"role":"user","content":[{"type":"text","text":"hi"},)", block,
                "]}]}");
}

// A call and its result, with `tools`.
std::string AnthropicLoop(std::string_view result_members) {
  return StrCat(R"({"tools":[{"name":"toolw","input_schema":{"type":"object"}}],"messages":[)"
                R"({"role":"user","content":"hi"},{"role":"assistant","content":[)"
                R"({"type":"tool_use","id":"toolu_1","name":"toolw","input":{}}]},)"
                R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1",)",
                result_members, "}]}]}");
}

// An answer of an earlier turn with reasoning that `signature` proves.
std::string AnthropicReasoning(const chat::Signature& signature) {
  return StrCat(R"({"thinking":{"type":"enabled","budget_tokens":2000},"max_tokens":4000,)"
                R"("messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[)"
                R"({"type":"thinking","thinking":"hm","signature":")",
                SealSignature(signature, kOriginAnthropic),
                R"("},{"type":"text","text":"so"}]},{"role":"user","content":"and"}]})");
}

constexpr std::string_view kChatTools =
    R"("tools":[{"type":"function","function":{"name":"toolw","parameters":{"type":"object"}}},)"
    R"({"type":"function","function":{"name":"other","parameters":{"type":"object"}}}])";
constexpr std::string_view kAnthropicTools =
    R"("tools":[{"name":"toolw","input_schema":{"type":"object"}}])";
constexpr std::string_view kGeminiTools =
    R"("tools":[{"functionDeclarations":[{"name":"toolw"},{"name":"other"}]}])";

std::string With(std::string_view tools, std::string_view member) {
  return StrCat("{", tools, ",", member, "}");
}

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {Feature::kSystemText,
       kChat,
       R"({"messages":[{"role":"system","content":"SYSW"},{"role":"user","content":"hi"}]})",
       {{kResponses, {"SYSW"}},
        {kAnthropic, {R"("system":)", "SYSW"}},
        {kGemini, {R"("systemInstruction":)", "SYSW"}},
        {kBedrock, {R"("system":[{"text":"SYSW"}])"}}}},
      {Feature::kSystemText,
       kAnthropic,
       R"({"system":"SYSW"})",
       {{kChat, {R"({"role":"system","content":"SYSW"})"}}}},
      {Feature::kLateSystemText,
       kChat,
       R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},)"
       R"({"role":"system","content":"LATEW"},{"role":"user","content":"c"}]})",
       {{kResponses, {"LATEW", "-<system>"}},
        {kAnthropic, {R"(<system>\nLATEW\n</system>)"}},
        {kGemini, {R"(<system>\nLATEW\n</system>)"}},
        {kBedrock, {R"(<system>\nLATEW\n</system>)"}}}},
      {Feature::kLateSystemText,
       kResponses,
       R"({"input":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},)"
       R"({"role":"developer","content":"LATEW"},{"role":"user","content":"c"}]})",
       {{kChat, {"LATEW", "-<system>"}}}},
      {Feature::kImageData,
       kChat,
       ChatUser(R"({"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}})"),
       {{kResponses, {"data:image/png;base64,iVBORw0KGgo="}},
        {kAnthropic, {R"("media_type":"image/png","data":"iVBORw0KGgo=")"}},
        {kGemini, {R"("mimeType":"image/png","data":"iVBORw0KGgo=")"}},
        {kBedrock, {R"("format":"png")", "iVBORw0KGgo="}}}},
      {Feature::kImageData,
       kAnthropic,
       AnthropicUser(R"({"type":"image","source":{"type":"base64","media_type":"image/png",)"
                     R"("data":"iVBORw0KGgo="}})"),
       {{kChat, {"data:image/png;base64,iVBORw0KGgo="}}}},
      {Feature::kImageUrl,
       kChat,
       ChatUser(R"({"type":"image_url","image_url":{"url":"https://x.test/i.png"}})"),
       {{kResponses, {"https://x.test/i.png"}},
        {kAnthropic, {R"("url":"https://x.test/i.png")"}},
        {kGemini, {R"("fileUri":"https://x.test/i.png")"}},
        {kBedrock, {}}}},
      {Feature::kImageUrl,
       kAnthropic,
       AnthropicUser(R"({"type":"image","source":{"type":"url","url":"https://x.test/i.png"}})"),
       {{kChat, {R"("url":"https://x.test/i.png")"}}}},
      {Feature::kImageDetail,
       kChat,
       ChatUser(R"({"type":"image_url","image_url":)"
                R"({"url":"data:image/png;base64,iVBORw0KGgo=","detail":"low"}})"),
       {{kResponses, {R"("detail":"low")"}},
        {kAnthropic, {"-low"}},
        {kGemini, {"-low", "-LOW"}},
        {kBedrock, {"-low"}}}},
      {Feature::kImageDetail,
       kResponses,
       R"({"input":[{"role":"user","content":[{"type":"input_image","detail":"low",)"
       R"("image_url":"data:image/png;base64,iVBORw0KGgo="}]}]})",
       {{kChat, {R"("detail":"low")"}}}},
      {Feature::kFileData,
       kChat,
       ChatUser(R"({"type":"file","file":{"filename":"a.pdf",)"
                R"("file_data":"data:application/pdf;base64,JVBERi0="}})"),
       {{kResponses, {"data:application/pdf;base64,JVBERi0="}},
        {kAnthropic, {R"("type":"document")", "JVBERi0="}},
        {kGemini, {R"("mimeType":"application/pdf","data":"JVBERi0=")"}},
        {kBedrock, {R"("document")", "JVBERi0="}}}},
      {Feature::kFileData,
       kAnthropic,
       AnthropicUser(R"({"type":"document","source":{"type":"base64",)"
                     R"("media_type":"application/pdf","data":"JVBERi0="}})"),
       {{kChat, {"data:application/pdf;base64,JVBERi0="}}}},
      {Feature::kFileUrl,
       kResponses,
       R"({"input":[{"role":"user","content":[{"type":"input_file",)"
       R"("file_url":"https://x.test/a.pdf"}]}]})",
       {{kChat, {}},
        {kAnthropic, {R"("url":"https://x.test/a.pdf")"}},
        {kGemini, {R"("fileUri":"https://x.test/a.pdf")"}},
        {kBedrock, {}}}},
      {Feature::kFileUrl,
       kAnthropic,
       AnthropicUser(R"({"type":"document","source":{"type":"url","url":"https://x.test/a.pdf"}})"),
       {{kResponses, {R"("file_url":"https://x.test/a.pdf")"}}}},
      {Feature::kFileId,
       kChat,
       ChatUser(R"({"type":"file","file":{"file_id":"file-1"}})"),
       {{kResponses, {R"("file_id":"file-1")"}}, {kAnthropic, {}}, {kGemini, {}}, {kBedrock, {}}}},
      {Feature::kFileId,
       kResponses,
       R"({"input":[{"role":"user","content":[{"type":"input_file","file_id":"file-1"}]}]})",
       {{kChat, {R"("file_id":"file-1")"}}}},
      {Feature::kAudio,
       kChat,
       ChatUser(R"({"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}})"),
       {{kResponses, {"UklGRg=="}},
        {kAnthropic, {}},
        {kGemini, {R"("mimeType":"audio/wav","data":"UklGRg==")"}},
        {kBedrock, {}}}},
      {Feature::kAudio,
       kGemini,
       R"({"contents":[{"role":"user","parts":[{"inlineData":)"
       R"({"mimeType":"audio/wav","data":"UklGRg=="}}]}]})",
       {{kChat, {R"("data":"UklGRg==")", R"("format":"wav")"}}}},
      {Feature::kCitations,
       kAnthropic,
       AnthropicUser(R"({"type":"document","citations":{"enabled":true},)"
                     R"("source":{"type":"text","media_type":"text/plain","data":"so"}})"),
       {{kChat, {}},
        {kResponses, {}},
        {kGemini, {}},
        {kBedrock, {R"("citations":{"enabled":true})"}}}},
      {Feature::kCitations,
       kBedrock,
       R"({"messages":[{"role":"user","content":[{"text":"hi"},{"document":{"format":"pdf",)"
       R"("name":"n","source":{"bytes":"JVBERi0="},"citations":{"enabled":true}}}]}]})",
       {{kAnthropic, {R"("citations":{"enabled":true})"}}}},
      {Feature::kTools,
       kChat,
       StrCat("{", kChatTools, "}"),
       {{kResponses, {R"("name":"toolw")"}},
        {kAnthropic, {R"("name":"toolw")", R"("input_schema":{"type":"object")"}},
        {kGemini, {R"("functionDeclarations")", R"("name":"toolw")"}},
        {kBedrock, {R"("toolSpec")", R"("name":"toolw")"}}}},
      {Feature::kTools,
       kAnthropic,
       StrCat("{", kAnthropicTools, "}"),
       {{kChat, {R"("type":"function","function":{"name":"toolw")"}}}},
      {Feature::kToolStrict,
       kChat,
       R"({"tools":[{"type":"function","function":{"name":"t","strict":true,"parameters":)"
       R"({"type":"object","properties":{},"required":[],"additionalProperties":false}}}]})",
       {{kResponses, {R"("strict":true)"}},
        {kAnthropic, {R"("strict":true)"}},
        {kGemini, {R"(-"strict")"}},
        {kBedrock, {R"(-"strict")"}}}},
      {Feature::kToolStrict,
       kAnthropic,
       R"({"tools":[{"name":"t","strict":true,"input_schema":{"type":"object"}}]})",
       {{kChat, {R"("strict":true)"}}}},
      {Feature::kToolChoice,
       kChat,
       With(kChatTools, R"("tool_choice":"required")"),
       {{kResponses, {R"("tool_choice":"required")"}},
        {kAnthropic, {R"("tool_choice":{"type":"any"})"}},
        {kGemini, {R"("mode":"ANY")"}},
        {kBedrock, {R"("toolChoice":{"any":{}})"}}}},
      {Feature::kToolChoice,
       kChat,
       With(kChatTools, R"("tool_choice":{"type":"function","function":{"name":"toolw"}})"),
       {{kResponses, {R"("tool_choice":{"type":"function","name":"toolw"})"}},
        {kAnthropic, {R"("tool_choice":{"type":"tool","name":"toolw"})"}},
        {kGemini, {R"("mode":"ANY")", R"("allowedFunctionNames":["toolw"])"}},
        {kBedrock, {R"("toolChoice":{"tool":{"name":"toolw"}})"}}}},
      {Feature::kToolChoice,
       kAnthropic,
       With(kAnthropicTools, R"("tool_choice":{"type":"any"})"),
       {{kChat, {R"("tool_choice":"required")"}}}},
      {Feature::kToolChoiceNone,
       kChat,
       With(kChatTools, R"("tool_choice":"none")"),
       {{kResponses, {R"("tool_choice":"none")"}},
        {kAnthropic, {R"("tool_choice":{"type":"none"})"}},
        {kGemini, {R"("mode":"NONE")"}},
        {kBedrock, {"-toolConfig"}}}},
      {Feature::kToolChoiceNone,
       kAnthropic,
       [] {
         std::string loop = AnthropicLoop(R"("content":"r")");
         loop.insert(1, R"("tool_choice":{"type":"none"},)");
         return loop;
       }(),
       {{kChat, {R"("tool_choice":"none")"}},
        {kBedrock, {"Do not call any tool", R"("toolSpec")", "-toolChoice"}}}},
      {Feature::kToolChoiceSubset,
       kChat,
       With(kChatTools,
            R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required",)"
            R"("tools":[{"type":"function","function":{"name":"toolw"}}]}})"),
       {{kResponses, {R"("type":"allowed_tools")", R"("name":"other")"}},
        {kAnthropic, {R"("tool_choice":{"type":"any"})", "-other"}},
        {kGemini, {R"("allowedFunctionNames":["toolw"])"}},
        {kBedrock, {R"("toolChoice":{"any":{}})", "-other"}}}},
      {Feature::kToolChoiceSubset,
       kResponses,
       R"({"tools":[{"type":"function","name":"toolw","parameters":{"type":"object"}},)"
       R"({"type":"function","name":"other","parameters":{"type":"object"}}],"tool_choice":)"
       R"({"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"toolw"}]}})",
       {{kChat, {R"("type":"allowed_tools")", R"("mode":"auto")"}}}},
      {Feature::kParallelToolCalls,
       kChat,
       With(kChatTools, R"("parallel_tool_calls":false)"),
       {{kResponses, {R"("parallel_tool_calls":false)"}},
        {kAnthropic, {R"("disable_parallel_tool_use":true)"}},
        {kGemini, {"-arallel"}},
        {kBedrock, {"-arallel"}}}},
      {Feature::kParallelToolCalls,
       kAnthropic,
       With(kAnthropicTools, R"("tool_choice":{"type":"auto","disable_parallel_tool_use":true})"),
       {{kChat, {R"("parallel_tool_calls":false)"}}}},
      {Feature::kToolResultError,
       kAnthropic,
       AnthropicLoop(R"("is_error":true,"content":"FAILW")"),
       {{kChat, {"Error: FAILW"}},
        {kResponses, {"Error: FAILW"}},
        {kGemini, {R"("response":{"error":"FAILW"})"}},
        {kBedrock, {R"("status":"error")", "FAILW"}}}},
      {Feature::kToolResultError,
       kBedrock,
       R"({"messages":[{"role":"user","content":[{"text":"hi"}]},{"role":"assistant","content":)"
       R"([{"toolUse":{"toolUseId":"t1","name":"f","input":{}}}]},{"role":"user","content":)"
       R"([{"toolResult":{"toolUseId":"t1","status":"error","content":[{"text":"FAILW"}]}}]}]})",
       {{kAnthropic, {R"("is_error":true)", "FAILW"}}}},
      {Feature::kToolResultImage,
       kAnthropic,
       AnthropicLoop(R"("content":[{"type":"image","source":{"type":"base64",)"
                     R"("media_type":"image/png","data":"iVBORw0KGgo="}}])"),
       {{kChat, {R"({"role":"tool",)", "[image attached below]", "iVBORw0KGgo="}},
        {kResponses, {R"("output":[{"type":"input_image")", "iVBORw0KGgo="}},
        {kGemini, {"[image attached below]", "iVBORw0KGgo="}},
        {kBedrock, {R"("content":[{"image":{)", "iVBORw0KGgo="}}}},
      {Feature::kToolResultImage,
       kBedrock,
       R"({"messages":[{"role":"user","content":[{"text":"hi"}]},{"role":"assistant","content":)"
       R"([{"toolUse":{"toolUseId":"t1","name":"f","input":{}}}]},{"role":"user","content":)"
       R"([{"toolResult":{"toolUseId":"t1","content":[{"image":{"format":"png","source":)"
       R"({"bytes":"iVBORw0KGgo="}}}]}}]}]})",
       {{kAnthropic, {R"("type":"tool_result")", R"("type":"image")", "iVBORw0KGgo="}}}},
      {Feature::kMaxTokens,
       kChat,
       R"({"max_tokens":777})",
       {{kResponses, {R"("max_output_tokens":777)"}},
        {kAnthropic, {R"("max_tokens":777)"}},
        {kGemini, {R"("maxOutputTokens":777)"}},
        {kBedrock, {R"("maxTokens":777)"}}}},
      {Feature::kMaxTokens, kAnthropic, R"({"max_tokens":777})", {{kChat, {":777"}}}},
      {Feature::kTemperature,
       kChat,
       R"({"temperature":0})",
       {{kResponses, {R"("temperature":0)"}},
        {kAnthropic, {R"("temperature":0)"}},
        {kGemini, {R"("temperature":0)"}},
        {kBedrock, {R"("temperature":0)"}}}},
      {Feature::kTemperature,
       kAnthropic,
       R"({"temperature":0.25})",
       {{kChat, {R"("temperature":0.25)"}}}},
      {Feature::kTopP,
       kChat,
       R"({"top_p":0.75})",
       {{kResponses, {R"("top_p":0.75)"}},
        {kAnthropic, {R"("top_p":0.75)"}},
        {kGemini, {R"("topP":0.75)"}},
        {kBedrock, {R"("topP":0.75)"}}}},
      {Feature::kTopP, kAnthropic, R"({"top_p":0.75})", {{kChat, {R"("top_p":0.75)"}}}},
      {Feature::kTopK,
       kAnthropic,
       R"({"top_k":33})",
       {{kChat, {"-33"}},
        {kResponses, {"-33"}},
        {kGemini, {R"("topK":33)"}},
        {kBedrock, {R"("additionalModelRequestFields":{"inferenceConfig":{"topK":33}})"}}}},
      {Feature::kTopK,
       kGemini,
       R"({"generationConfig":{"topK":33}})",
       {{kAnthropic, {R"("top_k":33)"}}}},
      {Feature::kStop,
       kChat,
       R"({"stop":["STOPW"]})",
       {{kResponses, {"-STOPW"}},
        {kAnthropic, {R"("stop_sequences":["STOPW"])"}},
        {kGemini, {R"("stopSequences":["STOPW"])"}},
        {kBedrock, {R"("stopSequences":["STOPW"])"}}}},
      {Feature::kStop,
       kAnthropic,
       R"({"stop_sequences":["STOPW"]})",
       {{kChat, {R"("stop":["STOPW"])"}}}},
      {Feature::kN,
       kChat,
       R"({"n":3})",
       {{kResponses, {R"(-"n")"}},
        {kAnthropic, {R"(-"n")"}},
        {kGemini, {R"("candidateCount":3)"}},
        {kBedrock, {R"(-"n")"}}}},
      {Feature::kN,
       kGemini,
       R"({"generationConfig":{"candidateCount":3}})",
       {{kChat, {R"("n":3)"}}}},
      {Feature::kSeed,
       kChat,
       R"({"seed":4242})",
       {{kResponses, {"-4242"}},
        {kAnthropic, {"-4242"}},
        {kGemini, {R"("seed":4242)"}},
        {kBedrock, {"-4242"}}}},
      {Feature::kSeed,
       kGemini,
       R"({"generationConfig":{"seed":4242}})",
       {{kChat, {R"("seed":4242)"}}}},
      {Feature::kPenalties,
       kChat,
       R"({"presence_penalty":0.125,"frequency_penalty":0.375})",
       {{kResponses, {"-0.125", "-0.375"}},
        {kAnthropic, {"-0.125", "-0.375"}},
        {kGemini, {R"("presencePenalty":0.125)", R"("frequencyPenalty":0.375)"}},
        {kBedrock, {"-0.125", "-0.375"}}}},
      {Feature::kPenalties,
       kGemini,
       R"({"generationConfig":{"presencePenalty":0.125}})",
       {{kChat, {R"("presence_penalty":0.125)"}}}},
      {Feature::kLogitBias,
       kChat,
       R"({"logit_bias":{"50256":-100}})",
       {{kResponses, {"-50256"}},
        {kAnthropic, {"-50256"}},
        {kGemini, {"-50256"}},
        {kBedrock, {"-50256"}}}},
      {Feature::kLogprobs,
       kChat,
       R"({"logprobs":true,"top_logprobs":2})",
       {{kResponses, {R"("top_logprobs":2)", R"("include":["message.output_text.logprobs"])"}},
        {kAnthropic, {"-logprobs"}},
        {kGemini, {}},
        {kBedrock, {"-logprobs"}}}},
      {Feature::kLogprobs,
       kResponses,
       R"({"include":["message.output_text.logprobs"]})",
       {{kChat, {R"("logprobs":true)", "-top_logprobs"}}}},
      {Feature::kJsonObject,
       kChat,
       R"({"response_format":{"type":"json_object"}})",
       {{kResponses, {R"("format":{"type":"json_object"})"}},
        {kAnthropic, {"JSON object"}},
        {kGemini, {R"("responseMimeType":"application/json")"}},
        {kBedrock, {"JSON object"}}}},
      {Feature::kJsonObject,
       kGemini,
       R"({"generationConfig":{"responseMimeType":"application/json"}})",
       {{kChat, {R"("response_format":{"type":"json_object"})"}}}},
      {Feature::kJsonSchema,
       kChat,
       R"({"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":)"
       R"({"type":"object","properties":{"schemaw":{"type":"string"}}}}}})",
       {{kResponses, {R"("type":"json_schema")", "schemaw"}},
        {kAnthropic, {R"("output_config":{"format":{"type":"json_schema")", "schemaw"}},
        {kGemini,
         {R"("responseMimeType":"application/json")", R"("responseJsonSchema")", "schemaw"}},
        {kBedrock, {R"("toolChoice":{"tool":{"name":"json_answer"}})", "schemaw"}}}},
      {Feature::kJsonSchema,
       kAnthropic,
       R"({"output_config":{"format":{"type":"json_schema","schema":)"
       R"({"type":"object","properties":{"schemaw":{"type":"string"}}}}}})",
       {{kChat, {R"("response_format":{"type":"json_schema")", "schemaw"}}}},
      {Feature::kReasoning,
       kChat,
       R"({"reasoning_effort":"high"})",
       {{kResponses, {R"("effort":"high")"}},
        {kAnthropic, {R"("thinking":{"type":"enabled","budget_tokens":16384})"}},
        {kGemini, {R"("thinkingBudget":)"}},
        {kBedrock, {R"("thinking":{"type":"enabled","budget_tokens":16384})"}}}},
      {Feature::kReasoning,
       kAnthropic,
       R"({"thinking":{"type":"enabled","budget_tokens":16384},"max_tokens":20000})",
       {{kChat, {R"("reasoning_effort":"high")"}}}},
      // To the provider and model that signed it …
      {Feature::kReasoningSignature,
       kAnthropic,
       AnthropicReasoning(
           {.origin = "anthropic", .model = std::string(kClaude), .data = "c2lnbmVk"}),
       {{kBedrock, {R"("signature":"c2lnbmVk")"}},
        {kChat, {"-c2lnbmVk"}},
        {kResponses, {"-c2lnbmVk"}},
        {kGemini, {"-c2lnbmVk"}}}},
      {Feature::kReasoningSignature,
       kAnthropic,
       AnthropicReasoning({.origin = "openai", .model = "gpt-5", .data = "c2lnbmVk"}),
       {{kResponses, {R"("encrypted_content":"c2lnbmVk")"}}, {kBedrock, {"-c2lnbmVk"}}}},
      {Feature::kReasoningSignature,
       kAnthropic,
       AnthropicReasoning(
           {.origin = "gemini", .model = std::string(kGeminiModel), .data = "c2lnbmVk"}),
       {{kGemini, {R"("thoughtSignature":"c2lnbmVk")"}}, {kResponses, {"-c2lnbmVk"}}}},
      {Feature::kReasoningSignature,
       kBedrock,
       R"({"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2000}},)"
       R"("messages":[{"role":"user","content":[{"text":"hi"}]},{"role":"assistant","content":[)"
       R"({"reasoningContent":{"reasoningText":{"text":"hm","signature":"c2lnbmVk"}}},)"
       R"({"text":"so"}]},{"role":"user","content":[{"text":"and"}]}]})",
       {{kAnthropic, {R"("signature":"c2lnbmVk")"}}}},
      {Feature::kVerbosity,
       kChat,
       R"({"verbosity":"low"})",
       {{kResponses, {R"("verbosity":"low")"}},
        {kAnthropic, {"-low"}},
        {kGemini, {"-low"}},
        {kBedrock, {"-low"}}}},
      {Feature::kVerbosity,
       kResponses,
       R"({"text":{"verbosity":"low"}})",
       {{kChat, {R"("verbosity":"low")"}}}},
      {Feature::kEndUser,
       kChat,
       R"({"user":"userw"})",
       {{kResponses, {"userw"}},
        {kAnthropic, {R"("metadata":{"user_id":"userw"})"}},
        {kGemini, {"-userw"}},
        {kBedrock, {"-userw"}}}},
      {Feature::kEndUser,
       kAnthropic,
       R"({"metadata":{"user_id":"userw"}})",
       {{kChat, {R"("user":"userw")"}}}},
      {Feature::kCache,
       kAnthropic,
       R"({"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}]})",
       {{kChat, {"-cache"}},
        {kResponses, {"-cache"}},
        {kGemini, {"-cache"}},
        {kBedrock, {R"("cachePoint":{"type":"default"})"}}}},
      {Feature::kCache,
       kBedrock,
       R"({"system":[{"text":"s"},{"cachePoint":{"type":"default"}}]})",
       {{kAnthropic, {R"("cache_control":{"type":"ephemeral"})"}}}},
      {Feature::kOpenAiFields,
       kChat,
       R"({"prompt_cache_key":"pkw","safety_identifier":"siw","user":"uw","metadata":{"mw":"x"},)"
       R"("service_tier":"flex","store":true})",
       {{kResponses,
         {R"("prompt_cache_key":"pkw")", R"("safety_identifier":"siw")", R"("user":"uw")",
          R"("metadata":{"mw":"x"})", R"("service_tier":"flex")", R"("store":false)"}},
        {kAnthropic, {"-pkw", "-siw", "-mw", "-flex", "-store"}},
        {kGemini, {"-pkw", "-siw", "-mw", "-flex", "-store"}},
        {kBedrock, {"-pkw", "-siw", "-mw", "-flex", "-store"}}}},
      {Feature::kOpenAiFields,
       kResponses,
       R"({"prompt_cache_key":"pkw","safety_identifier":"siw","metadata":{"mw":"x"},)"
       R"("service_tier":"flex"})",
       {{kChat,
         {R"("prompt_cache_key":"pkw")", R"("safety_identifier":"siw")", R"(-"user":"siw")", "-mw",
          R"("service_tier":"flex")", "-store"}}}},
      {Feature::kOpenAiFields,
       kResponses,
       R"({"metadata":{"mw":"x"},"store":true})",
       {{kChat, {R"("metadata":{"mw":"x"})", R"("store":true)"}}}},
      {Feature::kOwnFields,
       kChat,
       R"({"web_search_options":{"search_context_size":"low"}})",
       {{kResponses, {}}, {kAnthropic, {}}, {kGemini, {}}, {kBedrock, {}}}},
      {Feature::kOwnFields,
       kAnthropic,
       R"({"mcp_servers":[{"type":"url","url":"https://x.test","name":"x"}]})",
       {{kChat, {}}}},
  };
  return cases;
}

struct Encoded {
  std::unique_ptr<Translation> translation;
  absl::StatusOr<UpstreamBody> body;
};

Encoded EncodeFor(std::string_view client, std::string_view members, std::string_view backend,
                  std::string_view model) {
  Json body = Json::parse(LeastRequest(client));
  body.update(Json::parse(members));
  auto translation = Translation::Create({.dialect = FindDialect(client), .id = "f", .created = 1},
                                         {.body = body.dump(), .model = "m"});
  if (!translation.ok()) return {nullptr, translation.status()};
  absl::StatusOr<UpstreamBody> encoded =
      (*translation)->Encode(*FindDialect(backend), {.model = std::string(model)});
  return {*std::move(translation), std::move(encoded)};
}

bool Holds(std::string_view body, std::string_view needle) {
  if (needle.starts_with('-')) return body.find(needle.substr(1)) == std::string_view::npos;
  return body.find(needle) != std::string_view::npos;
}

// Which members of a table's row fit a refusal is the client's to say: its own words.
bool NamesField(const absl::Status& status) {
  const auto hint = GetFieldHint(status);
  return hint.has_value() && !hint->field.empty() &&
         absl::StrContains(status.message(), ToAbsl(hint->field));
}

TEST(TranslationFeatures, EveryCellOfTheTableIsTrue) {
  for (const Case& each : Cases()) {
    const contract::FeatureRow& row = contract::FindFeature(each.feature);
    for (const auto& [backend, needles] : each.needles) {
      SCOPED_TRACE(StrCat(row.name, ": ", each.client, " to ", backend));
      const Treatment treatment = row.treatment[contract::DialectColumn(backend)];
      const Encoded encoded =
          EncodeFor(each.client, each.members, backend, ModelOf(backend, each.feature));
      ASSERT_NE(encoded.translation, nullptr) << encoded.body.status();
      const std::vector<Feature> used = UsedFeatures(encoded.translation->request());
      EXPECT_TRUE(std::find(used.begin(), used.end(), each.feature) != used.end());
      if (treatment == Treatment::kRefused) {
        EXPECT_EQ(encoded.body.status().code(), absl::StatusCode::kInvalidArgument);
        EXPECT_TRUE(NamesField(encoded.body.status())) << encoded.body.status();
        EXPECT_TRUE(needles.empty());
        continue;
      }
      ASSERT_TRUE(encoded.body.ok()) << encoded.body.status();
      ASSERT_FALSE(needles.empty());
      const bool dropped = treatment == Treatment::kDropped;
      for (const std::string& needle : needles) {
        EXPECT_TRUE(Holds(encoded.body->body, needle)) << needle << " in " << encoded.body->body;
        EXPECT_TRUE(!dropped || needle.starts_with('-')) << needle;
      }
    }
  }
}

TEST(TranslationFeatures, EveryCellHasACase) {
  std::set<std::pair<Feature, std::string_view>> covered;
  for (const Case& each : Cases()) {
    for (const auto& [backend, needles] : each.needles) covered.emplace(each.feature, backend);
  }
  for (const contract::FeatureRow& row : contract::DialectFeatures()) {
    for (const std::string_view backend : contract::kDialectNames) {
      // Where no other client can say it there is nothing to translate.
      bool sayable = false;
      for (size_t i = 0; i < contract::kDialectCount; ++i) {
        sayable |= contract::kDialectNames[i] != backend && !row.field[i].empty();
      }
      if (!sayable) continue;
      EXPECT_TRUE(covered.contains({row.feature, backend})) << row.name << " to " << backend;
    }
  }
}

// Its JSON is Anthropic's own, in Bedrock's envelope.
TEST(TranslationFeatures, BedrocksClaudeIsToldWhatAnthropicIs) {
  // By a tool, as other models on Bedrock; and not every endpoint there takes metadata.
  const std::set<Feature> otherwise = {Feature::kJsonSchema, Feature::kEndUser};
  size_t cells = 0;
  for (const Case& each : Cases()) {
    const auto needles = each.needles.find(kAnthropic);
    const contract::FeatureRow& row = contract::FindFeature(each.feature);
    const bool refused =
        row.treatment[contract::DialectColumn(kBedrock)] == contract::Treatment::kRefused;
    if (needles == each.needles.end() || each.client == kBedrock || refused) continue;
    if (otherwise.contains(each.feature)) continue;
    SCOPED_TRACE(StrCat(row.name, ": ", each.client));

    const Encoded encoded = EncodeFor(each.client, each.members, kBedrock, kBedrocksClaude);

    ASSERT_TRUE(encoded.body.ok()) << encoded.body.status();
    EXPECT_TRUE(encoded.body->path.ends_with("-v1%3A0/invoke")) << encoded.body->path;
    EXPECT_TRUE(Holds(encoded.body->body, R"("anthropic_version":"bedrock-2023-05-31")"));
    for (const std::string& needle : needles->second) {
      EXPECT_TRUE(Holds(encoded.body->body, needle)) << needle << " in " << encoded.body->body;
    }
    ++cells;
  }
  EXPECT_GT(cells, 15u);
}

TEST(TranslationFeatures, SeveralAnswersAreAsManyRequestsWhereThereIsNoOtherWay) {
  for (const std::string_view backend : {kResponses, kAnthropic, kBedrock}) {
    const Encoded encoded = EncodeFor(kChat, R"({"n":3})", backend, ModelOf(backend, Feature::kN));
    EXPECT_EQ(encoded.translation->branch_count(), 3u) << backend;
  }
  EXPECT_EQ(EncodeFor(kChat, R"({"n":8})", kGemini, kGeminiModel).translation->branch_count(), 1u);
  const Encoded nine = EncodeFor(kChat, R"({"n":9})", kGemini, kGeminiModel);
  EXPECT_EQ(nine.translation->branch_count(), 9u);
  EXPECT_TRUE(Holds(nine.body->body, "-candidateCount")) << nine.body->body;
}

// Plain and streamed, both ways between the two dialects that have them.
TEST(TranslationFeatures, LogProbabilitiesComeBack) {
  constexpr std::string_view kChatEntries =
      R"([{"token":"Hi","logprob":-0.5,"bytes":[72,105],"top_logprobs":)"
      R"([{"token":"Ho","logprob":-1.5,"bytes":null}]}])";
  constexpr std::string_view kResponsesEntries =
      R"([{"token":"Hi","logprob":-0.5,"bytes":[72,105],"top_logprobs":)"
      R"([{"token":"Ho","logprob":-1.5,"bytes":[]}]}])";
  const std::string chat_logprobs = StrCat(R"("logprobs":{"content":)", kChatEntries, "}");
  const std::string responses_logprobs = StrCat(R"("logprobs":)", kResponsesEntries);
  const auto streamed = [](const Encoded& encoded, std::string_view bytes) {
    std::string out;
    encoded.translation->BeginStream();
    encoded.translation->Feed(0, bytes, &out);
    encoded.translation->Finish(0, &out);
    return out;
  };
  Encoded to_chat = EncodeFor(kResponses, R"({"top_logprobs":1})", kChat, "gpt-4o");
  const auto from_chat = to_chat.translation->TranslateAnswer(
      {StrCat(R"({"choices":[{"index":0,"finish_reason":"stop",)", chat_logprobs,
              R"(,"message":{"role":"assistant","content":"Hi"}}]})")});
  ASSERT_TRUE(from_chat.ok()) << from_chat.status();
  EXPECT_TRUE(Holds(*from_chat, responses_logprobs)) << *from_chat;
  const std::string chat_stream = streamed(
      to_chat,
      StrCat(R"(data: {"choices":[{"index":0,"delta":{"content":"Hi"},)", chat_logprobs,
             "}]}\n\ndata: ", R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})",
             "\n\ndata: [DONE]\n\n"));
  const auto at = chat_stream.find("response.output_text.delta");
  EXPECT_TRUE(Holds(chat_stream.substr(at), responses_logprobs)) << chat_stream;
  const auto last = chat_stream.find("response.completed");
  EXPECT_TRUE(Holds(chat_stream.substr(last), responses_logprobs)) << chat_stream;

  Encoded to_responses =
      EncodeFor(kChat, R"({"logprobs":true,"top_logprobs":1})", kResponses, "gpt-4o");
  const std::string whole =
      StrCat(R"({"status":"completed","output":[{"type":"message","id":"m","content":[)"
             R"({"type":"output_text","text":"Hi","annotations":[],)",
             responses_logprobs, "}]}]}");
  const auto from_responses = to_responses.translation->TranslateAnswer({whole});
  ASSERT_TRUE(from_responses.ok()) << from_responses.status();
  EXPECT_EQ(Json::parse(*from_responses)["choices"][0]["logprobs"]["content"],
            Json::parse(kResponsesEntries));
  const std::string stream = streamed(
      to_responses,
      StrCat("data: ",
             R"({"type":"response.output_item.added","output_index":0,)"
             R"("item":{"type":"message","id":"m"}})",
             "\n\ndata: ", R"({"type":"response.output_text.delta","output_index":0,"delta":"Hi",)",
             responses_logprobs,
             "}\n\ndata: ", R"({"type":"response.output_text.done","output_index":0,"text":"Hi",)",
             responses_logprobs, "}\n\ndata: ", R"({"type":"response.completed","response":)",
             whole, "}\n\n"));
  const std::string entries = StrCat(R"("logprobs":{"content":)", kResponsesEntries);
  EXPECT_TRUE(Holds(stream, entries)) << stream;
  EXPECT_EQ(stream.find(entries), stream.rfind(entries)) << stream;
}

TEST(TranslationFeatures, AnAnswerIsCutBeforeAStopSequenceThatTheProviderIsNotTold) {
  const std::string stops = R"({"stop_sequences":["STOPW"]})";
  Encoded responses = EncodeFor(kAnthropic, stops, kResponses, "gpt-5");
  const auto whole = responses.translation->TranslateAnswer(
      {R"({"status":"completed","output":[{"type":"message","id":"m","content":[)"
       R"({"type":"output_text","text":"one STOPW two","annotations":[]}]}]})"});
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_TRUE(Holds(*whole, R"("text":"one ")")) << *whole;
  EXPECT_TRUE(Holds(*whole, R"("stop_reason":"stop_sequence","stop_sequence":"STOPW")")) << *whole;

  Encoded chat = EncodeFor(kAnthropic, stops, kChat, "gpt-5");
  ASSERT_TRUE(chat.body.ok()) << chat.body.status();
  EXPECT_TRUE(Holds(chat.body->body, "-STOPW")) << chat.body->body;
  std::string stream;
  chat.translation->BeginStream();
  chat.translation->Feed(
      0,
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one ST\"}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"OPW two\"}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{},"
      "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
      &stream);
  EXPECT_TRUE(chat.translation->ended());
  EXPECT_TRUE(Holds(stream, R"("text":"one ")")) << stream;
  EXPECT_TRUE(Holds(stream, "-two")) << stream;
  EXPECT_TRUE(Holds(stream, R"("stop_reason":"stop_sequence","stop_sequence":"STOPW")")) << stream;

  Json many = Json::array();
  for (int i = 0; i < 17; ++i) many.push_back(std::to_string(i));
  const Encoded refused =
      EncodeFor(kAnthropic, Json{{"stop_sequences", many}}.dump(), kResponses, "gpt-5");
  EXPECT_TRUE(NamesField(refused.body.status())) << refused.body.status();
  // As many as OpenAI takes.
  const Encoded five =
      EncodeFor(kAnthropic, R"({"stop_sequences":["1","2","3","4","5"]})", kChat, "gpt-4o");
  EXPECT_EQ(GetFieldHint(five.body.status()).value_or(FieldHint()).field, "stop_sequences");
}

TEST(TranslationFeatures, AFileIsKnownToItsProviderOnly) {
  const Encoded encoded =
      EncodeFor(kAnthropic,
                AnthropicUser(R"({"type":"document","source":{"type":"file","file_id":"file_1"}})"),
                kChat, "gpt-4o");
  ASSERT_NE(encoded.translation, nullptr) << encoded.body.status();
  EXPECT_EQ(encoded.body.status().code(), absl::StatusCode::kInvalidArgument);
}

// "Function calling with a response mime type: 'application/json' is unsupported".
TEST(TranslationFeatures, GeminiBeforeTheThirdIsGivenNoJsonFormatBesideTools) {
  const std::string schema = With(
      kChatTools, R"("response_format":{"type":"json_schema","json_schema":{"name":"x","schema":)"
                  R"({"type":"object","properties":{"schemaw":{"type":"string"}}}}})");
  const std::string object = With(kChatTools, R"("response_format":{"type":"json_object"})");

  const std::string by_tool = EncodeFor(kChat, schema, kGemini, kGeminiModel).body->body;
  EXPECT_TRUE(Holds(by_tool, "-responseMimeType")) << by_tool;
  EXPECT_TRUE(Holds(by_tool, R"("name":"json_answer")")) << by_tool;
  EXPECT_TRUE(Holds(by_tool, R"("mode":"ANY")")) << by_tool;
  const std::string by_words = EncodeFor(kChat, object, kGemini, kGeminiModel).body->body;
  EXPECT_TRUE(Holds(by_words, "-responseMimeType")) << by_words;
  EXPECT_TRUE(Holds(by_words, "one JSON object")) << by_words;
  for (const std::string& members : {schema, object}) {
    const std::string native =
        EncodeFor(kChat, members, kGemini, "gemini-3-pro-preview").body->body;
    EXPECT_TRUE(Holds(native, R"("responseMimeType":"application/json")")) << native;
    EXPECT_TRUE(Holds(native, "-json_answer")) << native;
  }
}

TEST(TranslationFeatures, ClaudeBeforeFourFiveIsGivenASchemaAsATool) {
  const std::string schema =
      R"({"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":)"
      R"({"type":"object","properties":{"schemaw":{"type":"string"}}}}}})";

  for (const std::string_view model : {"claude-sonnet-4-20250514", "glm-4.6"}) {
    const std::string by_tool = EncodeFor(kChat, schema, kAnthropic, model).body->body;
    EXPECT_TRUE(Holds(by_tool, "-output_config")) << by_tool;
    EXPECT_TRUE(Holds(by_tool, R"("tool_choice":{"type":"tool","name":"json_answer"})")) << by_tool;
  }
}

TEST(TranslationFeatures, TheSchemaToolOfGeminiIsTheAnswersText) {
  const std::string schema = With(
      kChatTools, R"("response_format":{"type":"json_schema","json_schema":{"name":"x","schema":)"
                  R"({"type":"object","properties":{"schemaw":{"type":"string"}}}}})");
  Encoded encoded = EncodeFor(kChat, schema, kGemini, kGeminiModel);
  const auto answer = encoded.translation->TranslateAnswer(
      {R"({"candidates":[{"index":0,"finishReason":"STOP","content":{"role":"model","parts":[)"
       R"({"functionCall":{"name":"json_answer","args":{"schemaw":"x"}}}]}}]})"});

  ASSERT_TRUE(answer.ok()) << answer.status();
  const Json choice = Json::parse(*answer)["choices"][0];
  EXPECT_EQ(choice["message"]["content"], R"({"schemaw":"x"})");
  EXPECT_FALSE(choice["message"].contains("tool_calls"));
  EXPECT_EQ(choice["finish_reason"], "stop");
}

TEST(TranslationFeatures, ASchemaWithoutAnObjectIsWrappedAndTheAnswerIsNot) {
  const std::string schema = R"({"generationConfig":{"responseMimeType":"application/json",)"
                             R"("responseSchema":{"type":"ARRAY","items":{"type":"STRING"}}}})";
  const std::string wrapped = R"({"type":"object","properties":{"value":{"type":"array")";
  for (const auto& [backend, model] :
       std::map<std::string_view, std::string_view>{{kChat, "gpt-4o"},
                                                    {kResponses, "gpt-4o"},
                                                    {kAnthropic, kClaude},
                                                    {kBedrock, kBedrocksClaude}}) {
    const std::string body = EncodeFor(kGemini, schema, backend, model).body->body;
    EXPECT_TRUE(Holds(body, wrapped)) << body;
  }
  Encoded encoded = EncodeFor(kGemini, schema, kBedrock, kNova);
  ASSERT_TRUE(encoded.body.ok()) << encoded.body.status();
  EXPECT_TRUE(Holds(encoded.body->body, wrapped)) << encoded.body->body;

  const auto answer = encoded.translation->TranslateAnswer(
      {R"({"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"t",)"
       R"("name":"json_answer","input":{"value":["a","b"]}}}]}},"stopReason":"tool_use"})"});

  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(Json::parse(*answer)["candidates"][0]["content"]["parts"][0]["text"], R"(["a","b"])");
}

TEST(TranslationFeatures, GeminiTakesASchemaWithoutAnObject) {
  const std::string schema =
      R"({"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":)"
      R"({"type":"array","items":{"type":"string"}}}}})";

  const std::string body = EncodeFor(kChat, schema, kGemini, kGeminiModel).body->body;

  EXPECT_TRUE(Holds(body, R"("responseJsonSchema":{"type":"array")")) << body;
}

// A tool cannot be forced on a model that thinks (translation.md 6).
TEST(TranslationFeatures, AModelThatShallThinkIsGivenASchemaWithoutATool) {
  const std::string schema =
      R"({"reasoning_effort":"high","response_format":{"type":"json_schema","json_schema":)"
      R"({"name":"x","schema":{"type":"object","properties":{"schemaw":{"type":"string"}}}}}})";
  const std::string native = EncodeFor(kChat, schema, kBedrock, kBedrocksClaude).body->body;
  const std::string words =
      EncodeFor(kChat, schema, kBedrock, "anthropic.claude-sonnet-4-20250514-v1:0").body->body;

  for (const std::string& body : {native, words}) {
    EXPECT_TRUE(Holds(body, R"("thinking":{"type":"enabled")")) << body;
    EXPECT_TRUE(Holds(body, "-json_answer")) << body;
    EXPECT_TRUE(Holds(body, "schemaw")) << body;
  }
  EXPECT_TRUE(Holds(native, R"("output_config":{"format":{"type":"json_schema")")) << native;
  EXPECT_TRUE(Holds(words, R"("system":"Answer with one JSON value)")) << words;
}

TEST(TranslationFeatures, ReasoningThatNobodyAskedForIsNotShown) {
  const std::string answer =
      R"({"id":"x","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant",)"
      R"("reasoning_content":"thoughtw","content":"textw"}}]})";
  const auto said = [&](std::string_view client, const std::string& members) {
    return EncodeFor(client, members, kChat, "gpt-oss")
        .translation->TranslateAnswer({answer})
        .value_or("");
  };
  const std::string shown = R"({"generationConfig":{"thinkingConfig":{"includeThoughts":true}}})";

  EXPECT_TRUE(Holds(said(kGemini, shown), "thoughtw"));
  for (const std::string& hidden :
       {said(kGemini, R"({"generationConfig":{"thinkingConfig":{"thinkingLevel":"HIGH"}}})"),
        said(kAnthropic, R"({"thinking":{"type":"disabled"}})"),
        said(kAnthropic, R"({"output_config":{"effort":"low"}})")}) {
    EXPECT_TRUE(Holds(hidden, "-thought")) << hidden;
    EXPECT_TRUE(Holds(hidden, "textw")) << hidden;
  }
}

TEST(TranslationFeatures, WhatAProviderCannotTakeIsNamedInTheClientsWords) {
  const std::string tiff =
      R"({"type":"image","source":{"type":"base64","media_type":"image/tiff","data":"SUkqAA=="}})";
  const std::string chat_tiff =
      R"({"type":"image_url","image_url":{"url":"data:image/tiff;base64,SUkqAA=="}})";
  const auto field = [](std::string_view client, std::string_view members, std::string_view backend,
                        std::string_view model) {
    const Encoded encoded = EncodeFor(client, members, backend, model);
    EXPECT_EQ(encoded.body.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(NamesField(encoded.body.status())) << encoded.body.status();
    return GetFieldHint(encoded.body.status()).value_or(FieldHint()).field;
  };
  EXPECT_EQ(field(kChat, ChatUser(chat_tiff), kAnthropic, kClaude), "messages[0].content[1]");
  EXPECT_EQ(field(kChat, ChatUser(chat_tiff), kBedrock, kBedrocksClaude), "messages[0].content[1]");
  EXPECT_EQ(field(kChat, ChatUser(R"({"type":"image_url","image_url":{"url":"https://x/i.png"}})"),
                  kBedrock, kNova),
            "messages[0].content[1]");
  const std::string held =
      R"({"input":[{"role":"user","content":[{"type":"input_text","text":"a"},)"
      R"({"type":"input_image","file_id":"file-1"}]}]})";
  EXPECT_EQ(field(kResponses, held, kAnthropic, kClaude), "input[0].content[1]");
  EXPECT_EQ(field(kResponses, held, kChat, "gpt-4o"), "input[0].content[1]");
  EXPECT_EQ(field(kAnthropic, AnthropicUser(tiff), kBedrock, kNova), "image");
  EXPECT_EQ(field(kChat, R"({"stop":["\n"]})", kAnthropic, kClaude), "stop");
  EXPECT_EQ(field(kChat, R"({"stop":["\n"]})", kBedrock, kBedrocksClaude), "stop");
  EXPECT_EQ(
      field(kAnthropic, R"({"stop_sequences":["1","2","3","4","5","6"]})", kGemini, kGeminiModel),
      "stop_sequences");
}

// Gemini 3 refuses its own call without it; calls of these dialects have no place for it.
TEST(TranslationFeatures, WhatProvesACallOfGeminiComesBackWithIt) {
  constexpr std::string_view kAnswer =
      R"({"candidates":[{"index":0,"finishReason":"STOP","content":{"role":"model","parts":[)"
      R"({"functionCall":{"name":"toolw","args":{},"id":"c1"},"thoughtSignature":"c2lnbmVk"}]}}]})";
  constexpr std::string_view kGeminiThree = "gemini-3-pro-preview";
  const std::pair<std::string_view, std::string> clients[] = {
      {kAnthropic, StrCat("{", kAnthropicTools, "}")},
      {kBedrock, R"({"toolConfig":{"tools":[{"toolSpec":{"name":"toolw","inputSchema":)"
                 R"({"json":{"type":"object"}}}}]}})"}};
  for (const auto& [client, tools] : clients) {
    const Encoded first = EncodeFor(client, tools, kGemini, kGeminiThree);
    const auto answer = first.translation->TranslateAnswer({std::string(kAnswer)});
    ASSERT_TRUE(answer.ok()) << answer.status();
    const Json said = Json::parse(*answer);
    const bool anthropic = client == kAnthropic;
    const Json result =
        anthropic ? Json::parse(R"([{"type":"tool_result","tool_use_id":"c1","content":"ok"}])")
                  : Json::parse(R"([{"toolResult":{"toolUseId":"c1","content":[{"text":"ok"}]}}])");
    Json next = Json::parse(tools);
    next["messages"] = Json::parse(LeastRequest(client))["messages"];
    next["messages"].push_back(
        Json{{"role", "assistant"},
             {"content", anthropic ? said["content"] : said["output"]["message"]["content"]}});
    next["messages"].push_back(Json{{"role", "user"}, {"content", result}});

    const Encoded second = EncodeFor(client, next.dump(), kGemini, kGeminiThree);

    ASSERT_TRUE(second.body.ok()) << second.body.status();
    EXPECT_TRUE(Holds(second.body->body, R"("thoughtSignature":"c2lnbmVk")")) << second.body->body;
    EXPECT_TRUE(Holds(second.body->body, "-skip_thought")) << second.body->body;
  }
}

// The route may lead to a provider of the client's own dialect next, which has not signed it.
TEST(TranslationFeatures, UnsignedReasoningIsLeftOutOfAHistoryThatPassesThrough) {
  constexpr std::string_view kAnswer =
      R"({"id":"x","choices":[{"index":0,"finish_reason":"tool_calls","message":{)"
      R"("role":"assistant","reasoning_content":"thoughtw","content":null,"tool_calls":[{)"
      R"("id":"c1","type":"function","function":{"name":"toolw","arguments":"{}"}}]}}]})";
  for (const std::string_view client : {kResponses, kAnthropic, kGemini, kBedrock}) {
    const std::string_view asked =
        client == kGemini ? R"({"generationConfig":{"thinkingConfig":{"includeThoughts":true}}})"
                          : "{}";
    const Encoded first = EncodeFor(client, std::string(asked), kChat, "gpt-oss");
    const auto answer = first.translation->TranslateAnswer({std::string(kAnswer)});
    ASSERT_TRUE(answer.ok()) << answer.status();
    const Json said = Json::parse(*answer);
    ASSERT_TRUE(Holds(*answer, "thoughtw")) << *answer;
    Json next = Json::parse(LeastRequest(client));
    if (client == kResponses) next["input"] = said["output"];
    if (client == kGemini) next["contents"].push_back(said["candidates"][0]["content"]);
    if (client == kBedrock) next["messages"].push_back(said["output"]["message"]);
    if (client == kAnthropic) {
      next["messages"].push_back(Json{{"role", "assistant"}, {"content", said["content"]}});
    }

    const auto passed = StripSealed(client, next.dump());

    ASSERT_TRUE(passed.has_value()) << client << next;
    EXPECT_TRUE(Holds(*passed, "toolw")) << *passed;
    EXPECT_TRUE(Holds(*passed, "-lmg1.")) << *passed;
    EXPECT_TRUE(Holds(*passed, "-bG1nMS")) << *passed;
    // A thought of Gemini's needs no signature, a call does.
    EXPECT_TRUE(Holds(*passed, client == kGemini ? "skip_thought_signature" : "-thoughtw"))
        << *passed;
  }
}

}  // namespace
}  // namespace lmgate::dialect

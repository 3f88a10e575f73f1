#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "dataplane/dialect/anthropic.h"
#include "dataplane/dialect/seal.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::ReasoningRequest;
using chat::ResponseFormat;
using chat::Role;
using chat::ToolChoice;
using chat::Turn;
using lmgate::testing::IsOk;
using lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// ---- Reading. `members`: what stands beside model, max_tokens and messages.

absl::StatusOr<ChatRequest> Decode(std::string_view body) {
  return Anthropic().DecodeRequest({.body = body});
}

ChatRequest DecodeWith(std::string_view members) {
  const auto request = Decode(StrCat(
      R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],)", members, "}"));
  EXPECT_THAT(request, IsOk());
  return request.value_or(ChatRequest{});
}

ChatRequest DecodeMessages(std::string_view messages) {
  const auto request = Decode(StrCat(R"({"model":"m","max_tokens":9,"messages":)", messages, "}"));
  EXPECT_THAT(request, IsOk());
  return request.value_or(ChatRequest{});
}

Part FirstPart(std::string_view block) {
  const ChatRequest request =
      DecodeMessages(StrCat(R"([{"role":"user","content":[)", block, "]}]"));
  return request.turns.empty() || request.turns[0].parts.empty() ? Part{}
                                                                 : request.turns[0].parts[0];
}

std::string BadFieldOf(std::string_view body) {
  const auto request = Decode(body);
  EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument);
  const auto hint = GetFieldHint(request.status());
  return hint.has_value() ? hint->field : "";
}

TEST(AnthropicRequest, ReadsStringsAndBlocksAlike) {
  const ChatRequest request = DecodeMessages(
      R"([{"role":"user","content":"one"},
          {"role":"assistant","content":[{"type":"text","text":"two"}]}])");

  ASSERT_EQ(request.turns.size(), 2u);
  EXPECT_EQ(request.turns[0].parts[0].text, "one");
  EXPECT_EQ(request.turns[1].role, Role::kAssistant);
  EXPECT_EQ(request.turns[1].parts[0].text, "two");
}

TEST(AnthropicRequest, ReadsSystemAsStringOrBlocks) {
  EXPECT_EQ(DecodeWith(R"("system":"Be brief.")").system[0].text, "Be brief.");
  const ChatRequest request = DecodeWith(
      R"("system":[{"type":"text","text":"a"},
                   {"type":"text","text":"b","cache_control":{"type":"ephemeral"}}])");
  ASSERT_EQ(request.system.size(), 2u);
  EXPECT_FALSE(request.system[0].cache);
  EXPECT_TRUE(request.system[1].cache);
  EXPECT_THAT(DecodeWith(R"("system":"")").system, IsEmpty());
}

TEST(AnthropicRequest, NeedsModelAndMaxTokensAndMessages) {
  EXPECT_EQ(BadFieldOf(R"({"model":"m","messages":[{"role":"user","content":"x"}]})"),
            "max_tokens");
  EXPECT_EQ(BadFieldOf(R"({"max_tokens":1,"messages":[{"role":"user","content":"x"}]})"), "model");
  EXPECT_EQ(BadFieldOf(R"({"model":"m","max_tokens":1,"messages":[]})"), "messages");
  EXPECT_EQ(BadFieldOf(R"({"model":"m","max_tokens":1})"), "messages");
  EXPECT_THAT(Decode("[]"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("object")));
}

TEST(AnthropicRequest, NamesTheFieldThatIsWrong) {
  const auto bad = [](std::string_view content) {
    return BadFieldOf(StrCat(R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":)",
                             content, "}]}"));
  };
  EXPECT_EQ(bad("7"), "messages[0].content");
  EXPECT_EQ(bad(R"([{"type":"text"}])"), "messages[0].content[0].text");
  EXPECT_EQ(bad(R"([{"text":"x"}])"), "messages[0].content[0].type");
  EXPECT_EQ(bad(R"([{"type":"image","source":{"type":"base64","media_type":"image/png"}}])"),
            "messages[0].content[0].source.data");
  EXPECT_EQ(bad(R"([{"type":"tool_use","id":"a","name":"b","input":"{}"}])"),
            "messages[0].content[0].input");
  EXPECT_EQ(bad(R"([{"type":"tool_result","tool_use_id":"a","content":[
                     {"type":"tool_use","id":"a","name":"b"}]}])"),
            "messages[0].content[0].content");
}

TEST(AnthropicRequest, ReadsSamplingWithZeroAndNull) {
  const ChatRequest request =
      DecodeWith(R"("temperature":0,"top_p":null,"top_k":5,"stop_sequences":["a","b"],
                    "stream":true,"metadata":{"user_id":"u"})");

  EXPECT_EQ(request.temperature, 0.0);
  EXPECT_EQ(request.top_p, std::nullopt);
  EXPECT_EQ(request.top_k, 5);
  EXPECT_THAT(request.stop, ElementsAre("a", "b"));
  EXPECT_TRUE(request.stream);
  EXPECT_EQ(request.end_user, "u");
  EXPECT_EQ(request.max_tokens, 9);
}

TEST(AnthropicRequest, ReadsImagesFromEverySource) {
  Part part = FirstPart(
      R"({"type":"image","source":{"type":"base64","media_type":"image/JPG","data":"AAAA"}})");
  EXPECT_EQ(part.kind, PartKind::kImage);
  EXPECT_EQ(part.media_type, "image/jpeg");
  EXPECT_EQ(part.data, "AAAA");
  part = FirstPart(R"({"type":"image","source":{"type":"url","url":"https://x/y.png"}})");
  EXPECT_EQ(part.url, "https://x/y.png");
  part = FirstPart(R"({"type":"image","source":{"type":"file","file_id":"file_1"}})");
  EXPECT_EQ(part.file_id, "file_1");
}

TEST(AnthropicRequest, PadsBase64) {
  const Part part = FirstPart(
      R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD\nRA"}})");

  EXPECT_EQ(part.data, "QUJDRA==");
}

TEST(AnthropicRequest, ReadsDocuments) {
  Part part = FirstPart(R"({"type":"document","title":"t.pdf","source":{"type":"base64",
                            "media_type":"application/pdf","data":"JVBE"}})");
  EXPECT_EQ(part.kind, PartKind::kFile);
  EXPECT_EQ(part.filename, "t.pdf");
  part = FirstPart(R"({"type":"document","source":{"type":"url","url":"https://x/y.pdf"}})");
  EXPECT_EQ(part.url, "https://x/y.pdf");
  EXPECT_EQ(part.media_type, "application/pdf");
  part = FirstPart(R"({"type":"document","title":"T","source":{"type":"text",
                       "media_type":"text/plain","data":"words"}})");
  EXPECT_EQ(part.kind, PartKind::kText);
  EXPECT_EQ(part.text, "<document title=\"T\">\nwords\n</document>");
}

TEST(AnthropicRequest, ADocumentThatIsToBeCitedStaysOne) {
  const std::string block =
      R"({"type":"document","source":{"type":"text","media_type":"text/plain","data":"It is so."},)"
      R"("title":"T","citations":{"enabled":true}})";
  const Part part = FirstPart(block);

  EXPECT_EQ(part.kind, PartKind::kFile);
  EXPECT_TRUE(part.cites);
  ChatRequest request;
  request.turns.push_back({.role = Role::kUser, .parts = {part}});
  const auto upstream = Anthropic().EncodeRequest(request, {.model = "claude-sonnet-4-5"});
  ASSERT_THAT(upstream, IsOk());
  EXPECT_THAT(upstream->body, HasSubstr(block));
}

TEST(AnthropicRequest, ReadsDocumentsMadeOfBlocks) {
  const ChatRequest request = DecodeMessages(
      R"([{"role":"user","content":[{"type":"document","source":{"type":"content","content":[
          {"type":"text","text":"a"},
          {"type":"image","source":{"type":"url","url":"https://x"}}]}}]}])");

  ASSERT_EQ(request.turns[0].parts.size(), 4u);
  EXPECT_EQ(request.turns[0].parts[1].text, "a");
  EXPECT_EQ(request.turns[0].parts[2].kind, PartKind::kImage);
}

TEST(AnthropicRequest, ReadsCallsAndResults) {
  const ChatRequest request = DecodeMessages(
      R"([{"role":"user","content":"q"},
          {"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"f",
             "input":{"b":1,"a":[2]}},{"type":"tool_use","id":"toolu_2","name":"g","input":{}}]},
          {"role":"user","content":[
             {"type":"tool_result","tool_use_id":"toolu_1","content":"fine"},
             {"type":"tool_result","tool_use_id":"toolu_2","is_error":true,"content":[
                {"type":"text","text":"no"},
                {"type":"image","source":{"type":"url","url":"https://x"}}],
              "cache_control":{"type":"ephemeral","ttl":"1h"}},
             {"type":"text","text":"go on"}]}])");

  EXPECT_EQ(request.turns[1].parts[0].arguments, R"({"b":1,"a":[2]})");
  const std::vector<Part>& results = request.turns[2].parts;
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].id, "toolu_1");
  EXPECT_EQ(results[0].parts[0].text, "fine");
  EXPECT_FALSE(results[0].is_error);
  EXPECT_TRUE(results[1].is_error);
  EXPECT_TRUE(results[1].cache);
  EXPECT_EQ(results[1].parts[1].kind, PartKind::kImage);
}

TEST(AnthropicRequest, ReadsAResultWithoutContent) {
  const Part part = FirstPart(R"({"type":"tool_result","tool_use_id":"t"})");

  EXPECT_EQ(part.kind, PartKind::kToolResult);
  EXPECT_THAT(part.parts, IsEmpty());
}

TEST(AnthropicRequest, ReadsThinkingWithItsSignature) {
  Part part = FirstPart(R"({"type":"thinking","thinking":"hm","signature":"EqQB"})");
  EXPECT_EQ(part.text, "hm");
  EXPECT_EQ(part.signature.origin, "anthropic");
  EXPECT_EQ(part.signature.data, "EqQB");
  EXPECT_FALSE(part.signature.redacted);
  part = FirstPart(R"({"type":"redacted_thinking","data":"Emw"})");
  EXPECT_TRUE(part.signature.redacted);
  EXPECT_EQ(part.signature.data, "Emw");
}

TEST(AnthropicRequest, UnsealsThinkingOfOthers) {
  const std::string sealed =
      SealSignature({.origin = "openai", .model = "gpt-5", .data = "gAAAA"}, "anthropic");
  const Part part = FirstPart(StrCat(R"({"type":"redacted_thinking","data":")", sealed, R"("})"));

  EXPECT_EQ(part.signature.origin, "openai");
  EXPECT_EQ(part.signature.data, "gAAAA");
  EXPECT_FALSE(part.signature.redacted);
}

TEST(AnthropicRequest, KnowsItsOwnSignatureOfNothing) {
  const Part part = FirstPart(
      StrCat(R"({"type":"thinking","thinking":"hm","signature":")", kSealOfNothing, R"("})"));

  EXPECT_EQ(part.signature.origin, "");
  EXPECT_EQ(part.signature.data, "");
}

TEST(AnthropicRequest, ReadsTools) {
  const ChatRequest request = DecodeWith(
      R"("tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"strict":true,
                   "cache_control":{"type":"ephemeral"}},
                  {"type":"custom","name":"g","input_schema":{"type":"object"},
                   "eager_input_streaming":true}])");

  ASSERT_EQ(request.tools.size(), 2u);
  EXPECT_EQ(request.tools[0].description, "d");
  EXPECT_EQ(request.tools[0].parameters, R"({"type":"object"})");
  EXPECT_EQ(request.tools[0].strict, true);
  EXPECT_TRUE(request.tools[0].cache);
  EXPECT_THAT(request.own_fields, IsEmpty());
}

TEST(AnthropicRequest, LeavesTheProvidersToolsToTheProvider) {
  const ChatRequest request = DecodeWith(
      R"("tools":[{"type":"web_search_20250305","name":"web_search"},
                  {"type":"bash_20250124","name":"bash"},
                  {"type":"text_editor_20250728","name":"str_replace_based_edit_tool"}])");

  EXPECT_THAT(request.own_fields, ElementsAre("tools[0]", "tools[1]", "tools[2]"));
}

TEST(AnthropicRequest, ReadsToolChoice) {
  const auto mode = [](std::string_view choice) {
    return DecodeWith(StrCat(R"("tool_choice":)", choice)).tool_choice.mode;
  };
  EXPECT_EQ(mode(R"({"type":"auto"})"), ToolChoice::Mode::kAuto);
  EXPECT_EQ(mode(R"({"type":"any"})"), ToolChoice::Mode::kAny);
  EXPECT_EQ(mode(R"({"type":"none"})"), ToolChoice::Mode::kNone);
  EXPECT_EQ(mode("null"), ToolChoice::Mode::kDefault);
  const ChatRequest request =
      DecodeWith(R"("tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true})");
  EXPECT_EQ(request.tool_choice.mode, ToolChoice::Mode::kOne);
  EXPECT_THAT(request.tool_choice.names, ElementsAre("f"));
  EXPECT_EQ(request.parallel_tool_calls, false);
}

TEST(AnthropicRequest, ReadsThinkingConfiguration) {
  const auto read = [](std::string_view members) { return DecodeWith(members).reasoning; };
  ReasoningRequest reasoning = read(R"("thinking":{"type":"enabled","budget_tokens":4096})");
  EXPECT_EQ(reasoning.mode, ReasoningRequest::Mode::kBudget);
  EXPECT_EQ(reasoning.budget_tokens, 4096);
  EXPECT_TRUE(reasoning.want_text);
  reasoning = read(R"("thinking":{"type":"adaptive","display":"omitted"},
                      "output_config":{"effort":"xhigh"})");
  EXPECT_EQ(reasoning.mode, ReasoningRequest::Mode::kAdaptive);
  EXPECT_EQ(reasoning.effort, "xhigh");
  EXPECT_FALSE(reasoning.want_text);
  EXPECT_EQ(read(R"("thinking":{"type":"disabled"})").mode, ReasoningRequest::Mode::kOff);
  EXPECT_EQ(read(R"("output_config":{"effort":"low"})").mode, ReasoningRequest::Mode::kEffort);
  EXPECT_TRUE(read(R"("output_config":{"effort":"low"})").effort_only);
  // Claude Code sends it so.
  EXPECT_EQ(read(R"("thinking":{"type":"enabled"})").mode, ReasoningRequest::Mode::kAdaptive);
}

TEST(AnthropicRequest, ReadsStructuredOutputInBothPlaces) {
  for (const std::string_view members :
       {R"("output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}})",
        R"("output_format":{"type":"json_schema","schema":{"type":"object"}})"}) {
    const ChatRequest request = DecodeWith(members);
    EXPECT_EQ(request.response_format.kind, ResponseFormat::Kind::kJsonSchema);
    EXPECT_EQ(request.response_format.schema, R"({"type":"object"})");
    EXPECT_EQ(request.response_format.strict, std::nullopt);
  }
}

TEST(AnthropicRequest, ReadsSystemMessages) {
  const ChatRequest request = DecodeMessages(
      R"([{"role":"system","content":"first"},{"role":"user","content":"q"},
          {"role":"system","content":[{"type":"text","text":"late"}]}])");

  ASSERT_EQ(request.system.size(), 1u);
  EXPECT_EQ(request.system[0].text, "first");
  ASSERT_EQ(request.turns.size(), 2u);
  EXPECT_EQ(request.turns[1].role, Role::kSystem);
}

// What Claude Code 2.1 sends with each request.
TEST(AnthropicRequest, TakesWhatClaudeCodeSends) {
  const ChatRequest request = DecodeWith(
      R"("system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1"},
                   {"type":"text","text":"You are Claude Code.",
                    "cache_control":{"type":"ephemeral","ttl":"1h"}}],
         "tools":[{"name":"Bash","description":"run","input_schema":{"$schema":
                   "https://json-schema.org/draft/2020-12/schema","type":"object",
                   "properties":{"command":{"type":"string"}},"required":["command"],
                   "additionalProperties":false},"defer_loading":false}],
         "metadata":{"user_id":"{\"device_id\":\"d\",\"session_id\":\"s\"}"},
         "thinking":{"type":"adaptive"},"output_config":{"effort":"high"},
         "context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]},
         "betas":["context-management-2025-06-27"],"service_tier":"auto","speed":"standard",
         "cache_control":{"type":"ephemeral"},"diagnostics":{"x":1},
         "temperature":1,"mcp_servers":[],"container":null,"stream":true)");

  EXPECT_THAT(request.own_fields, IsEmpty());
  EXPECT_TRUE(request.turns[0].parts[0].cache);
}

TEST(AnthropicRequest, NamesWhatOnlyItsProviderKnows) {
  EXPECT_THAT(DecodeWith(R"("thread":{"id":"t"})").own_fields, ElementsAre("thread"));
  EXPECT_THAT(DecodeWith(R"("mcp_servers":[{"type":"url"}],"container":"c")").own_fields,
              ElementsAre("mcp_servers", "container"));
  EXPECT_THAT(DecodeWith(R"("new_thing":1)").own_fields, ElementsAre("new_thing"));
  EXPECT_THAT(DecodeMessages(R"([{"role":"assistant","content":[{"type":"text","text":"a"},
                {"type":"server_tool_use","id":"s","name":"web_search","input":{}}]}])")
                  .own_fields,
              ElementsAre("messages[0].content[1]"));
  EXPECT_THAT(DecodeMessages(R"([{"role":"user","content":[{"type":"document",
                "citations":{"enabled":true},"source":{"type":"content","content":"x"}}]}])")
                  .own_fields,
              ElementsAre("messages[0].content[0].citations"));
}

TEST(AnthropicRequest, WhereItIsServedAndByWhichModelIsNoHint) {
  EXPECT_THAT(DecodeWith(R"("inference_geo":"eu")").own_fields, ElementsAre("inference_geo"));
  EXPECT_THAT(DecodeWith(R"("fallbacks":[{"model":"claude-haiku-4-5"}])").own_fields,
              ElementsAre("fallbacks"));
  EXPECT_THAT(DecodeWith(R"("inference_geo":null,"fallbacks":[])").own_fields, IsEmpty());
}

TEST(AnthropicRequest, ReadsToolReferencesAsText) {
  const Part part = FirstPart(R"({"type":"tool_result","tool_use_id":"t","content":[
      {"type":"tool_reference","tool_name":"mcp__x__y"}]})");

  EXPECT_THAT(part.parts.at(0).text, HasSubstr("mcp__x__y"));
}

// ---- Writing.

constexpr char kBudgetModel[] = "claude-sonnet-4-5";
constexpr char kAdaptiveModel[] = "claude-opus-4-7";

ChatRequest Asking(std::string text) {
  ChatRequest request;
  request.turns.push_back({.role = Role::kUser, .parts = {chat::TextPart(std::move(text))}});
  return request;
}

Json Encode(const ChatRequest& request, std::string model = kBudgetModel) {
  BackendTraits traits;
  traits.model = std::move(model);
  const auto upstream = Anthropic().EncodeRequest(request, traits);
  EXPECT_THAT(upstream, IsOk());
  if (!upstream.ok()) return Json::object();
  return Json::parse(upstream->body, nullptr, false);
}

Part Call(std::string id, std::string arguments = "{}") {
  Part part;
  part.kind = PartKind::kToolCall;
  part.id = std::move(id);
  part.name = "f";
  part.arguments = std::move(arguments);
  return part;
}

Part Result(std::string id, std::vector<Part> parts) {
  Part part;
  part.kind = PartKind::kToolResult;
  part.id = std::move(id);
  part.parts = std::move(parts);
  return part;
}

Part Thinking(std::string text, chat::Signature signature) {
  Part part;
  part.kind = PartKind::kReasoning;
  part.text = std::move(text);
  part.signature = std::move(signature);
  return part;
}

Part Image(std::string media_type, std::string data) {
  Part part;
  part.kind = PartKind::kImage;
  part.media_type = std::move(media_type);
  part.data = std::move(data);
  return part;
}

chat::Tool ToolNamed(std::string name, std::string parameters = "") {
  chat::Tool tool;
  tool.name = std::move(name);
  tool.parameters = std::move(parameters);
  return tool;
}

TEST(AnthropicRequest, WritesTheSmallestRequest) {
  BackendTraits traits;
  traits.model = kBudgetModel;
  const auto upstream = Anthropic().EncodeRequest(Asking("Hi"), traits);

  ASSERT_THAT(upstream, IsOk());
  EXPECT_EQ(upstream->path, "/messages");
  EXPECT_THAT(upstream->headers, ElementsAre(::testing::Pair("anthropic-version", "2023-06-01")));
  EXPECT_EQ(upstream->body,
            R"({"model":"claude-sonnet-4-5","max_tokens":8192,)"
            R"("messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]})");
}

TEST(AnthropicRequest, KeepsTheClientsLimit) {
  ChatRequest request = Asking("Hi");
  request.max_tokens = 77;
  request.stream = true;

  const Json body = Encode(request);

  EXPECT_EQ(body["max_tokens"], 77);
  EXPECT_EQ(body["stream"], true);
}

TEST(AnthropicRequest, NeverWritesBlankText) {
  ChatRequest request = Asking("  ");
  request.system = {chat::TextPart(" \n")};
  request.turns.push_back({.role = Role::kAssistant, .parts = {chat::TextPart("")}});
  request.turns.push_back(
      {.role = Role::kUser, .parts = {chat::TextPart(""), chat::TextPart("x")}});

  const Json body = Encode(request);

  EXPECT_FALSE(body.contains("system"));
  EXPECT_EQ(body["messages"].dump(), R"([{"role":"user","content":[{"type":"text","text":"x"}]}])");
}

TEST(AnthropicRequest, MergesTurnsThatBecomeNeighbours) {
  ChatRequest request = Asking("a");
  request.turns.push_back({.role = Role::kAssistant, .parts = {Thinking("hm", {})}});
  request.turns.push_back({.role = Role::kUser, .parts = {chat::TextPart("b")}});

  const Json messages = Encode(request)["messages"];

  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0]["content"].size(), 2u);
}

TEST(AnthropicRequest, BeginsWithTheUser) {
  ChatRequest request;
  request.turns.push_back({.role = Role::kAssistant, .parts = {chat::TextPart("x")}});

  const Json messages = Encode(request)["messages"];

  EXPECT_EQ(messages[0]["role"], "user");
  EXPECT_EQ(messages[1]["role"], "assistant");
}

TEST(AnthropicRequest, TrimsThePrefilledAnswer) {
  ChatRequest request = Asking("a");
  request.turns.push_back({.role = Role::kAssistant, .parts = {chat::TextPart("It is \n")}});

  EXPECT_EQ(Encode(request)["messages"][1]["content"][0]["text"], "It is");
}

TEST(AnthropicRequest, WritesSystemAsBlocksWhenItIsToBeCached) {
  ChatRequest request = Asking("a");
  request.system = {chat::TextPart("one")};
  EXPECT_EQ(Encode(request)["system"], "one");
  request.system.push_back(chat::TextPart("two"));
  request.system[1].cache = true;
  EXPECT_EQ(Encode(request)["system"].dump(),
            R"([{"type":"text","text":"one"},)"
            R"({"type":"text","text":"two","cache_control":{"type":"ephemeral"}}])");
}

TEST(AnthropicRequest, MarksAtMostFourPlacesForTheCache) {
  ChatRequest request = Asking("a");
  for (int i = 0; i < 6; ++i) {
    request.turns[0].parts.push_back(chat::TextPart("x"));
    request.turns[0].parts.back().cache = true;
  }

  const std::string body = Encode(request).dump();

  size_t marks = 0;
  for (size_t at = body.find("cache_control"); at != std::string::npos;
       at = body.find("cache_control", at + 1)) {
    ++marks;
  }
  EXPECT_EQ(marks, 4u);
}

TEST(AnthropicRequest, WritesTools) {
  ChatRequest request = Asking("a");
  request.tools = {ToolNamed("none"),
                   ToolNamed("f", R"({"properties":{"a":{"type":"string"}},"required":["a"]})")};

  EXPECT_EQ(Encode(request)["tools"].dump(),
            R"([{"name":"none","input_schema":{"type":"object","properties":{}}},)"
            R"({"name":"f","input_schema":{"properties":{"a":{"type":"string"}},)"
            R"("required":["a"],"type":"object"}}])");
}

TEST(AnthropicRequest, ToolsAreStrictWhereTheModelAndTheSchemaAllowIt) {
  ChatRequest request = Asking("hi");
  request.tools = {ToolNamed("f", R"({"type":"object","properties":{"a":{"type":"string"}}})")};
  request.tools[0].strict = true;

  const Json tool = Encode(request)["tools"][0];
  EXPECT_EQ(tool["strict"], true);
  EXPECT_EQ(tool["input_schema"]["additionalProperties"], false);
  EXPECT_FALSE(Encode(request, "claude-sonnet-4-0")["tools"][0].contains("strict"));
  request.tools[0].parameters =
      R"({"type":"object","properties":{"a":{"type":"integer","minimum":1}}})";
  EXPECT_FALSE(Encode(request)["tools"][0].contains("strict"));
  request.tools[0] = ToolNamed("f");
  request.tools[0].strict = false;
  EXPECT_FALSE(Encode(request)["tools"][0].contains("strict"));
}

TEST(AnthropicRequest, MergesAChoiceOfSchemasAtTheTop) {
  ChatRequest request = Asking("a");
  request.tools = {ToolNamed("f", R"({"anyOf":[
      {"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},
      {"type":"object","properties":{"b":{"type":"number"}},"required":["b"]}]})")};

  const Json schema = Encode(request)["tools"][0]["input_schema"];

  EXPECT_EQ(schema["type"], "object");
  EXPECT_FALSE(schema.contains("anyOf"));
  EXPECT_TRUE(schema["properties"].contains("a"));
  EXPECT_TRUE(schema["properties"].contains("b"));
  EXPECT_FALSE(schema.contains("required"));
}

TEST(AnthropicRequest, WritesToolChoice) {
  ChatRequest request = Asking("a");
  request.tools = {ToolNamed("f"), ToolNamed("g")};
  EXPECT_FALSE(Encode(request).contains("tool_choice"));
  const auto choice = [&](ToolChoice::Mode mode, std::vector<std::string> names = {}) {
    request.tool_choice = {.mode = mode, .names = std::move(names)};
    return Encode(request)["tool_choice"].dump();
  };
  EXPECT_EQ(choice(ToolChoice::Mode::kAuto), R"({"type":"auto"})");
  EXPECT_EQ(choice(ToolChoice::Mode::kAny), R"({"type":"any"})");
  EXPECT_EQ(choice(ToolChoice::Mode::kOne, {"g"}), R"({"type":"tool","name":"g"})");
  EXPECT_EQ(choice(ToolChoice::Mode::kNone), R"({"type":"none"})");
  EXPECT_EQ(choice(ToolChoice::Mode::kSubsetAny, {"g"}), R"({"type":"any"})");
  EXPECT_EQ(Encode(request)["tools"].size(), 1u);
}

TEST(AnthropicRequest, NegatesParallelCalls) {
  ChatRequest request = Asking("a");
  request.parallel_tool_calls = false;
  EXPECT_FALSE(Encode(request).contains("tool_choice"));
  request.tools = {ToolNamed("f")};
  EXPECT_EQ(Encode(request)["tool_choice"].dump(),
            R"({"type":"auto","disable_parallel_tool_use":true})");
  request.parallel_tool_calls = true;
  EXPECT_FALSE(Encode(request).contains("tool_choice"));
}

TEST(AnthropicRequest, WritesCallsAndResults) {
  ChatRequest request = Asking("a");
  request.turns.push_back(
      {.role = Role::kAssistant, .parts = {Call("c1", R"({"a":1})"), Call("c2", "no json")}});
  request.turns.push_back(
      {.role = Role::kUser,
       .parts = {Result("c1", {chat::TextPart("")}),
                 Result("c2", {chat::TextPart("x"), Image("image/png", "iVBORw0KGgoA")})}});

  const Json messages = Encode(request)["messages"];

  EXPECT_EQ(messages[1]["content"].dump(),
            R"([{"type":"tool_use","id":"c1","name":"f","input":{"a":1}},)"
            R"({"type":"tool_use","id":"c2","name":"f","input":{"_raw":"no json"}}])");
  EXPECT_EQ(messages[2]["content"].dump(),
            R"([{"type":"tool_result","tool_use_id":"c1"},)"
            R"({"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"x"},)"
            R"({"type":"image","source":{"type":"base64","media_type":"image/png",)"
            R"("data":"iVBORw0KGgoA"}}]}])");
}

TEST(AnthropicRequest, SaysTheTypeThatAnImageHas) {
  ChatRequest request = Asking("a");
  request.turns[0].parts.push_back(Image("image/jpg", "AAAA"));
  request.turns[0].parts.push_back(Image("image/png", "/9j/4AAQ"));

  const Json content = Encode(request)["messages"][0]["content"];

  EXPECT_EQ(content[1]["source"]["media_type"], "image/jpeg");
  EXPECT_EQ(content[2]["source"]["media_type"], "image/jpeg");
}

TEST(AnthropicRequest, RefusesWhatTheProviderCannotRead) {
  ChatRequest request = Asking("a");
  request.turns[0].parts.push_back(Image("image/bmp", "Qk0A"));
  EXPECT_THAT(Anthropic().EncodeRequest(request, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("image/bmp")));
  request.turns[0].parts.back().kind = PartKind::kAudio;
  EXPECT_THAT(Anthropic().EncodeRequest(request, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("audio")));
}

TEST(AnthropicRequest, WritesFilesAsDocuments) {
  ChatRequest request = Asking("a");
  Part file;
  file.kind = PartKind::kFile;
  file.media_type = "application/pdf";
  file.data = "JVBE";
  file.filename = "t.pdf";
  request.turns[0].parts.push_back(file);
  file.media_type = "text/csv";
  file.data = "YSxi";
  request.turns[0].parts.push_back(file);

  const Json content = Encode(request)["messages"][0]["content"];

  EXPECT_EQ(content[1].dump(),
            R"({"type":"document","source":{"type":"base64","media_type":"application/pdf",)"
            R"("data":"JVBE"},"title":"t.pdf"})");
  EXPECT_EQ(content[2]["source"].dump(),
            R"({"type":"text","media_type":"text/plain","data":"a,b"})");
}

TEST(AnthropicRequest, ClampsTemperatureAndPrefersItOverTopP) {
  ChatRequest request = Asking("a");
  request.temperature = 1.7;
  request.top_p = 0.5;
  EXPECT_EQ(Encode(request)["temperature"], 1.0);
  EXPECT_FALSE(Encode(request).contains("top_p"));
  request.temperature = 0;
  EXPECT_EQ(Encode(request)["temperature"], 0.0);
  request.temperature.reset();
  EXPECT_EQ(Encode(request)["top_p"], 0.5);
}

TEST(AnthropicRequest, SendsNoSamplingToModelsThatRefuseIt) {
  ChatRequest request = Asking("a");
  request.temperature = 0.5;
  request.top_k = 4;
  EXPECT_EQ(Encode(request, "claude-opus-4-6")["temperature"], 0.5);

  EXPECT_FALSE(Encode(request, kAdaptiveModel).contains("temperature"));
  EXPECT_FALSE(Encode(request, kAdaptiveModel).contains("top_k"));
  request.temperature.reset();
  request.top_p = 0.9;
  EXPECT_FALSE(Encode(request, kAdaptiveModel).contains("top_p"));
}

TEST(AnthropicRequest, RefusesBlankStopSequences) {
  ChatRequest request = Asking("a");
  request.stop = {"END", "\n"};

  EXPECT_THAT(Anthropic().EncodeRequest(request, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("stop_sequences")));
  request.stop = {"END"};
  EXPECT_EQ(Encode(request)["stop_sequences"].dump(), R"(["END"])");
}

TEST(AnthropicRequest, KeepsMailAddressesFromTheProvider) {
  ChatRequest request = Asking("a");
  request.end_user = "u-1";
  EXPECT_EQ(Encode(request)["metadata"]["user_id"], "u-1");
  request.end_user = "a@example.com";
  EXPECT_FALSE(Encode(request).contains("metadata"));
}

TEST(AnthropicRequest, ClosesTheObjectsOfASchema) {
  ChatRequest request = Asking("a");
  request.response_format.kind = ResponseFormat::Kind::kJsonSchema;
  request.response_format.schema =
      R"({"type":"object","properties":{"a":{"type":"array","items":{"type":"object",
          "properties":{}}},"m":{"type":"object","additionalProperties":{"type":"string"}}},
          "$defs":{"d":{"type":["object","null"],"additionalProperties":true}}})";

  const Json format = Encode(request)["output_config"]["format"];

  EXPECT_EQ(format["type"], "json_schema");
  const Json& schema = format["schema"];
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["properties"]["a"]["items"]["additionalProperties"], false);
  EXPECT_EQ(schema["properties"]["m"]["additionalProperties"]["type"], "string");
  EXPECT_EQ(schema["$defs"]["d"]["additionalProperties"], false);
}

TEST(AnthropicRequest, AsksForAJsonObjectInWords) {
  ChatRequest request = Asking("a");
  request.response_format.kind = ResponseFormat::Kind::kJsonObject;

  EXPECT_THAT(Encode(request)["system"].get<std::string>(), HasSubstr("JSON object"));
}

TEST(AnthropicRequest, TurnsEffortIntoABudget) {
  ChatRequest request = Asking("a");
  request.max_tokens = 1000;
  request.temperature = 0.3;
  request.top_k = 4;
  request.top_p = 0.5;
  request.reasoning.mode = ReasoningRequest::Mode::kEffort;
  request.reasoning.effort = "medium";

  const Json body = Encode(request);

  EXPECT_EQ(body["thinking"].dump(), R"({"type":"enabled","budget_tokens":8192})");
  EXPECT_EQ(body["max_tokens"], 9192);
  EXPECT_FALSE(body.contains("temperature"));
  EXPECT_FALSE(body.contains("top_k"));
  EXPECT_FALSE(body.contains("top_p"));
  EXPECT_FALSE(body.contains("output_config"));
}

TEST(AnthropicRequest, LeavesRoomForTheAnswerBesideABudget) {
  ChatRequest request = Asking("a");
  request.reasoning.mode = ReasoningRequest::Mode::kBudget;
  request.reasoning.budget_tokens = 2000;
  request.max_tokens = 5000;
  EXPECT_EQ(Encode(request)["max_tokens"], 5000);
  request.max_tokens = 2000;
  EXPECT_EQ(Encode(request)["max_tokens"], 4000);
  request.max_tokens.reset();
  EXPECT_EQ(Encode(request)["max_tokens"], 8192 + 2000);
  request.reasoning.budget_tokens = 100;
  EXPECT_FALSE(Encode(request).contains("thinking"));
  request.reasoning.budget_tokens = 60000;
  const Json body = Encode(request, "claude-opus-4-1");
  EXPECT_EQ(body["max_tokens"], 32000);
  EXPECT_LT(body["thinking"]["budget_tokens"], 32000);
}

TEST(AnthropicRequest, LetsNewModelsDecideThemselves) {
  ChatRequest request = Asking("a");
  request.max_tokens = 1000;
  request.reasoning.mode = ReasoningRequest::Mode::kBudget;
  request.reasoning.budget_tokens = 20000;
  request.reasoning.want_text = true;

  const Json body = Encode(request, kAdaptiveModel);

  EXPECT_EQ(body["thinking"].dump(), R"({"type":"adaptive","display":"summarized"})");
  EXPECT_EQ(body["output_config"]["effort"], "high");
  EXPECT_EQ(body["max_tokens"], 1000);
  request.reasoning = {.mode = ReasoningRequest::Mode::kEffort, .effort = "xhigh"};
  EXPECT_EQ(Encode(request, "claude-opus-4-6")["output_config"]["effort"], "high");
  request.reasoning.effort = "minimal";
  EXPECT_EQ(Encode(request, kAdaptiveModel)["output_config"]["effort"], "low");
}

TEST(AnthropicRequest, SwitchesThinkingOffWhereItIsOn) {
  ChatRequest request = Asking("a");
  request.reasoning = {.mode = ReasoningRequest::Mode::kEffort, .effort = "none"};
  EXPECT_FALSE(Encode(request).contains("thinking"));
  EXPECT_FALSE(Encode(request, kAdaptiveModel).contains("thinking"));
  EXPECT_EQ(Encode(request, "claude-opus-5")["thinking"]["type"], "disabled");
  EXPECT_FALSE(Encode(request, "claude-opus-5-5").contains("thinking"));
  EXPECT_FALSE(Encode(request, "claude-3-5-haiku-latest").contains("thinking"));
}

TEST(AnthropicRequest, PrefersAForcedCallToThinking) {
  ChatRequest request = Asking("a");
  request.tools = {ToolNamed("f")};
  request.tool_choice = {.mode = ToolChoice::Mode::kAny};
  request.reasoning = {.mode = ReasoningRequest::Mode::kEffort, .effort = "high"};
  for (const char* const model : {kBudgetModel, kAdaptiveModel}) {
    EXPECT_FALSE(Encode(request, model).contains("thinking")) << model;
    EXPECT_EQ(Encode(request, model)["tool_choice"]["type"], "any") << model;
  }
  // One that cannot be forced is told to.
  const Json body = Encode(request, "claude-opus-5-5");
  EXPECT_EQ(body["tool_choice"]["type"], "auto");
  EXPECT_THAT(body["system"].get<std::string>(), HasSubstr("must call"));
}

ChatRequest InAToolLoop(std::vector<Part> before_call) {
  ChatRequest request = Asking("a");
  request.tools = {ToolNamed("f")};
  request.reasoning = {.mode = ReasoningRequest::Mode::kEffort, .effort = "low"};
  before_call.push_back(Call("c"));
  request.turns.push_back({.role = Role::kAssistant, .parts = std::move(before_call)});
  request.turns.push_back({.role = Role::kUser, .parts = {Result("c", {chat::TextPart("r")})}});
  return request;
}

TEST(AnthropicRequest, SendsItsOwnThinkingBackUnchanged) {
  const chat::Signature own = {.origin = "anthropic", .model = kBudgetModel, .data = "Eq=="};
  chat::Signature hidden = own;
  hidden.redacted = true;
  const ChatRequest request =
      InAToolLoop({Thinking(" t\n", own), Thinking("", own), Thinking("", hidden)});

  const Json body = Encode(request);

  EXPECT_TRUE(body.contains("thinking"));
  const Json& content = body["messages"][1]["content"];
  EXPECT_EQ(content[0].dump(), R"({"type":"thinking","thinking":" t\n","signature":"Eq=="})");
  EXPECT_EQ(content[1].dump(), R"({"type":"thinking","thinking":"","signature":"Eq=="})");
  EXPECT_EQ(content[2].dump(), R"({"type":"redacted_thinking","data":"Eq=="})");
}

TEST(AnthropicRequest, SwitchesThinkingOffInALoopWithoutItsThinking) {
  const chat::Signature foreign = {.origin = "openai", .model = "", .data = "g"};
  const chat::Signature other_model = {
      .origin = "anthropic", .model = "claude-opus-4-1", .data = "E"};
  for (const ChatRequest& request :
       {InAToolLoop({}), InAToolLoop({Thinking("t", foreign)}),
        InAToolLoop({Thinking("t", other_model)}), InAToolLoop({Thinking("t", {})})}) {
    const Json body = Encode(request);
    EXPECT_FALSE(body.contains("thinking"));
    EXPECT_EQ(body["messages"][1]["content"].size(), 1u);
  }
  // An adaptive model does not ask for it.
  EXPECT_TRUE(Encode(InAToolLoop({}), kAdaptiveModel).contains("thinking"));
}

TEST(AnthropicRequest, ThinksAgainWhenTheLoopIsOver) {
  ChatRequest request = InAToolLoop({});
  request.turns.push_back({.role = Role::kAssistant, .parts = {chat::TextPart("done")}});
  request.turns.push_back({.role = Role::kUser, .parts = {chat::TextPart("next")}});

  EXPECT_TRUE(Encode(request).contains("thinking"));
}

TEST(AnthropicRequest, SaysTheSameAfterARoundTrip) {
  const std::string body =
      R"({"model":"claude-sonnet-4-5","max_tokens":9000,"system":"s","messages":[)"
      R"({"role":"user","content":[{"type":"text","text":"q"},{"type":"image","source":)"
      R"({"type":"url","url":"https://x"}}]},{"role":"assistant","content":[)"
      R"({"type":"thinking","thinking":"t","signature":"Eq=="},)"
      R"({"type":"tool_use","id":"toolu_1","name":"f","input":{"b":[1,2.5]}}]},)"
      R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1",)"
      R"("content":"r","is_error":true}]}],"tools":[{"name":"f","description":"d",)"
      R"("input_schema":{"type":"object","properties":{"b":{"type":"array"}}}}],)"
      R"("tool_choice":{"type":"auto","disable_parallel_tool_use":true},)"
      R"("stop_sequences":["x"],"thinking":{"type":"enabled","budget_tokens":2000},)"
      R"("metadata":{"user_id":"u"},"stream":true})";
  const auto request = Decode(body);
  ASSERT_THAT(request, IsOk());

  EXPECT_EQ(Encode(*request).dump(), body);
}

TEST(AnthropicRequest, BetasAreThoseOfTheHeader) {
  const auto request = Anthropic().DecodeRequest(
      {.body = R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})",
       .betas = "context-1m-2025-08-07, interleaved-thinking-2025-05-14,,"});

  ASSERT_THAT(request, IsOk());
  EXPECT_THAT(request->betas,
              ElementsAre("context-1m-2025-08-07", "interleaved-thinking-2025-05-14"));
}

TEST(AnthropicRequest, BetasThatSayHowTheModelWorksGoToTheProvider) {
  ChatRequest request = Asking("hi");
  request.betas = {"claude-code-20250219", "context-1m-2025-08-07", "context-1m-2025-08-07",
                   "interleaved-thinking-2025-05-14", "context-management-2025-06-27"};

  const auto upstream = Anthropic().EncodeRequest(request, {.model = kBudgetModel});

  ASSERT_THAT(upstream, IsOk());
  EXPECT_THAT(upstream->headers,
              ::testing::Contains(::testing::Pair(
                  "anthropic-beta", "context-1m-2025-08-07,interleaved-thinking-2025-05-14")));
}

TEST(AnthropicRequest, WithoutBetasThereIsNoHeader) {
  const auto upstream = Anthropic().EncodeRequest(Asking("hi"), {.model = kBudgetModel});

  ASSERT_THAT(upstream, IsOk());
  EXPECT_EQ(upstream->headers.size(), 1u);
}

TEST(AnthropicRequest, WhatIsOnlyCountedNeedsNoLimit) {
  const RequestSource source{.body = R"({"model":"m","messages":[{"role":"user","content":"Hi"}]})",
                             .count_only = true};

  const auto request = Anthropic().DecodeRequest(source);

  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_FALSE(request->max_tokens.has_value());
}

}  // namespace
}  // namespace lmgate::dialect

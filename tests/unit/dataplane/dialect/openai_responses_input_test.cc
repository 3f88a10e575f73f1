#include "dataplane/dialect/openai_responses_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/base/error_detail.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::Role;
using chat::Turn;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

ChatRequest Read(std::string_view input) {
  ChatRequest request;
  const absl::StatusOr<Json> json = ParseJson(input);
  EXPECT_TRUE(json.ok());
  const absl::Status status = ReadResponsesInput(*json, &request);
  EXPECT_TRUE(status.ok()) << status;
  return request;
}

std::string BadFieldOf(std::string_view input) {
  ChatRequest request;
  const absl::Status status = ReadResponsesInput(*ParseJson(input), &request);
  EXPECT_FALSE(status.ok()) << input;
  return GetFieldHint(status).value_or(FieldHint{}).field;
}

std::string Written(std::vector<Turn> turns) {
  ChatRequest request;
  request.turns = std::move(turns);
  const absl::StatusOr<Json> input = MakeResponsesInput(request, "gpt-5");
  return input.ok() ? DumpJson(*input) : input.status().ToString();
}

Part Call(std::string id, std::string name, std::string arguments) {
  Part part;
  part.kind = PartKind::kToolCall;
  part.id = std::move(id);
  part.name = std::move(name);
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

Part Reasoning(std::string text, std::string origin, std::string model, std::string data) {
  Part part;
  part.kind = PartKind::kReasoning;
  part.text = std::move(text);
  part.signature = {
      .origin = std::move(origin), .model = std::move(model), .data = std::move(data)};
  return part;
}

Part Image() {
  Part part;
  part.kind = PartKind::kImage;
  part.media_type = "image/png";
  part.data = "iVBORw==";
  part.detail = "low";
  return part;
}

TEST(ReadResponsesInput, AStringIsTheUsers) {
  const ChatRequest request = Read(R"("hi")");

  ASSERT_EQ(request.turns.size(), 1U);
  EXPECT_EQ(request.turns[0].role, Role::kUser);
  EXPECT_EQ(request.turns[0].parts[0].text, "hi");
}

TEST(ReadResponsesInput, MessagesMayLeaveOutTheirTypeAndHaveEitherContent) {
  const ChatRequest request = Read(R"([
    {"role":"user","content":"a"},
    {"role":"assistant","content":"b"},
    {"type":"message","role":"user","content":[{"type":"input_text","text":"c"}]},
    {"type":"message","id":"msg_1","status":"completed","phase":"final","role":"assistant",
     "content":[{"type":"output_text","text":"d","annotations":[]},
                {"type":"refusal","refusal":"e"}]}])");

  ASSERT_EQ(request.turns.size(), 4U);
  EXPECT_EQ(request.turns[1].role, Role::kAssistant);
  EXPECT_EQ(request.turns[1].parts[0].text, "b");
  EXPECT_EQ(request.turns[2].parts[0].text, "c");
  EXPECT_EQ(request.turns[3].parts[1].kind, PartKind::kRefusal);
  EXPECT_THAT(request.own_fields, IsEmpty());
}

TEST(ReadResponsesInput, SystemTextIsSystemBeforeTheFirstTurnAndATurnAfterIt) {
  const ChatRequest request = Read(R"([
    {"role":"developer","content":"a"},
    {"role":"system","content":[{"type":"input_text","text":"b"}]},
    {"role":"user","content":"c"},{"role":"developer","content":"d"}])");

  ASSERT_EQ(request.system.size(), 2U);
  EXPECT_EQ(request.system[1].text, "b");
  ASSERT_EQ(request.turns.size(), 2U);
  EXPECT_EQ(request.turns[1].role, Role::kSystem);
  EXPECT_EQ(request.turns[1].parts[0].text, "d");
}

TEST(ReadResponsesInput, ItemsOfOneAnswerAreOneTurnAndItsResultsTheNext) {
  const ChatRequest request = Read(R"([
    {"role":"user","content":"q"},
    {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"t"},
      {"type":"summary_text","text":"u"}],"content":null,"encrypted_content":"enc"},
    {"type":"message","role":"assistant","content":[{"type":"output_text","text":"x"}]},
    {"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"a\":1}"},
    {"type":"function_call","call_id":"call_2","name":"crm","namespace":"ns","arguments":""},
    {"type":"function_call_output","call_id":"call_1","output":"one"},
    {"type":"function_call_output","call_id":"call_2","output":[{"type":"input_text","text":"two"},
      {"type":"input_image","image_url":"data:image/png;base64,iVBORw==","detail":"high"}]},
    {"role":"user","content":"then"}])");

  ASSERT_EQ(request.turns.size(), 3U);
  const std::vector<Part>& answer = request.turns[1].parts;
  ASSERT_EQ(answer.size(), 4U);
  EXPECT_EQ(answer[0].kind, PartKind::kReasoning);
  EXPECT_EQ(answer[0].text, "t\n\nu");
  EXPECT_EQ(answer[0].signature.origin, kOriginOpenAi);
  EXPECT_EQ(answer[0].signature.data, "enc");
  EXPECT_EQ(answer[2].id, "call_1");
  EXPECT_EQ(answer[2].arguments, R"({"a":1})");
  EXPECT_EQ(answer[3].name, "ns/crm");
  const std::vector<Part>& results = request.turns[2].parts;
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[0].parts[0].text, "one");
  EXPECT_EQ(results[1].parts[1].media_type, "image/png");
  EXPECT_EQ(results[1].parts[1].detail, "high");
  EXPECT_EQ(results[2].text, "then");
}

TEST(ReadResponsesInput, MessagesOfOneAnswerStayApart) {
  const ChatRequest request =
      Read(R"([{"role":"assistant","content":[{"type":"output_text","text":"a"},
      {"type":"output_text","text":"b"}]},{"role":"assistant","content":"c"}])");

  const std::vector<Part>& parts = request.turns.at(0).parts;
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_FALSE(parts[1].apart);
  EXPECT_TRUE(parts[2].apart);
}

TEST(ReadResponsesInput, ACustomCallsTextIsTheArgumentInput) {
  const ChatRequest request = Read(R"([
    {"type":"custom_tool_call","call_id":"c","name":"apply_patch","input":"*** \"x\"\n"},
    {"type":"custom_tool_call_output","call_id":"c","output":"done"}])");

  EXPECT_EQ(request.turns[0].parts[0].arguments, R"({"input":"*** \"x\"\n"})");
  EXPECT_EQ(request.turns[1].parts[0].parts[0].text, "done");
}

TEST(ReadResponsesInput, ReadsFilesImagesAndAudio) {
  const ChatRequest request = Read(R"([{"role":"user","content":[
    {"type":"input_image","image_url":"https://example.com/a.png"},
    {"type":"input_image","file_id":"file_1"},
    {"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"},
    {"type":"input_file","filename":"b.txt","file_data":"AAAA"},
    {"type":"input_file","file_url":"https://example.com/c.pdf"},
    {"type":"input_file","file_id":"file_2"},
    {"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}])");

  const std::vector<Part>& parts = request.turns[0].parts;
  ASSERT_EQ(parts.size(), 7U);
  EXPECT_EQ(parts[0].url, "https://example.com/a.png");
  EXPECT_EQ(parts[1].file_id, "file_1");
  EXPECT_EQ(parts[2].media_type, "application/pdf");
  EXPECT_EQ(parts[2].filename, "a.pdf");
  EXPECT_EQ(parts[3].media_type, "text/plain");
  EXPECT_EQ(parts[4].url, "https://example.com/c.pdf");
  EXPECT_EQ(parts[5].file_id, "file_2");
  EXPECT_EQ(parts[6].media_type, "audio/wav");
}

TEST(ReadResponsesInput, ABreakpointOfTheCacheIsKept) {
  const ChatRequest request = Read(R"([{"role":"user","content":[{"type":"input_text","text":"a",
      "prompt_cache_breakpoint":{"mode":"explicit"}},{"type":"input_text","text":"b"}]}])");

  EXPECT_TRUE(request.turns[0].parts[0].cache);
  EXPECT_FALSE(request.turns[0].parts[1].cache);
}

TEST(ReadResponsesInput, OwnsWhatHasNoMeaningElsewhere) {
  EXPECT_THAT(Read(R"([{"role":"user","content":[{"type":"input_text","text":"a"},
      {"type":"input_video"}]},{"type":"item_reference","id":"msg_1"},{"id":"msg_2"},
      {"type":"web_search_call","id":"ws_1"},{"type":"local_shell_call","call_id":"c"}])")
                  .own_fields,
              ElementsAre("input[0].content[1]", "input[1]", "input[2]", "input[3]", "input[4]"));
}

TEST(ReadResponsesInput, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(BadFieldOf("5"), "input");
  EXPECT_EQ(BadFieldOf("[5]"), "input[0]");
  EXPECT_EQ(BadFieldOf("[{}]"), "input[0].type");
  EXPECT_EQ(BadFieldOf(R"([{"type":5}])"), "input[0].type");
  EXPECT_EQ(BadFieldOf(R"([{"role":"robot","content":"x"}])"), "input[0].role");
  EXPECT_EQ(BadFieldOf(R"([{"role":"user"}])"), "input[0].content");
  EXPECT_EQ(BadFieldOf(R"([{"role":"user","content":[{}]}])"), "input[0].content[0].type");
  EXPECT_EQ(BadFieldOf(R"([{"role":"user","content":[{"type":"input_image"}]}])"),
            "input[0].content[0].image_url");
  EXPECT_EQ(BadFieldOf(R"([{"role":"user","content":[{"type":"input_file"}]}])"),
            "input[0].content[0].file_data");
  EXPECT_EQ(BadFieldOf(R"([{"type":"function_call","name":"f"}])"), "input[0].call_id");
  EXPECT_EQ(BadFieldOf(R"([{"type":"function_call_output","output":"x"}])"), "input[0].call_id");
}

TEST(ReadResponsesInput, ForeignSignaturesComeBack) {
  const chat::Signature signature = {.origin = "anthropic", .model = "claude", .data = "sig"};
  const std::string sealed = SealSignature(signature, kOriginOpenAi);

  const ChatRequest request =
      Read(R"([{"type":"reasoning","summary":[],"encrypted_content":")" + sealed + R"("}])");

  const Part& part = request.turns[0].parts[0];
  EXPECT_EQ(part.signature.origin, "anthropic");
  EXPECT_EQ(part.signature.model, "claude");
  EXPECT_EQ(part.signature.data, "sig");
}

TEST(ReadResponsesInput, ASignatureOfGeminiBelongsToTheItemBehindIt) {
  const chat::Signature signature = {.origin = "gemini", .model = "g", .data = "thought"};
  const std::string sealed = SealSignature(signature, kOriginOpenAi);

  const ChatRequest request =
      Read(R"([{"type":"reasoning","summary":[],"encrypted_content":")" + sealed +
           R"("},{"type":"function_call","call_id":"a","name":"f","arguments":"{}"},
         {"type":"function_call","call_id":"b","name":"f","arguments":"{}"}])");

  ASSERT_EQ(request.turns[0].parts.size(), 2U);
  EXPECT_EQ(request.turns[0].parts[0].signature.data, "thought");
  EXPECT_EQ(request.turns[0].parts[1].signature.data, "");
}

TEST(ReadResponsesInput, ReasoningThatSaysNothingIsNoPart) {
  EXPECT_THAT(Read(R"([{"type":"reasoning","id":"rs_1","summary":[]}])").turns, IsEmpty());
}

TEST(MakeResponsesInput, WritesTextsByRole) {
  Part refusal;
  refusal.kind = PartKind::kRefusal;
  refusal.text = "no";

  EXPECT_EQ(
      Written({{.role = Role::kUser, .parts = {chat::TextPart("a"), Image()}},
               {.role = Role::kAssistant, .parts = {chat::TextPart("b"), refusal}},
               {.role = Role::kSystem, .parts = {chat::TextPart("c")}}}),
      R"([{"type":"message","role":"user","content":[{"type":"input_text","text":"a"},)"
      R"({"type":"input_image","image_url":"data:image/png;base64,iVBORw==","detail":"low"}]},)"
      R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"},)"
      R"({"type":"refusal","refusal":"no"}]},)"
      R"({"type":"message","role":"system","content":[{"type":"input_text","text":"c"}]}])");
}

TEST(MakeResponsesInput, CallsHaveACallIdAndNoId) {
  EXPECT_EQ(
      Written({{.role = Role::kAssistant,
                .parts = {chat::TextPart("t"), Call("c1", "f", ""), Call("c2", "g", "{}")}},
               {.role = Role::kUser,
                .parts = {Result("c1", {chat::TextPart("x"), chat::TextPart("y")}),
                          Result("c2", {}), chat::TextPart("z")}}}),
      R"([{"type":"message","role":"assistant","content":[{"type":"output_text","text":"t"}]},)"
      R"({"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},)"
      R"({"type":"function_call","call_id":"c2","name":"g","arguments":"{}"},)"
      R"({"type":"function_call_output","call_id":"c1","output":"x\ny"},)"
      R"({"type":"function_call_output","call_id":"c2","output":""},)"
      R"({"type":"message","role":"user","content":[{"type":"input_text","text":"z"}]}])");
}

TEST(MakeResponsesInput, ResultsMayHaveImagesAndSayThatTheyFailed) {
  Part failed = Result("c1", {chat::TextPart("no such file")});
  failed.is_error = true;
  Part image = Result("c2", {Image()});
  image.is_error = true;

  EXPECT_EQ(Written({{.role = Role::kUser, .parts = {failed, image}}}),
            R"([{"type":"function_call_output","call_id":"c1","output":"Error: no such file"},)"
            R"({"type":"function_call_output","call_id":"c2","output":[)"
            R"({"type":"input_text","text":"Error: "},)"
            R"({"type":"input_image","image_url":"data:image/png;base64,iVBORw==",)"
            R"("detail":"low"}]}])");
}

TEST(MakeResponsesInput, ReasoningGoesBackToItsOwnModelOnlyAndBeforeWhatFollowedIt) {
  EXPECT_EQ(
      Written({{.role = Role::kAssistant,
                .parts = {Reasoning("why", "openai", "gpt-5", "enc"), chat::TextPart("t"),
                          Reasoning("", "openai", "", "enc2"), Call("c", "f", "{}"),
                          Reasoning("x", "anthropic", "claude", "sig"),
                          Reasoning("x", "openai", "o3", "enc3")}}}),
      R"([{"type":"reasoning","summary":[{"type":"summary_text","text":"why"}],)"
      R"("encrypted_content":"enc"},)"
      R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"t"}]},)"
      R"({"type":"reasoning","summary":[],"encrypted_content":"enc2"},)"
      R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"}])");
}

TEST(MakeResponsesInput, ReasoningWithoutAFollowerStaysOut) {
  EXPECT_EQ(
      Written({{.role = Role::kAssistant,
                .parts = {chat::TextPart("t"), Reasoning("why", "openai", "", "enc")}}}),
      R"([{"type":"message","role":"assistant","content":[{"type":"output_text","text":"t"}]}])");
}

TEST(MakeResponsesInput, FilesHaveANameOrAnAddress) {
  Part inline_file;
  inline_file.kind = PartKind::kFile;
  inline_file.media_type = "application/pdf";
  inline_file.data = "AAAA";
  Part remote = {};
  remote.kind = PartKind::kFile;
  remote.url = "https://example.com/c.pdf";
  Part held = {};
  held.kind = PartKind::kFile;
  held.file_id = "file_1";
  Part audio = {};
  audio.kind = PartKind::kAudio;
  audio.media_type = "audio/mpeg";
  audio.data = "AAAA";

  EXPECT_EQ(Written({{.parts = {inline_file, remote, held, audio}}}),
            R"([{"type":"message","role":"user","content":[{"type":"input_file",)"
            R"("filename":"file.pdf","file_data":"data:application/pdf;base64,AAAA"},)"
            R"({"type":"input_file","file_url":"https://example.com/c.pdf"},)"
            R"({"type":"input_file","file_id":"file_1"},)"
            R"({"type":"input_audio","input_audio":{"data":"AAAA","format":"mp3"}}]}])");
}

// Codex tells newer models of its tools in this way.
TEST(ReadResponsesInput, AdditionalToolsAreTools) {
  const ChatRequest request = Read(
      R"([{"type":"additional_tools","role":"developer","id":"at_1","tools":[
           {"type":"namespace","name":"functions","tools":[{"type":"custom","name":"exec"}]}]},
          {"role":"user","content":"hi"}])");

  ASSERT_EQ(request.tools.size(), 1U);
  EXPECT_EQ(request.tools[0].name, "functions/exec");
  EXPECT_TRUE(request.tools[0].freeform);
  EXPECT_THAT(request.own_fields, IsEmpty());
  EXPECT_EQ(request.turns.size(), 1U);
}

}  // namespace
}  // namespace lmgate::dialect

#include "dataplane/dialect/gemini_contents.h"

#include <absl/strings/escaping.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::Role;
using ::lmgate::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view kThird = "gemini-3-pro-preview";
constexpr std::string_view kSecond = "gemini-2.5-flash";

ChatRequest Read(std::string_view contents) {
  ChatRequest request;
  EXPECT_THAT(ReadGeminiContents(ParseJson(contents).value_or(Json()), &request), IsOk());
  return request;
}

// The parts of one user's content.
std::vector<Part> ReadParts(std::string_view parts) {
  return Read(StrCat(R"([{"role":"user","parts":[)", parts, "]}]")).turns[0].parts;
}

std::string FieldOf(std::string_view contents) {
  ChatRequest request;
  const auto status = ReadGeminiContents(ParseJson(contents).value_or(Json()), &request);
  const auto hint = GetFieldHint(status);
  return hint.has_value() ? hint->field : "";
}

std::vector<std::string> OwnFieldsOf(std::string_view part, std::string_view role = "user") {
  return Read(StrCat(R"([{"role":")", role, R"(","parts":[)", part, "]}]")).own_fields;
}

std::string Write(std::vector<Part> parts, Role role = Role::kUser,
                  std::string_view model = kSecond) {
  ChatRequest request;
  request.turns.push_back({.role = role, .parts = std::move(parts)});
  const absl::StatusOr<Json> contents = WriteGeminiContents(request, model);
  EXPECT_THAT(contents, IsOk());
  return DumpJson(contents.value_or(Json()));
}

Part Call(std::string_view id, std::string_view signature = "") {
  Part part{.kind = PartKind::kToolCall};
  part.id = id;
  part.name = "f";
  part.arguments = "{}";
  if (!signature.empty()) {
    part.signature = {.origin = "gemini", .model = std::string(kThird)};
    part.signature.data = signature;
  }
  return part;
}

Part Result(std::vector<Part> parts, bool is_error = false) {
  Part part{.kind = PartKind::kToolResult};
  part.id = "1";
  part.name = "f";
  part.parts = std::move(parts);
  part.is_error = is_error;
  return part;
}

TEST(GeminiContents, MayBeTextOrOneContent) {
  EXPECT_EQ(Read(R"("hi")").turns[0].parts[0].text, "hi");
  EXPECT_EQ(Read(R"({"parts":{"text":"hi"}})").turns[0].parts[0].text, "hi");
  EXPECT_EQ(Read(R"([{"parts":[{"text":"hi"}]}])").turns[0].role, Role::kUser);
}

TEST(GeminiContents, RolesAreTwo) {
  const ChatRequest request = Read(R"([{"role":"user","parts":[{"text":"a"}]},
    {"role":"model","parts":[{"text":"b"}]},
    {"role":"function","parts":[{"functionResponse":{"name":"f","response":{}}}]}])");

  EXPECT_EQ(request.turns[0].role, Role::kUser);
  EXPECT_EQ(request.turns[1].role, Role::kAssistant);
  EXPECT_EQ(request.turns[2].role, Role::kUser);
  EXPECT_EQ(FieldOf(R"([{"role":"assistant","parts":[]}])"), "contents[0].role");
}

// As Google's SDK keeps the chunks of a streamed answer.
TEST(GeminiContents, ContentsOfTheModelInARowAreOneTurn) {
  const ChatRequest request = Read(R"([{"role":"user","parts":[{"text":"a"}]},
    {"role":"model","parts":[{"text":"Hel"}]},{"role":"model","parts":[{"text":"lo"}]}])");

  ASSERT_EQ(request.turns.size(), 2u);
  EXPECT_EQ(request.turns[1].parts.size(), 2u);
}

TEST(GeminiContents, WrongFormsNameTheField) {
  EXPECT_EQ(FieldOf("7"), "contents");
  EXPECT_EQ(FieldOf("[]"), "contents");
  EXPECT_EQ(FieldOf("[7]"), "contents[0]");
  EXPECT_EQ(FieldOf(R"([{"parts":[7]}])"), "contents[0].parts[0]");
  EXPECT_EQ(FieldOf(R"([{"parts":[{}]}])"), "contents[0].parts[0]");
  EXPECT_EQ(FieldOf(R"([{"parts":[{"text":7}]}])"), "contents[0].parts[0].text");
  EXPECT_EQ(FieldOf(R"([{"parts":[{"functionCall":{}}]}])"),
            "contents[0].parts[0].functionCall.name");
  EXPECT_EQ(FieldOf(R"([{"parts":[{"functionCall":{"name":"f","args":"x"}}]}])"),
            "contents[0].parts[0].functionCall.args");
  EXPECT_EQ(FieldOf(R"([{"parts":[{"functionResponse":{"name":"f","response":"x"}}]}])"),
            "contents[0].parts[0].functionResponse.response");
  EXPECT_EQ(FieldOf(R"([{"parts":[{"inlineData":{"data":"AAAA"}}]}])"),
            "contents[0].parts[0].inlineData.mimeType");
  EXPECT_EQ(FieldOf(R"([{"parts":[{"inlineData":{"mimeType":"image/png","data":"!"}}]}])"),
            "contents[0].parts[0].inlineData.data");
  EXPECT_EQ(FieldOf(R"([{"parts":[{"fileData":{}}]}])"), "contents[0].parts[0].fileData.fileUri");
}

TEST(GeminiContents, MediaIsToldApartByItsType) {
  const auto parts = ReadParts(R"(
    {"inlineData":{"mimeType":"image/JPG","data":"AAAA"}},
    {"inline_data":{"mime_type":"application/pdf","data":"AAAA","display_name":"a.pdf"}},
    {"inlineData":{"mimeType":"audio/wav","data":"AAAA"}},
    {"fileData":{"fileUri":"https://example.com/a.png"}},
    {"file_data":{"file_uri":"https://example.com/a","mime_type":"application/pdf"}})");

  ASSERT_EQ(parts.size(), 5u);
  EXPECT_EQ(parts[0].kind, PartKind::kImage);
  EXPECT_EQ(parts[0].media_type, "image/jpeg");
  EXPECT_EQ(parts[1].kind, PartKind::kFile);
  EXPECT_EQ(parts[1].filename, "a.pdf");
  EXPECT_EQ(parts[2].kind, PartKind::kAudio);
  EXPECT_EQ(parts[3].kind, PartKind::kImage);
  EXPECT_EQ(parts[3].url, "https://example.com/a.png");
  EXPECT_EQ(parts[4].kind, PartKind::kFile);
}

// The SDK for Python writes bytes in the URL alphabet.
TEST(GeminiContents, Base64IsMadeStandard) {
  const auto parts = ReadParts(R"({"inlineData":{"mimeType":"image/png","data":"-_8"}},
                   {"inlineData":{"mimeType":"image/png","data":"AAAA\nAAA="}})");

  EXPECT_EQ(parts[0].data, "+/8=");
  EXPECT_EQ(parts[1].data, "AAAAAAA=");
}

TEST(GeminiContents, WhatOnlyGoogleHasIsItsOwn) {
  EXPECT_THAT(OwnFieldsOf(R"({"executableCode":{"code":"1"}})"),
              ElementsAre("contents[0].parts[0].executableCode"));
  EXPECT_THAT(OwnFieldsOf(R"({"code_execution_result":{}})"),
              ElementsAre("contents[0].parts[0].codeExecutionResult"));
  EXPECT_THAT(OwnFieldsOf(R"({"inlineData":{"mimeType":"video/mp4","data":"AAAA"}})"),
              ElementsAre("contents[0].parts[0].inlineData"));
  EXPECT_THAT(OwnFieldsOf(R"({"inlineData":{"mimeType":"image/png","data":"AAAA"}})", "model"),
              ElementsAre("contents[0].parts[0].inlineData"));
  for (const std::string_view uri : {"https://generativelanguage.googleapis.com/v1beta/files/x",
                                     "gs://b/x.png", "https://www.youtube.com/watch?v=1"}) {
    EXPECT_THAT(OwnFieldsOf(StrCat(R"({"fileData":{"fileUri":")", uri, R"("}})")),
                ElementsAre("contents[0].parts[0].fileData"));
  }
  EXPECT_THAT(OwnFieldsOf(R"({"fileData":{"fileUri":"https://a.com/?u=youtube.com/1.png"}})"),
              IsEmpty());
}

TEST(GeminiContents, ThoughtsAreReasoning) {
  const ChatRequest request = Read(R"([{"role":"model","parts":[
    {"text":"hm","thought":true,"thoughtSignature":"c2ln"},{"text":"a"}]}])");

  const auto& parts = request.turns[0].parts;
  EXPECT_EQ(parts[0].kind, PartKind::kReasoning);
  EXPECT_EQ(parts[0].signature.origin, "gemini");
  EXPECT_EQ(parts[0].signature.data, "c2ln");
  EXPECT_EQ(parts[1].kind, PartKind::kText);
}

TEST(GeminiContents, SignatureOfOthersSurvivesAnySdk) {
  const chat::Signature signature{.origin = "anthropic", .model = "claude", .data = "s\xc3\xbf?~>"};
  const std::string written = WriteGeminiSignature(signature);
  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(written, &bytes));

  // Python sends it back in the URL alphabet, Go as it was.
  for (const std::string& echo : {written, std::string(absl::WebSafeBase64Escape(bytes))}) {
    const chat::Signature read = ReadGeminiSignature(echo);
    EXPECT_EQ(read.origin, "anthropic");
    EXPECT_EQ(read.model, "claude");
    EXPECT_EQ(read.data, signature.data);
  }
}

TEST(GeminiContents, WordsThatWereNotShownComeBackWithTheirProof) {
  const chat::Signature proof{
      .origin = "anthropic", .model = "claude", .data = "c2ln", .text = "hmm"};

  const Part part = ReadParts(StrCat(R"({"thought":true,"text":"","thoughtSignature":")",
                                     WriteGeminiSignature(proof), R"("})"))[0];

  EXPECT_EQ(part.kind, PartKind::kReasoning);
  EXPECT_EQ(part.text, "hmm");
  EXPECT_EQ(part.signature.data, "c2ln");
}

TEST(GeminiContents, SignatureOfItsOwnStaysAsItIs) {
  EXPECT_EQ(WriteGeminiSignature({.origin = "gemini", .model = "m", .data = "c2ln"}), "c2ln");
  EXPECT_EQ(ReadGeminiSignature("c2ln").data, "c2ln");
  EXPECT_EQ(ReadGeminiSignature("").origin, "");
  EXPECT_EQ(ReadGeminiSignature("skip_thought_signature_validator").data, "");
}

TEST(GeminiContents, CallsWithoutIdsAreNumbered) {
  const ChatRequest request = Read(R"([{"role":"user","parts":[{"text":"a"}]},
    {"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}},
      {"functionCall":{"name":"g"}},{"functionCall":{"name":"f"}}]},
    {"role":"user","parts":[{"functionResponse":{"name":"g","response":{"output":"G"}}},
      {"functionResponse":{"name":"f","response":{"output":"F1"}}},
      {"functionResponse":{"name":"f","response":{"output":"F2"}}}]}])");

  const auto& calls = request.turns[1].parts;
  const auto& results = request.turns[2].parts;
  EXPECT_EQ(calls[0].id, "call_1");
  EXPECT_EQ(calls[1].id, "call_2");
  EXPECT_EQ(calls[2].id, "call_3");
  EXPECT_EQ(results[0].id, "call_2");
  EXPECT_EQ(results[1].id, "call_1");
  EXPECT_EQ(results[2].id, "call_3");
}

TEST(GeminiContents, GivenIdsAreKept) {
  const ChatRequest request = Read(R"([
    {"role":"model","parts":[{"functionCall":{"id":"call_2","name":"f"}},
      {"functionCall":{"name":"f"}}]},
    {"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}},
      {"functionResponse":{"name":"f","response":{}}}]}])");

  EXPECT_EQ(request.turns[0].parts[0].id, "call_2");
  EXPECT_EQ(request.turns[0].parts[1].id, "call_2_");
  EXPECT_EQ(request.turns[1].parts[0].id, "call_2");
  EXPECT_EQ(request.turns[1].parts[1].id, "call_2_");
}

// gemini-cli makes ids for results of calls that had none.
TEST(GeminiContents, UnknownIdsOfResultsFollowTheName) {
  const ChatRequest request = Read(R"([{"role":"model","parts":[{"functionCall":{"name":"f"}}]},
    {"role":"user","parts":[{"functionResponse":{"id":"f-17","name":"f","response":{}}}]}])");

  EXPECT_EQ(request.turns[1].parts[0].id, "call_1");
}

TEST(GeminiContents, CallsOfAnEarlierTurnTakeNoResult) {
  const ChatRequest request = Read(R"([{"role":"model","parts":[{"functionCall":{"name":"f"}}]},
    {"role":"user","parts":[{"text":"stop"}]},
    {"role":"model","parts":[{"functionCall":{"name":"f"}}]},
    {"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}])");

  EXPECT_EQ(request.turns[3].parts[0].id, "call_2");
}

TEST(GeminiContents, ResultsAreUnwrapped) {
  const auto result = [](std::string_view response) {
    return ReadParts(StrCat(R"({"functionResponse":{"name":"f","response":)", response, "}}"))[0];
  };

  EXPECT_EQ(result(R"({"output":"a"})").parts[0].text, "a");
  EXPECT_EQ(result(R"({"result":"a"})").parts[0].text, "a");
  EXPECT_EQ(result(R"({"output":"a","b":1})").parts[0].text, R"({"output":"a","b":1})");
  EXPECT_EQ(result(R"({"output":[1]})").parts[0].text, R"({"output":[1]})");
  EXPECT_TRUE(result(R"({"error":"bad"})").is_error);
  EXPECT_EQ(result(R"({"error":"bad"})").parts[0].text, "bad");
  EXPECT_FALSE(result(R"({"error":null,"data":1})").is_error);
  EXPECT_THAT(result("{}").parts, IsEmpty());
}

TEST(GeminiContents, ResultsMayShowPictures) {
  const auto parts = ReadParts(R"({"functionResponse":{"name":"f","response":{"output":"a"},
    "parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}})");

  ASSERT_EQ(parts[0].parts.size(), 2u);
  EXPECT_EQ(parts[0].parts[1].kind, PartKind::kImage);
}

TEST(GeminiSystem, IsReadInEveryForm) {
  for (const std::string_view system :
       {R"("be brief")", R"({"parts":[{"text":"be brief"}]})", R"({"parts":{"text":"be brief"}})",
        R"({"role":"system","parts":[{"text":"be brief"},{"text":""}]})",
        R"({"text":"be brief"})"}) {
    ChatRequest request;
    EXPECT_THAT(ReadGeminiSystem(ParseJson(system).value_or(Json()), &request), IsOk());
    ASSERT_EQ(request.system.size(), 1u) << system;
    EXPECT_EQ(request.system[0].text, "be brief");
  }
}

TEST(GeminiSystem, MayBeEmpty) {
  for (const std::string_view system : {"{}", R"({"role":"user"})", R"({"parts":[]})"}) {
    ChatRequest request;
    EXPECT_THAT(ReadGeminiSystem(ParseJson(system).value_or(Json()), &request), IsOk());
    EXPECT_THAT(request.system, IsEmpty());
    EXPECT_THAT(request.own_fields, IsEmpty());
  }
}

TEST(GeminiContentsWriting, RolesAreUserAndModel) {
  EXPECT_EQ(Write({chat::TextPart("a")}), R"([{"role":"user","parts":[{"text":"a"}]}])");
  EXPECT_EQ(Write({chat::TextPart("a")}, Role::kAssistant),
            R"([{"role":"model","parts":[{"text":"a"}]}])");
  EXPECT_EQ(Write({chat::TextPart("")}), "[]");
}

TEST(GeminiContentsWriting, MediaHasAType) {
  Part image{.kind = PartKind::kImage};
  image.url = "https://example.com/a.PNG?x=1";
  Part unknown = image;
  unknown.url = "https://example.com/a";
  Part file{.kind = PartKind::kFile, .media_type = "application/pdf", .data = "AAAA"};

  EXPECT_EQ(Write({image, unknown, file}),
            R"([{"role":"user","parts":[)"
            R"({"fileData":{"mimeType":"image/png","fileUri":"https://example.com/a.PNG?x=1"}},)"
            R"({"fileData":{"mimeType":"image/jpeg","fileUri":"https://example.com/a"}},)"
            R"({"inlineData":{"mimeType":"application/pdf","data":"AAAA"}}]}])");
}

TEST(GeminiContentsWriting, AddressesThatGoogleDoesNotFetchAreRefused) {
  const auto field_of = [](const Part& part) {
    ChatRequest request;
    request.turns.push_back({.role = Role::kUser, .parts = {part}});
    const auto written = WriteGeminiContents(request, kSecond);
    return GetFieldHint(written.status()).value_or(FieldHint()).field;
  };
  Part image{.kind = PartKind::kImage};
  Part file{.kind = PartKind::kFile};
  image.url = "ftp://x/a.png";
  file.url = "file:///etc/passwd";

  EXPECT_EQ(field_of(image), "image");
  EXPECT_EQ(field_of(file), "document");
  EXPECT_EQ(field_of(Result({image})), "image");
  image.url = "GS://bucket/a.png";
  EXPECT_EQ(field_of(image), "");
}

TEST(GeminiContentsWriting, ResultsAreObjects) {
  EXPECT_THAT(Write({Result({chat::TextPart("a"), chat::TextPart("b")})}),
              HasSubstr(R"("name":"f","response":{"output":"a\nb"}})"));
  EXPECT_THAT(Write({Result({})}), HasSubstr(R"("response":{"output":""}})"));
  EXPECT_THAT(Write({Result({chat::TextPart(R"({"t":1})")})}), HasSubstr(R"("response":{"t":1}})"));
  EXPECT_THAT(Write({Result({chat::TextPart("[1]")})}),
              HasSubstr(R"("response":{"output":"[1]"}})"));
  EXPECT_THAT(Write({Result({chat::TextPart("{\"t\":")})}),
              HasSubstr(R"("response":{"output":"{\"t\":"}})"));
  EXPECT_THAT(Write({Result({chat::TextPart("bad")}, true)}),
              HasSubstr(R"("response":{"error":"bad"}})"));
}

TEST(GeminiContentsWriting, FirstModelsKnowNoIds) {
  EXPECT_THAT(Write({Call("x")}, Role::kAssistant, "gemini-2.0-flash"), Not(HasSubstr("\"id\"")));
  EXPECT_THAT(Write({Call("x")}, Role::kAssistant, kSecond), HasSubstr(R"("id":"x")"));
  EXPECT_THAT(Write({Result({})}, Role::kUser, "gemini-1.5-pro"), Not(HasSubstr("\"id\"")));
}

TEST(GeminiContentsWriting, SignaturesGoBackToTheirModel) {
  EXPECT_EQ(Write({Call("a", "c2ln"), Call("b")}, Role::kAssistant, kThird),
            R"([{"role":"model","parts":[)"
            R"({"functionCall":{"id":"a","name":"f","args":{}},"thoughtSignature":"c2ln"},)"
            R"({"functionCall":{"id":"b","name":"f","args":{}}}]}])");
}

TEST(GeminiContentsWriting, ForeignHistoryOfThirdsIsMarked) {
  EXPECT_EQ(Write({Call("a"), Call("b")}, Role::kAssistant, kThird),
            R"([{"role":"model","parts":[{"functionCall":{"id":"a","name":"f","args":{}},)"
            R"("thoughtSignature":"skip_thought_signature_validator"},)"
            R"({"functionCall":{"id":"b","name":"f","args":{}}}]}])");
  EXPECT_THAT(Write({Call("a", "c2ln")}, Role::kAssistant, "gemini-3-flash"),
              HasSubstr("skip_thought_signature_validator"));
  EXPECT_THAT(Write({Call("a")}, Role::kAssistant, kSecond), Not(HasSubstr("thoughtSignature")));
}

TEST(GeminiContentsWriting, SignatureOfAThoughtGoesToWhatFollowed) {
  Part thought{.kind = PartKind::kReasoning, .text = "hm"};
  thought.signature = {.origin = "gemini", .model = std::string(kThird), .data = "c2ln"};

  const std::string contents = Write({thought, Call("a")}, Role::kAssistant, kThird);

  EXPECT_THAT(contents, HasSubstr(R"("thoughtSignature":"c2ln")"));
  EXPECT_THAT(contents, Not(HasSubstr("hm")));
}

TEST(GeminiContentsWriting, ReasoningOfOthersIsDropped) {
  Part thought{.kind = PartKind::kReasoning, .text = "hm"};
  thought.signature = {.origin = "anthropic", .model = "claude", .data = "c2ln"};

  EXPECT_EQ(Write({thought, chat::TextPart("a")}, Role::kAssistant, kThird),
            R"([{"role":"model","parts":[{"text":"a"}]}])");
}

TEST(GeminiContentsWriting, ArgumentsAreObjects) {
  EXPECT_EQ(DumpJson(WriteGeminiCall("", "f", "")), R"({"functionCall":{"name":"f","args":{}}})");
  EXPECT_EQ(DumpJson(WriteGeminiCall("1", "f", "[1]")),
            R"({"functionCall":{"id":"1","name":"f","args":{"_raw":"[1]"}}})");
}

}  // namespace
}  // namespace lmgate::dialect

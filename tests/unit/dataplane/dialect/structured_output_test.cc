#include "dataplane/dialect/structured_output.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::ChatRequest;
using chat::FinishReason;
using chat::PartKind;
using Kind = ChatEvent::Kind;
using Mode = chat::ToolChoice::Mode;

constexpr char kSchema[] = R"({"type":"object","properties":{"a":{"type":"integer"}}})";

ChatRequest Asking() {
  ChatRequest request;
  request.response_format = {.kind = chat::ResponseFormat::Kind::kJsonSchema,
                             .name = "n",
                             .description = "A number.",
                             .schema = kSchema};
  return request;
}

chat::Tool ToolNamed(std::string name) {
  chat::Tool tool;
  tool.name = std::move(name);
  return tool;
}

TEST(SchemaTool, HasANameOfItsOwn) {
  ChatRequest request = Asking();
  EXPECT_EQ(SchemaToolName(request), "json_answer");
  request.tools = {ToolNamed("json_answer"), ToolNamed("json_answer_")};
  EXPECT_EQ(SchemaToolName(request), "json_answer__");
}

TEST(SchemaTool, IsTheOnlyOneThatMustBeCalled) {
  ChatRequest request = Asking();
  AddSchemaTool("json_answer", &request);

  ASSERT_EQ(request.tools.size(), 1u);
  EXPECT_EQ(request.tools[0].parameters, kSchema);
  EXPECT_NE(request.tools[0].description.find("A number."), std::string::npos);
  EXPECT_EQ(request.tool_choice.mode, Mode::kOne);
  EXPECT_EQ(request.tool_choice.names, std::vector<std::string>{"json_answer"});
  EXPECT_EQ(request.response_format.kind, chat::ResponseFormat::Kind::kText);
}

TEST(SchemaTool, BesideTheClientsToolsSomeToolMustBeCalled) {
  ChatRequest request = Asking();
  request.tools = {ToolNamed("f")};
  AddSchemaTool("json_answer", &request);
  EXPECT_EQ(request.tool_choice.mode, Mode::kAny);

  request = Asking();
  request.tools = {ToolNamed("f")};
  request.tool_choice = {.mode = Mode::kNone};
  AddSchemaTool("json_answer", &request);
  EXPECT_EQ(request.tool_choice.mode, Mode::kOne);
}

TEST(SchemaTool, AToolThatTheClientDemandsStaysDemanded) {
  ChatRequest request = Asking();
  request.tools = {ToolNamed("f")};
  request.tool_choice = {.mode = Mode::kOne, .names = {"f"}};
  AddSchemaTool("json_answer", &request);

  EXPECT_EQ(request.tool_choice.names, std::vector<std::string>{"f"});
}

TEST(JsonInstruction, StandsInForTheFormat) {
  ChatRequest request;
  request.response_format.kind = chat::ResponseFormat::Kind::kJsonObject;
  AddJsonInstruction(&request);

  EXPECT_EQ(request.response_format.kind, chat::ResponseFormat::Kind::kText);
  ASSERT_EQ(request.system.size(), 1u);
  EXPECT_NE(request.system[0].text.find("JSON object"), std::string::npos);
}

TEST(SchemaInstruction, StandsInForTheFormat) {
  ChatRequest request = Asking();
  AddSchemaInstruction(&request);

  EXPECT_EQ(request.response_format.kind, chat::ResponseFormat::Kind::kText);
  ASSERT_EQ(request.system.size(), 1u);
  EXPECT_NE(request.system[0].text.find(kSchema), std::string::npos);
  EXPECT_NE(request.system[0].text.find("A number."), std::string::npos);
}

TEST(SchemaRoot, IsAnObjectOrNot) {
  EXPECT_TRUE(HasObjectRoot(kSchema));
  EXPECT_TRUE(HasObjectRoot(R"({"properties":{}})"));
  EXPECT_TRUE(HasObjectRoot("no JSON"));
  for (const char* const schema :
       {R"({"type":"array","items":{}})", R"({"type":["object","null"]})",
        R"({"anyOf":[{"type":"object"}]})", R"({"enum":["a"]})", R"({"type":"string"})"}) {
    EXPECT_FALSE(HasObjectRoot(schema)) << schema;
  }
}

TEST(SchemaRoot, IsWrappedWithWhatItRefersTo) {
  chat::ResponseFormat format;
  format.schema = R"({"type":"array","items":{"anyOf":[{"$ref":"#/$defs/d"},{"$ref":"#"},)"
                  R"({"$ref":"#/items/anyOf/0"}]},"$defs":{"d":{"type":"string"}}})";

  WrapRoot(&format);

  EXPECT_EQ(format.schema,
            R"({"type":"object","properties":{"value":{"type":"array","items":{"anyOf":[)"
            R"({"$ref":"#/$defs/d"},{"$ref":"#/properties/value"},)"
            R"({"$ref":"#/properties/value/items/anyOf/0"}]}}},"required":["value"],)"
            R"("additionalProperties":false,"$defs":{"d":{"type":"string"}}})");
}

// What RootFilter makes of a text that comes in these pieces.
std::string Unwrapped(const std::vector<std::string>& pieces) {
  RootFilter filter;
  std::vector<ChatEvent> out;
  ChatEvent event;
  event.kind = Kind::kPartOpen;
  filter.Add(event, &out);
  event.kind = Kind::kPartDelta;
  for (const std::string& piece : pieces) {
    event.text = piece;
    filter.Add(event, &out);
  }
  event.kind = Kind::kPartClose;
  event.text.clear();
  filter.Add(event, &out);
  std::string text;
  for (const ChatEvent& each : out) text += each.text;
  EXPECT_EQ(out.back().kind, Kind::kPartClose);
  return text;
}

TEST(RootFilter, GivesTheValueWhereverTheTextIsCut) {
  const std::string text = " {\n \"value\" :[1,{\"a\":\"}]\\\"\"}] }\n";

  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(Unwrapped({text.substr(0, cut), text.substr(cut)}), "[1,{\"a\":\"}]\\\"\"}] ");
  }
}

TEST(RootFilter, GivesTheValueAsItComes) {
  RootFilter filter;
  std::vector<ChatEvent> out;
  ChatEvent event;
  event.kind = Kind::kPartDelta;
  event.text = R"({"value":["a")";

  filter.Add(event, &out);

  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].text, R"(["a")");
}

TEST(RootFilter, OtherTextPassesAsItIs) {
  for (const char* const text : {"I can not.", "[1]", R"({"values":1})", "{", "", R"({"val)"}) {
    EXPECT_EQ(Unwrapped({text}), text);
  }
  EXPECT_EQ(Unwrapped({std::string(1000, ' '), "x"}), std::string(1000, ' ') + "x");
}

class SchemaToolFilterTest : public ::testing::Test {
 protected:
  void Open(int part, std::string name, PartKind kind = PartKind::kToolCall) {
    ChatEvent event = Of(Kind::kPartOpen, part, kind);
    event.id = "c";
    event.name = std::move(name);
    Add(std::move(event));
  }
  void Delta(int part, std::string text, PartKind kind = PartKind::kToolCall) {
    ChatEvent event = Of(Kind::kPartDelta, part, kind);
    event.text = std::move(text);
    Add(std::move(event));
  }
  void Close(int part, PartKind kind = PartKind::kToolCall) {
    Add(Of(Kind::kPartClose, part, kind));
  }
  void Finish(FinishReason reason) {
    ChatEvent event = Of(Kind::kFinish, 0, PartKind::kText);
    event.finish = reason;
    Add(std::move(event));
  }

  static ChatEvent Of(Kind kind, int part, PartKind part_kind) {
    ChatEvent event;
    event.kind = kind;
    event.part = part;
    event.part_kind = part_kind;
    return event;
  }

  void Add(ChatEvent event) {
    std::vector<ChatEvent> out;
    filter_->Add(std::move(event), &out);
    for (const ChatEvent& each : out) {
      const char kind = each.part_kind == PartKind::kToolCall ? 'c' : 't';
      switch (each.kind) {
        case Kind::kPartOpen:
          StrAppend(&said_, "[", std::string(1, kind), each.part, " ");
          break;
        case Kind::kPartDelta:
          StrAppend(&said_, each.text, "|");
          break;
        case Kind::kPartClose:
          said_ += "]";
          break;
        default:
          StrAppend(&said_, " finish ", static_cast<int>(each.finish));
      }
    }
  }

  std::optional<SchemaToolFilter> filter_{std::in_place, "json_answer", kSchema};
  std::string said_;
};

TEST_F(SchemaToolFilterTest, ArgumentsAreTheTextAtOnce) {
  Open(0, "json_answer");
  Delta(0, "{\"a");
  Delta(0, "\":");
  EXPECT_EQ(said_, "[t0 {\"a\":|");
  Delta(0, "1}");
  Close(0);
  Finish(FinishReason::kToolCalls);

  EXPECT_EQ(said_, "[t0 {\"a\":|1}|] finish 0");
}

TEST_F(SchemaToolFilterTest, OtherCallsStayCalls) {
  Open(0, "f");
  Delta(0, "{}");
  Close(0);
  Open(1, "json_answer");
  Delta(1, "{\"a\":1}");
  Close(1);
  Finish(FinishReason::kToolCalls);

  EXPECT_EQ(said_, "[c0 {}|][t1 {\"a\":1}|] finish 3");
}

TEST_F(SchemaToolFilterTest, OtherReasonsToFinishStay) {
  Open(0, "json_answer");
  Delta(0, "{\"a\":");
  Close(0);
  Finish(FinishReason::kLength);

  EXPECT_EQ(said_, "[t0 {\"a\":|] finish 2");
}

TEST_F(SchemaToolFilterTest, AWrapperThatTheSchemaDoesNotKnowIsTakenOff) {
  Open(0, "json_answer");
  Delta(0, " {\"param");
  Delta(0, "eters\": {\"a\":");
  EXPECT_EQ(said_, "[t0 ");
  Delta(0, "1}}");
  Close(0);

  EXPECT_EQ(said_, "[t0 {\"a\":1}|]");
}

TEST_F(SchemaToolFilterTest, AWrapperWithMoreInItIsNone) {
  Open(0, "json_answer");
  Delta(0, "{\"input\":{\"a\":1},\"b\":2}");
  Close(0);

  EXPECT_EQ(said_, "[t0 {\"input\":{\"a\":1},\"b\":2}|]");
}

TEST_F(SchemaToolFilterTest, AWrappersNameMayBeAMemberOfTheSchema) {
  filter_.emplace("json_answer", R"({"properties":{"input":{}}})");
  Open(0, "json_answer");
  Delta(0, "{\"input\":");

  EXPECT_EQ(said_, "[t0 {\"input\":|");
}

TEST_F(SchemaToolFilterTest, ArgumentsThatAreNoObjectComeThrough) {
  Open(0, "json_answer");
  Delta(0, "[1");
  Close(0);
  Open(1, "json_answer");
  Close(1);

  EXPECT_EQ(said_, "[t0 [1|][t1 ]");
}

TEST_F(SchemaToolFilterTest, WhatIsCutBeforeItIsDecidedComesThrough) {
  Open(0, "json_answer");
  Delta(0, "{\"in");
  Close(0);

  EXPECT_EQ(said_, "[t0 {\"in|]");
}

TEST_F(SchemaToolFilterTest, ASecondCallWaitsForTheFirst) {
  Open(0, "json_answer");
  Open(1, "json_answer");
  Delta(1, "{\"a\":2}");
  Delta(0, "{\"a\":1}");
  Close(1);
  EXPECT_EQ(said_, "[t0 {\"a\":1}|");
  Close(0);

  EXPECT_EQ(said_, "[t0 {\"a\":1}|][t1 {\"a\":2}|]");
}

TEST_F(SchemaToolFilterTest, HeldTextHasALimit) {
  Open(0, "json_answer");
  Delta(0, "{\"input\":\"");
  Delta(0, std::string(SchemaToolFilter::kHeldBytesMax - 10, 'x'));
  EXPECT_EQ(said_, "[t0 ");
  Delta(0, "x");

  EXPECT_GT(said_.size(), SchemaToolFilter::kHeldBytesMax);
  Delta(0, "y");
  EXPECT_TRUE(said_.ends_with("y|"));
}

}  // namespace
}  // namespace lmgate::dialect

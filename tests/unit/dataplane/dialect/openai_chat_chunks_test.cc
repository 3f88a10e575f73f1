#include "dataplane/dialect/openai_chat_chunks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/unit/dataplane/dialect/openai_chat_answers.h"

namespace lmgate::dialect {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// The first choice of a stream of deltas, without its heading.
std::string Read(std::initializer_list<std::string_view> deltas, std::string_view finish = "stop") {
  const AnswerContext context = TestContext();
  ChatChunkReader reader(context);
  std::vector<chat::ChatEvent> events;
  for (const std::string_view delta : deltas) {
    const auto chunk = ParseJson(StrCat(R"({"choices":[{"index":0,"delta":)", delta, "}]}"));
    EXPECT_TRUE(chunk.ok()) << delta;
    reader.Add(*chunk, &events);
  }
  reader.Add(*ParseJson(StrCat(R"({"choices":[{"delta":null,"finish_reason":")", finish, "\"}]}")),
             &events);
  reader.End(&events);
  std::string outcome = Outcome(events);
  const size_t choice = outcome.find("choice\n");
  return choice == std::string::npos ? outcome : outcome.substr(choice + 7);
}

std::string Call(std::string_view members, std::string_view function) {
  return StrCat(R"({"tool_calls":[{)", members, R"("function":{)", function, "}}]}");
}

TEST(ChatChunkReader, MissingIndexes) {
  const std::string read =
      Read({Call(R"("id":"a",)", R"("name":"f","arguments":"{\"x\":")"),
            Call("", R"("arguments":"1}")"), Call(R"("id":"b",)", R"("name":"f","arguments":"{}")"),
            Call(R"("id":"a",)", R"("arguments":" ")")});

  EXPECT_EQ(read, "  call a f {\"x\":1} \n  call b f {}\n  finish tool_calls\n");
}

TEST(ChatChunkReader, SameIndexWithAnotherIdIsAnotherCall) {
  const std::string read =
      Read({Call(R"("index":0,"id":"a",)", R"("name":"f","arguments":"{\"x\":")"),
            Call(R"("index":0,"id":"a",)", R"("arguments":"1}")"),
            Call(R"("index":0,"id":"b",)", R"("name":"f","arguments":"{}")")});

  EXPECT_EQ(read, "  call a f {\"x\":1}\n  call b f {}\n  finish tool_calls\n");
}

TEST(ChatChunkReader, CallsThatShareAnIndexInterleave) {
  const std::string read =
      Read({Call(R"("index":0,"id":"a",)", R"("name":"f","arguments":"{\"x\":")"),
            Call(R"("index":0,"id":"b",)", R"("name":"g","arguments":"{")"),
            Call(R"("index":0,"id":"a",)", R"("arguments":"1}")"),
            Call(R"("index":0,"id":"b",)", R"("arguments":"}")")});

  EXPECT_EQ(read, "  call a f {\"x\":1}\n  call b g {}\n  finish tool_calls\n");
}

TEST(ChatChunkReader, EmptyIdsAndRepeatedNamesAreIgnored) {
  const std::string read = Read({Call(R"("index":0,"id":"a",)", R"("name":"f","arguments":"")"),
                                 Call(R"("index":0,"id":"",)", R"("name":"","arguments":"{\"x\"")"),
                                 Call(R"("index":0,"id":null,)", R"("name":null,"arguments":":1")"),
                                 Call(R"("index":0,"id":"a",)", R"("name":"f","arguments":"}")")});

  EXPECT_EQ(read, "  call a f {\"x\":1}\n  finish tool_calls\n");
}

TEST(ChatChunkReader, CallsWithoutIdsGetDifferentOnes) {
  const std::string read =
      Read({Call(R"("index":0,)", R"("name":"f","arguments":"{}")"),
            Call(R"("index":0,)", R"("name":"f","arguments":"{}")"),
            Call("", R"("name":"g","arguments":{"x":1})"),
            R"({"tool_calls":[{"function":{"name":"h"}},{"function":{"name":"h"}}]})"});

  EXPECT_EQ(read,
            "  call call_r10 f {}\n  call call_r11 f {}\n  call call_r12 g {\"x\":1}\n"
            "  call call_r13 h \n  call call_r14 h \n  finish tool_calls\n");
}

TEST(ChatChunkReader, AnIdThatIsGivenTwiceIsReplaced) {
  const std::string read =
      Read({R"({"tool_calls":[{"index":0,"id":"f","function":{"name":"f","arguments":"{}"}},)"
            R"({"index":1,"id":"f","function":{"name":"f","arguments":"{}"}}]})"});

  EXPECT_EQ(read, "  call f f {}\n  call call_r10 f {}\n  finish tool_calls\n");
}

TEST(ChatChunkReader, ANameMayComeAfterItsArguments) {
  EXPECT_EQ(Read({Call(R"("index":0,"id":"a",)", R"("arguments":"{\"x\"")"),
                  Call(R"("index":0,)", R"("name":"f","arguments":":1}")")}),
            "  call a f {\"x\":1}\n  finish tool_calls\n");
  EXPECT_EQ(Read({Call(R"("index":0,"id":"a",)", R"("arguments":"{}")")}),
            "error: the provider's answer has a tool call without a name");
}

TEST(ChatChunkReader, AnEmptyListOfCallsIsNone) {
  EXPECT_EQ(Read({R"({"content":"a","tool_calls":[]})"}, "tool_calls"),
            "  text a\n  finish stop\n");
}

TEST(ChatChunkReader, ToolCallsWinOverAStopAndNothingElse) {
  const std::string call = Call(R"("index":0,"id":"a",)", R"("name":"f","arguments":"{}")");

  EXPECT_THAT(Read({call}, "stop"), HasSubstr("finish tool_calls"));
  EXPECT_THAT(Read({call}, "length"), HasSubstr("finish length"));
  EXPECT_THAT(Read({call}, "content_filter"), HasSubstr("finish content_filter"));
  EXPECT_THAT(Read({call}, "whatever"), HasSubstr("finish tool_calls"));
}

TEST(ChatChunkReader, ALaterStopDoesNotHideTheReason) {
  const AnswerContext context = TestContext();
  ChatChunkReader reader(context);
  std::vector<chat::ChatEvent> events;
  for (const char* finish : {"stop", "length", "stop"}) {
    reader.Add(*ParseJson(StrCat(R"({"choices":[{"delta":{"content":"a"},"finish_reason":")",
                                 finish, "\"}]}")),
               &events);
  }
  reader.End(&events);

  EXPECT_THAT(Outcome(events), HasSubstr("text aaa\n  finish length"));
}

TEST(ChatChunkReader, TextBesideCallsKeepsItsOrderAsFarAsPartsCan) {
  const std::string read = Read(
      {R"({"content":"a"})", Call(R"("index":0,"id":"x",)", R"("name":"f","arguments":"{")"),
       R"({"content":"b"})", Call(R"("index":0,)", R"("arguments":"}")"), R"({"content":"c"})"});

  EXPECT_EQ(read, "  text a\n  call x f {}\n  text bc\n  finish tool_calls\n");
}

TEST(ChatChunkReader, ReasoningBesideCallsWaitsForTheirEnd) {
  const std::string read = Read(
      {Call(R"("index":0,"id":"x",)", R"("name":"f","arguments":"{")"), R"({"reasoning":"a"})",
       R"({"reasoning":"b"})", R"({"refusal":"no"})", Call(R"("index":0,)", R"("arguments":"}")")});

  EXPECT_EQ(read, "  call x f {}\n  reasoning ab\n  refusal no\n  finish tool_calls\n");
}

TEST(ChatChunkReader, ReasoningHasSeveralNames) {
  EXPECT_THAT(Read({R"({"reasoning_content":"a"})"}), StartsWith("  reasoning a\n"));
  EXPECT_THAT(
      Read({R"({"reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a"}]})"}),
      StartsWith("  reasoning a\n  finish"));
  EXPECT_THAT(Read({R"({"reasoning_details":[{"type":"reasoning.summary","summary":"a"}]})"}),
              StartsWith("  reasoning a\n"));
  EXPECT_THAT(Read({R"({"reasoning_details":[{"type":"reasoning.encrypted","data":"AAAA"}]})"}),
              StartsWith("  finish"));
}

TEST(ChatChunkReader, LimitsAreErrors) {
  const AnswerContext context = TestContext();
  const auto calls = [&](size_t count) {
    ChatChunkReader reader(context);
    std::vector<chat::ChatEvent> events;
    for (size_t i = 0; i < count; ++i) {
      reader.Add(*ParseJson(StrCat(R"({"choices":[{"delta":{"tool_calls":[{"index":)", i,
                                   R"(,"function":{"name":"f"}}]}}]})")),
                 &events);
    }
    reader.End(&events);
    return events.back().kind;
  };
  EXPECT_EQ(calls(ChatChunkReader::kCallsMax), chat::ChatEvent::Kind::kEnd);
  EXPECT_EQ(calls(ChatChunkReader::kCallsMax + 1), chat::ChatEvent::Kind::kError);
}

TEST(ChatChunkReader, ChoicesAreNumberedFromZeroWithoutGaps) {
  const AnswerContext context = TestContext();
  const auto end = [&](int64_t from, int64_t to) {
    ChatChunkReader reader(context);
    std::vector<chat::ChatEvent> events;
    for (int64_t i = from; i <= to; ++i) {
      reader.Add(*ParseJson(StrCat(R"({"choices":[{"index":)", i,
                                   R"(,"delta":{"content":"a"},"finish_reason":"stop"}]})")),
                 &events);
    }
    reader.End(&events);
    return events.back().kind;
  };

  EXPECT_EQ(end(0, ChatChunkReader::kChoicesMax - 1), chat::ChatEvent::Kind::kEnd);
  EXPECT_EQ(end(0, ChatChunkReader::kChoicesMax), chat::ChatEvent::Kind::kError);
  EXPECT_EQ(end(-1, 0), chat::ChatEvent::Kind::kError);
  // Found by the fuzz target: the client's choice 0 was never finished.
  EXPECT_EQ(end(1, 1), chat::ChatEvent::Kind::kError);
}

TEST(ChatChunkReader, OddShapesAreNoChoice) {
  EXPECT_EQ(Read({"null", "[]", "\"text\"", R"({"content":7,"tool_calls":{},"annotations":1})",
                  R"({"content":[1,null,{"text":"a"}],"tool_calls":[null,1,{"function":[]}]})"}),
            "  text a\n  finish stop\n");
}

TEST(ChatChunkReader, UsageMayComeBesideTheFinishOrInGroqsMember) {
  const AnswerContext context = TestContext();
  for (const char* members : {R"("usage":{"prompt_tokens":3,"completion_tokens":4})",
                              R"("x_groq":{"usage":{"prompt_tokens":3,"completion_tokens":4}})"}) {
    ChatChunkReader reader(context);
    std::vector<chat::ChatEvent> events;
    reader.Add(
        *ParseJson(StrCat(R"({"choices":[{"delta":{},"finish_reason":"stop"}],)", members, "}")),
        &events);
    reader.End(&events);

    EXPECT_THAT(Outcome(events), HasSubstr("usage 3 4 7 "));
  }
}

}  // namespace
}  // namespace lmgate::dialect

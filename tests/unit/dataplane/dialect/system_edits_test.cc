#include "dataplane/dialect/system_edits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "dataplane/dialect/json.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Role;
using chat::TextPart;
using contract::SystemEdits;
using lmgate::testing::IsOk;
using lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// "Claude" becomes "Bot".
SystemEdits Renaming() { return {.replace = {{.from = "Claude", .to = "Bot"}}}; }
SystemEdits Erasing() { return {.replace = {{.from = "Claude", .to = ""}}}; }
SystemEdits Appending() { return {.append = "Be \"brief\"."}; }
SystemEdits Both() { return {.replace = Renaming().replace, .append = Appending().append}; }

std::vector<std::string> Texts(const std::vector<chat::Part>& parts) {
  std::vector<std::string> texts;
  for (const chat::Part& part : parts) texts.push_back(part.text);
  return texts;
}

// ---- translated

TEST(ApplyEdits, ReplacesInOrderInEachSystemText) {
  ChatRequest request;
  request.system = {TextPart("aXa"), TextPart("b")};
  request.turns.push_back({.role = Role::kUser, .parts = {TextPart("a")}});
  request.turns.push_back({.role = Role::kSystem, .parts = {TextPart("late a")}});

  const SystemEdits edits{.replace = {{.from = "a", .to = "b"}, {.from = "b", .to = "cc"}}};
  EXPECT_THAT(ApplyEdits(edits, &request), IsOk());

  EXPECT_THAT(Texts(request.system), ElementsAre("ccXcc", "cc"));
  EXPECT_THAT(Texts(request.turns[0].parts), ElementsAre("a"));
  EXPECT_THAT(Texts(request.turns[1].parts), ElementsAre("lccte cc"));
}

TEST(ApplyEdits, AppendsATextOfItsOwn) {
  ChatRequest request;
  request.system = {TextPart("You are Claude.")};
  request.system[0].cache = true;

  EXPECT_THAT(ApplyEdits(Both(), &request), IsOk());

  EXPECT_THAT(Texts(request.system), ElementsAre("You are Bot.", "Be \"brief\"."));
  EXPECT_TRUE(request.system[0].cache);
  EXPECT_FALSE(request.system[1].cache);
}

TEST(ApplyEdits, ATextOfWhichNothingIsLeftGoes) {
  ChatRequest request;
  request.system = {TextPart("Claude"), TextPart("x")};

  EXPECT_THAT(ApplyEdits(Erasing(), &request), IsOk());

  EXPECT_THAT(Texts(request.system), ElementsAre("x"));
}

TEST(ApplyEdits, ProgressStandsLast) {
  ChatRequest request;
  request.turns.push_back({.role = Role::kUser, .parts = {TextPart("fix it")}});

  EXPECT_THAT(ApplyEdits({.append = "A", .inject_progress = true}, &request), IsOk());

  EXPECT_THAT(Texts(request.system),
              ElementsAre("A\n\n---\nSession progress so far:\nCurrent task: fix it\n---"));
}

TEST(ApplyEdits, ProgressWithoutMessagesIsNone) {
  ChatRequest request;

  EXPECT_THAT(ApplyEdits({.inject_progress = true}, &request), IsOk());

  EXPECT_THAT(request.system, IsEmpty());
}

TEST(ApplyEdits, GrowthHasALimit) {
  constexpr size_t kStep = 64 * 1024;
  static_assert(kEditGrowthBytesMax % kStep == 0);
  const SystemEdits edits{.replace = {{.from = "a", .to = std::string(kStep + 1, 'b')}}};
  ChatRequest request;
  request.system = {TextPart(std::string(kEditGrowthBytesMax / kStep, 'a'))};
  ChatRequest longer = request;
  longer.system.push_back(TextPart("a"));

  EXPECT_THAT(ApplyEdits(edits, &request), IsOk());
  EXPECT_THAT(ApplyEdits(edits, &longer),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("4194304")));
}

// ---- passed through

std::string Edited(std::string_view dialect, std::string_view body, const SystemEdits& edits) {
  const auto edited = EditBody(dialect, body, edits);
  EXPECT_THAT(edited, IsOk());
  return edited.value_or("");
}

TEST(EditBody, ChatStringsAreEditedInPlace) {
  EXPECT_EQ(Edited("openai-chat",
                   R"({ "n": 12345678901234567890, "messages" : [ {"role":"system",)"
                   R"("content":"a \u0043laude"},)"
                   R"({"content":"Claude","role":"user"}, {"role":"developer",)"
                   R"("content":"late Claude"}], "model":"m"})",
                   Both()),
            R"({ "n": 12345678901234567890, "messages" : [ {"role":"system",)"
            R"("content":"a Bot\n\nBe \"brief\"."},)"
            R"({"content":"Claude","role":"user"}, {"role":"developer","content":"late Bot"}],)"
            R"( "model":"m"})");
}

TEST(EditBody, AppendingKeepsTheClientsEscapes) {
  EXPECT_EQ(Edited("openai-chat", R"({"messages":[{"role":"system","content":"\u00e9\/\ud83d"}]})",
                   Appending()),
            R"({"messages":[{"role":"system","content":"\u00e9\/\ud83d\n\nBe \"brief\"."}]})");
}

TEST(EditBody, ChatAppendsToTheLastLeadingSystemMessage) {
  EXPECT_EQ(Edited("openai-chat",
                   R"({"messages":[{"role":"system","content":"a"},{"role":"developer","content":)"
                   R"([{"type":"text","text":"b"}]},{"role":"user","content":"u"}]})",
                   Appending()),
            R"({"messages":[{"role":"system","content":"a"},{"role":"developer","content":)"
            R"([{"type":"text","text":"b"},{"type":"text","text":"Be \"brief\"."}]},)"
            R"({"role":"user","content":"u"}]})");
}

TEST(EditBody, ChatWithoutASystemMessageGetsOne) {
  EXPECT_EQ(
      Edited("openai-chat",
             R"({"messages":[{"role":"user","content":"u"},{"role":"system","content":"l"}]})",
             Appending()),
      R"({"messages":[{"role":"system","content":"Be \"brief\"."},)"
      R"({"role":"user","content":"u"},{"role":"system","content":"l"}]})");
}

TEST(EditBody, ResponsesHaveInstructions) {
  EXPECT_EQ(Edited("openai-responses", R"({"input":"Claude","instructions":"Claude"})", Both()),
            R"({"input":"Claude","instructions":"Bot\n\nBe \"brief\"."})");
  EXPECT_EQ(Edited("openai-responses", R"({"input":"u"})", Both()),
            R"({"instructions":"Be \"brief\".","input":"u"})");
  EXPECT_EQ(Edited("openai-responses", R"({"instructions": null,"input":"u"})", Both()),
            R"({"instructions": "Be \"brief\".","input":"u"})");
}

TEST(EditBody, ResponsesHaveSystemItems) {
  EXPECT_EQ(
      Edited("openai-responses",
             R"({"instructions":"Claude","input":[{"role":"developer","content":)"
             R"([{"type":"input_text","text":"Claude"}]},{"role":"user","content":"Claude"}]})",
             Both()),
      R"({"instructions":"Bot","input":[{"role":"developer","content":)"
      R"([{"type":"input_text","text":"Bot"},{"type":"input_text","text":"Be \"brief\"."}]},)"
      R"({"role":"user","content":"Claude"}]})");
}

TEST(EditBody, AnthropicStringsAndBlocks) {
  EXPECT_EQ(Edited("anthropic", R"({"system":"Claude","messages":[]})", Both()),
            R"({"system":"Bot\n\nBe \"brief\".","messages":[]})");
  EXPECT_EQ(Edited("anthropic",
                   R"({"messages":[],"system":[{"type":"text","text":"Claude",)"
                   R"("cache_control":{"type":"ephemeral"}}]})",
                   Both()),
            R"({"messages":[],"system":[{"type":"text","text":"Bot",)"
            R"("cache_control":{"type":"ephemeral"}},)"
            R"({"type":"text","text":"Be \"brief\"."}]})");
  EXPECT_EQ(Edited("anthropic", R"({"messages":[]})", Both()),
            R"({"system":"Be \"brief\".","messages":[]})");
}

TEST(EditBody, AnEmptySystemPromptHasNoBlankLine) {
  EXPECT_EQ(Edited("anthropic", R"({"system":"","messages":[]})", Appending()),
            R"({"system":"Be \"brief\".","messages":[]})");
  EXPECT_EQ(Edited("anthropic", R"({"system":[ ],"messages":[]})", Appending()),
            R"({"system":[{"type":"text","text":"Be \"brief\"."} ],"messages":[]})");
}

TEST(EditBody, ABlockOfWhichNothingIsLeftGoes) {
  EXPECT_EQ(Edited("anthropic",
                   R"({"system":[{"type":"text","text":"Claude"},{"type":"text","text":"x"}],)"
                   R"("messages":[]})",
                   Erasing()),
            R"({"system":[{"type":"text","text":"x"}],"messages":[]})");
  EXPECT_EQ(Edited("anthropic", R"({"system":[{"type":"text","text":"Claude"}],"messages":[]})",
                   Erasing()),
            R"({"system":[],"messages":[]})");
  EXPECT_EQ(
      Edited("anthropic",
             R"({"messages":[{"role":"user","content":"x"},{"role":"system","content":"Claude"}]})",
             Erasing()),
      R"({"messages":[{"role":"user","content":"x"},{"role":"system","content":"."}]})");
  EXPECT_EQ(
      Edited("gemini", R"({"systemInstruction":{"parts":[{"text":"Claude"}]},"contents":[{}]})",
             Erasing()),
      R"({"systemInstruction":null,"contents":[{}]})");
  // OpenAI takes an empty text.
  EXPECT_EQ(
      Edited("openai-chat",
             R"({"messages":[{"role":"system","content":[{"type":"text","text":"Claude"}]}]})",
             Erasing()),
      R"({"messages":[{"role":"system","content":[{"type":"text","text":""}]}]})");
}

TEST(EditBody, GeminiInBothSpellings) {
  for (const std::string name : {"systemInstruction", "system_instruction"}) {
    EXPECT_EQ(Edited("gemini",
                     StrCat("{\"contents\":[],\"", name,
                            R"(":{"role":"user","parts":[{"text":"Claude"}]}})"),
                     Both()),
              StrCat("{\"contents\":[],\"", name,
                     R"(":{"role":"user","parts":[{"text":"Bot"},{"text":"Be \"brief\"."}]}})"));
  }
}

TEST(EditBody, GeminiLessStrictForms) {
  EXPECT_EQ(Edited("gemini", R"({"contents":[],"systemInstruction":{"parts":{"text":"Claude"}}})",
                   Both()),
            R"({"contents":[],"systemInstruction":{"parts":{"text":"Bot\n\nBe \"brief\"."}}})");
  EXPECT_EQ(Edited("gemini", R"({"contents":[],"systemInstruction":{}})", Both()),
            R"({"contents":[],"systemInstruction":{"parts":[{"text":"Be \"brief\"."}]}})");
  EXPECT_EQ(Edited("gemini", R"({"contents":[]})", Both()),
            R"({"systemInstruction":{"parts":[{"text":"Be \"brief\"."}]},"contents":[]})");
}

TEST(EditBody, CachedContentHasItsOwnSystemPrompt) {
  const std::string body = R"({"contents":[],"cachedContent":"cachedContents/1"})";

  EXPECT_EQ(Edited("gemini", body, Both()), body);
}

TEST(EditBody, Converse) {
  EXPECT_EQ(
      Edited("bedrock",
             R"({"system":[{"text":"Claude"},{"cachePoint":{"type":"default"}}],)"
             R"("messages":[{"role":"user","content":[{"text":"Claude"}]}]})",
             Both()),
      R"({"system":[{"text":"Bot"},{"cachePoint":{"type":"default"}},{"text":"Be \"brief\"."}],)"
      R"("messages":[{"role":"user","content":[{"text":"Claude"}]}]})");
  EXPECT_EQ(Edited("bedrock", R"({"messages":[{"role":"user","content":[{"text":"u"}]}]})", Both()),
            R"({"system":[{"text":"Be \"brief\"."}],"messages":[{"role":"user",)"
            R"("content":[{"text":"u"}]}]})");
}

TEST(EditBody, InvokeIsAnthropics) {
  EXPECT_EQ(
      Edited("bedrock", R"({"anthropic_version":"bedrock-2023-05-31","messages":[]})", Both()),
      R"({"system":"Be \"brief\".","anthropic_version":"bedrock-2023-05-31","messages":[]})");
}

TEST(EditBody, OtherFormsStayAsTheyAre) {
  struct Row {
    const char* dialect;
    const char* body;
  };
  for (const Row& row :
       {Row{"bedrock", R"({"prompt":"Claude"})"},
        Row{"bedrock", R"({"messages":[{"role":"user","content":"Claude"}]})"},
        Row{"bedrock", R"({"messages":[]})"}, Row{"anthropic", R"({"system":"Claude"})"},
        Row{"openai-chat", R"({"messages":"Claude"})"}, Row{"gemini", R"({"prompt":"Claude"})"},
        Row{"other", R"({"system":"Claude"})"}}) {
    EXPECT_EQ(Edited(row.dialect, row.body, Both()), row.body);
  }
}

TEST(EditBody, WhatIsNoObjectIsRefused) {
  for (const char* body : {"", "[]", "{", "null", R"({"messages":[]} x)", R"({"messages":)"}) {
    EXPECT_THAT(EditBody("anthropic", body, Both()),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("JSON")))
        << body;
  }
}

TEST(EditBody, GrowthHasALimit) {
  const SystemEdits edits{.replace = {{.from = "a", .to = std::string(64 * 1024, 'b')}}};
  const std::string body =
      StrCat(R"({"messages":[{"role":"system","content":")", std::string(65, 'a'), "\"}]}");

  EXPECT_THAT(EditBody("openai-chat", body, edits),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("longer")));
}

TEST(EditBody, ProgressOfEachDialect) {
  struct Row {
    const char* dialect;
    const char* body;
  };
  const SystemEdits edits{.inject_progress = true};
  for (const Row& row :
       {Row{"openai-chat", R"({"model":"m","messages":[{"role":"user","content":"fix it"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":
            {"name":"Bash","arguments":"{\"command\":\"cd /x\"}"}}]},
            {"role":"tool","tool_call_id":"c","content":"done"}]})"},
        Row{"openai-responses", R"({"model":"m","input":[{"role":"user","content":"fix it"},
            {"type":"function_call","call_id":"c","name":"Bash",
            "arguments":"{\"command\":\"cd /x\"}"},
            {"type":"function_call_output","call_id":"c","output":"done"}]})"},
        Row{"anthropic",
            R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"fix it"},
            {"role":"assistant","content":[{"type":"tool_use","id":"c","name":"Bash",
            "input":{"command":"cd /x"}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"c",
            "content":"done"}]}]})"},
        Row{"bedrock",
            R"({"anthropic_version":"bedrock-2023-05-31","max_tokens":9,
            "messages":[{"role":"user","content":"fix it"},
            {"role":"assistant","content":[{"type":"tool_use","id":"c","name":"Bash",
            "input":{"command":"cd /x"}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"c",
            "content":"done"}]}]})"},
        Row{"gemini", R"({"contents":[{"role":"user","parts":[{"text":"fix it"}]},
            {"role":"model","parts":[{"functionCall":{"id":"c","name":"Bash",
            "args":{"command":"cd /x"}}}]},
            {"role":"user","parts":[{"functionResponse":{"id":"c","name":"Bash",
            "response":{"output":"done"}}}]}]})"},
        Row{"bedrock", R"({"messages":[{"role":"user","content":[{"text":"fix it"}]},
            {"role":"assistant","content":[{"toolUse":{"toolUseId":"c","name":"Bash",
            "input":{"command":"cd /x"}}}]},
            {"role":"user","content":[{"toolResult":{"toolUseId":"c",
            "content":[{"text":"done"}]}}]}]})"}}) {
    EXPECT_THAT(
        Edited(row.dialect, row.body, edits),
        HasSubstr(R"(Current working directory: /x\nCurrent task: fix it\nAlready completed:\n)"
                  R"(- [Bash] cd /x → done\n---")"))
        << row.dialect << row.body;
  }
}

TEST(EditBody, AHistoryThatCannotBeReadHasNoProgress) {
  const std::string body = R"({"messages":[{"role":"user","content":[7]}],"max_tokens":1})";

  EXPECT_EQ(Edited("anthropic", body, {.inject_progress = true}), body);
}

// ---- byte-faithfulness, as a property

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  size_t Below(size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(engine_); }
  std::string Blank() { return std::string(Below(3), " \n\t"[Below(3)]); }
  std::string String() {
    static const char* const kPieces[] = {"a",       "Claude", "\\\"",   "\\\\", "\\u0043laude",
                                          "\\ud83d", "é",      "{",      "]",    ",",
                                          ":",       "\\n",    "system", "😀",    "lmg1."};
    std::string text = "\"";
    for (size_t i = Below(5); i > 0; --i) text += kPieces[Below(std::size(kPieces))];
    return text + "\"";
  }
  std::string Value(int depth) {
    static const char* const kScalars[] = {"null", "true",  "0",
                                           "-0.0", "1e400", "12345678901234567890123"};
    const size_t kind = Below(depth > 0 ? 4 : 2);
    if (kind == 0) return kScalars[Below(std::size(kScalars))];
    if (kind == 1) return String();
    std::string text(1, kind == 2 ? '[' : '{');
    const size_t count = Below(4);
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) text += ",";
      if (kind == 3) text += StrCat(Blank(), "\"k", i, "\"", Blank(), ":");
      text += StrCat(Blank(), Value(depth - 1), Blank());
    }
    return text + (kind == 2 ? "]" : "}");
  }
  // Members before or behind one that counts.
  std::string Members(const char* prefix) {
    std::string text;
    for (size_t i = Below(4); i > 0; --i) {
      text += StrCat(Blank(), "\"", prefix, i, "\"", Blank(), ":", Blank(), Value(3), Blank(), ",");
    }
    return text;
  }

 private:
  std::mt19937 engine_;
};

// Whatever stands around the system prompt stays as it is.
TEST(EditBody, EveryOtherByteStays) {
  struct Row {
    const char* dialect;
    const char* begin;  // up to what is edited
    const char* before;
    const char* after;
    const char* end;
  };
  const Row rows[] = {
      {"openai-chat", "\"messages\":[{\"role\":\"system\",", "\"content\":\"x Claude\"",
       "\"content\":\"x Bot\\n\\nBe \\\"brief\\\".\"",
       "},{\"role\":\"user\",\"content\":\"Claude\"}]"},
      {"openai-responses", "", "\"instructions\":\"x Claude\"",
       "\"instructions\":\"x Bot\\n\\nBe \\\"brief\\\".\"", ",\"input\":\"Claude\""},
      {"anthropic", "\"messages\":[{\"role\":\"user\",\"content\":\"Claude\"}],",
       "\"system\":[{\"type\":\"text\",\"text\":\"x Claude\"}]",
       "\"system\":[{\"type\":\"text\",\"text\":\"x Bot\"},{\"type\":\"text\",\"text\":\"Be "
       "\\\"brief\\\".\"}]",
       ""},
      {"gemini", "\"contents\":[{\"parts\":[{\"text\":\"Claude\"}]}],",
       "\"system_instruction\":{\"parts\":[{\"text\":\"x Claude\"}]}",
       "\"system_instruction\":{\"parts\":[{\"text\":\"x Bot\"},{\"text\":\"Be \\\"brief\\\".\"}]}",
       ""},
      {"bedrock", "\"messages\":[{\"content\":[{\"text\":\"Claude\"}]}],",
       "\"system\":[{\"text\":\"x Claude\"}]",
       "\"system\":[{\"text\":\"x Bot\"},{\"text\":\"Be \\\"brief\\\".\"}]", ""},
      {"bedrock", "\"anthropic_version\":\"v\",\"messages\":[],", "\"system\":\"x Claude\"",
       "\"system\":\"x Bot\\n\\nBe \\\"brief\\\".\"", ""},
  };
  const unsigned seed = std::random_device()();
  Random random(seed);
  for (int round = 0; round < 300; ++round) {
    for (const Row& row : rows) {
      const std::string head =
          StrCat(random.Blank(), "{", random.Members("p"), row.begin, random.Blank());
      std::string tail = StrCat(random.Blank(), row.end, random.Blank());
      if (const std::string more = random.Members("s"); !more.empty()) {
        StrAppend(&tail, ",", more.substr(0, more.size() - 1));
      }
      StrAppend(&tail, "}", random.Blank());

      EXPECT_EQ(Edited(row.dialect, StrCat(head, row.before, tail), Both()),
                StrCat(head, row.after, tail))
          << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace lmgate::dialect

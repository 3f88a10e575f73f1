#include "dataplane/dialect/translation.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "dataplane/dialect/dialects.h"
#include "dataplane/dialect/response_store.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;
using Json = nlohmann::ordered_json;

constexpr std::string_view kChatAnswer =
    R"({"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"gpt-x","choices":[)"
    R"({"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}})";
constexpr std::string_view kChatStream =
    "data: {\"id\":\"c\",\"model\":\"gpt-x\",\"created\":5,\"choices\":[{\"index\":0,\"delta\":"
    "{\"role\":\"assistant\",\"content\":\"hel\"}}]}\n\n"
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},"
    "\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,"
    "\"total_tokens\":5}}\n\n"
    "data: [DONE]\n\n";
constexpr std::string_view kAnthropicAnswer =
    R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[)"
    R"({"type":"text","text":"hello"}],"stop_reason":"end_turn","stop_sequence":null,)"
    R"("usage":{"input_tokens":3,"output_tokens":2}})";

std::string AnthropicStream(std::string_view text) {
  return StrCat(
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
      "\"model\":\"claude-x\",\"usage\":{\"input_tokens\":3,\"output_tokens\":0}}}\n\n"
      "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
      "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
      "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
      "{\"type\":\"text_delta\",\"text\":\"",
      text,
      "\"}}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
      "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
      "\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n"
      "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
}

absl::StatusOr<std::unique_ptr<Translation>> Create(std::string_view client,
                                                    std::string_view body) {
  return Translation::Create(
      {.dialect = FindDialect(client), .id = "t1", .request_id = "req-1", .created = 7},
      {.body = body, .model = "path-model"});
}

class TranslationTest : public ::testing::Test {
 protected:
  void Begin(std::string_view client, std::string_view body) {
    auto created = Create(client, body);
    ASSERT_THAT(created, IsOk());
    translation_ = *std::move(created);
  }

  Json Encode(std::string_view backend, std::string model = "m1") {
    const auto encoded = translation_->Encode(*FindDialect(backend), {.model = std::move(model)});
    EXPECT_THAT(encoded, IsOk());
    return encoded.ok() ? Json::parse(encoded->body) : Json();
  }

  std::string Feed(size_t branch, std::string_view bytes) {
    std::string out;
    translation_->Feed(branch, bytes, &out);
    return out;
  }

  std::string Finish(size_t branch) {
    std::string out;
    translation_->Finish(branch, &out);
    return out;
  }

  std::unique_ptr<Translation> translation_;
};

constexpr std::string_view kAnthropicRequest =
    R"({"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]})";
constexpr std::string_view kChatRequest =
    R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";
constexpr std::string_view kChatRequestOfTwo =
    R"({"model":"m","n":2,"messages":[{"role":"user","content":"hi"}]})";

TEST_F(TranslationTest, WhatIsNoRequestIsRefused) {
  EXPECT_THAT(Create("openai-chat", "{"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not valid JSON")));
  EXPECT_THAT(Create("anthropic", "{}"), Not(IsOk()));
}

TEST_F(TranslationTest, AnswersAreLimitedInNumber) {
  const auto with = [](int n) {
    return Create("openai-chat", StrCat(R"({"model":"m","n":)", n,
                                        R"(,"messages":[{"role":"user","content":"hi"}]})"));
  };
  EXPECT_THAT(with(16), IsOk());
  const auto many = with(17);
  EXPECT_THAT(many, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("from 1 to 16")));
  EXPECT_EQ(GetFieldHint(many.status())->field, "n");
  EXPECT_THAT(with(0), Not(IsOk()));
}

TEST_F(TranslationTest, TheModelIsTheTargets) {
  Begin("anthropic", kAnthropicRequest);

  EXPECT_EQ(Encode("openai-chat")["model"], "m1");
  EXPECT_EQ(translation_->request().model, "m");
}

TEST_F(TranslationTest, EachTargetIsEncodedForFromTheClientsRequest) {
  Begin("openai-chat",
        R"({"model":"m","n":2,"messages":[{"role":"user","content":"hi"}],"response_format":)"
        R"({"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object"}}}})");

  EXPECT_TRUE(Encode("bedrock").contains("toolConfig"));
  EXPECT_EQ(translation_->branch_count(), 2u);
  const Json gemini = Encode("gemini");
  EXPECT_FALSE(gemini.contains("tools"));
  EXPECT_EQ(gemini["generationConfig"]["candidateCount"], 2);
  EXPECT_EQ(translation_->branch_count(), 1u);
}

TEST_F(TranslationTest, WhatTheTargetCannotSayIsRefused) {
  Begin("openai-chat", R"({"model":"m","thing":"x","messages":[{"role":"user","content":"hi"}]})");

  const auto encoded = translation_->Encode(*FindDialect("openai-responses"), {.model = "m"});

  EXPECT_THAT(encoded, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("thing: ")));
}

TEST_F(TranslationTest, FieldsOfInvokeModelHaveAnthropicsNames) {
  const auto invoke = Translation::Create(
      {.dialect = &BedrockInvokeDialect(), .id = "t1", .request_id = "req-1", .created = 7},
      {.body = R"({"anthropic_version":"bedrock-2023-05-31","max_tokens":9,)"
               R"("stop_sequences":["1","2","3","4","5","6"],)"
               R"("messages":[{"role":"user","content":"hi"}]})",
       .model = "m"});
  ASSERT_THAT(invoke, IsOk());

  const auto encoded = (*invoke)->Encode(*FindDialect("gemini"), {.model = "gemini-2.5-pro"});

  EXPECT_EQ(GetFieldHint(encoded.status()).value_or(FieldHint()).field, "stop_sequences");
}

TEST_F(TranslationTest, APlainAnswerIsTheClients) {
  Begin("anthropic", kAnthropicRequest);
  Encode("openai-chat");
  const auto answer = translation_->TranslateAnswer({std::string(kChatAnswer)});

  ASSERT_THAT(answer, IsOk());
  const Json json = Json::parse(*answer);
  EXPECT_EQ(json["content"][0]["text"], "hello");
  EXPECT_EQ(json["usage"]["input_tokens"], 3);
  EXPECT_EQ(translation_->usage().total_tokens, 5);
}

TEST_F(TranslationTest, UsageOfPartsBeyondTheirTotalsIsMadeToAddUp) {
  Begin("gemini", R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})");
  Encode("openai-chat");

  const auto answer = translation_->TranslateAnswer(
      {R"({"choices":[{"index":0,"finish_reason":"stop","message":{"content":"x"}}],"usage":{)"
       R"("prompt_tokens":3,"completion_tokens":2,"total_tokens":5,)"
       R"("prompt_tokens_details":{"cached_tokens":9},)"
       R"("completion_tokens_details":{"reasoning_tokens":7}}})"});

  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(Json::parse(*answer)["usageMetadata"]["cachedContentTokenCount"], 3);
  EXPECT_EQ(translation_->usage().cached_tokens, 3);
  EXPECT_EQ(translation_->usage().reasoning_tokens, 2);
}

TEST_F(TranslationTest, AnEndByToolCallsWithoutCallsIsAPlainEnd) {
  Begin("anthropic", kAnthropicRequest);
  Encode("openai-chat");
  std::string told(kChatAnswer);
  const size_t at = told.find("\"stop\"");
  ASSERT_NE(at, std::string::npos);
  told.replace(at, 6, "\"tool_calls\"");

  const auto answer = translation_->TranslateAnswer({told});

  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(Json::parse(*answer)["stop_reason"], "end_turn");
}

TEST_F(TranslationTest, WhatIsNoAnswerIsUnavailable) {
  Begin("anthropic", kAnthropicRequest);
  Encode("openai-chat");

  for (const char* const body : {"", "<html>", "{}", R"({"error":{"message":"m"}})"}) {
    EXPECT_THAT(translation_->TranslateAnswer({body}),
                StatusIs(absl::StatusCode::kUnavailable, ::testing::_))
        << body;
  }
}

TEST_F(TranslationTest, APlainAnswerCanBeStreamed) {
  Begin("anthropic", kAnthropicRequest);
  Encode("openai-chat");
  const auto stream = translation_->TranslateAnswerAsStream({std::string(kChatAnswer)});

  ASSERT_THAT(stream, IsOk());
  EXPECT_THAT(*stream, HasSubstr("hello"));
  EXPECT_TRUE(stream->ends_with("data: {\"type\":\"message_stop\"}\n\n"));
}

TEST_F(TranslationTest, BranchesBecomeChoicesAndTheirCountsASum) {
  Begin("openai-chat", kChatRequestOfTwo);
  EXPECT_FALSE(Encode("anthropic").contains("n"));
  ASSERT_EQ(translation_->branch_count(), 2u);
  const auto answer =
      translation_->TranslateAnswer({std::string(kAnthropicAnswer), std::string(kAnthropicAnswer)});

  ASSERT_THAT(answer, IsOk());
  const Json json = Json::parse(*answer);
  ASSERT_EQ(json["choices"].size(), 2u);
  EXPECT_EQ(json["choices"][1]["index"], 1);
  EXPECT_EQ(json["choices"][1]["message"]["content"], "hello");
  EXPECT_EQ(json["usage"]["total_tokens"], 10);
}

TEST_F(TranslationTest, AGeminiClientMayAskForAsManyAnswersAsGeminiGives) {
  const auto request = [](int n) {
    return StrCat(
        R"({"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"candidateCount":)", n,
        "}}");
  };
  EXPECT_THAT(Create("gemini", request(8)), IsOk());
  const auto refused = Create("gemini", request(9));

  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1 to 8")));
  EXPECT_EQ(GetFieldHint(refused.status())->field, "candidateCount");
}

TEST_F(TranslationTest, BranchesOfAStreamHaveOneBeginningAndOneEnd) {
  Begin("openai-chat",
        R"({"model":"m","n":2,"stream":true,"stream_options":{"include_usage":true},)"
        R"("messages":[{"role":"user","content":"hi"}]})");
  Encode("anthropic");
  translation_->BeginStream();
  EXPECT_EQ(translation_->content_type(), "text/event-stream");

  std::string out = Feed(1, AnthropicStream("second"));
  out += Finish(1);
  EXPECT_THAT(out, HasSubstr("second"));
  EXPECT_FALSE(translation_->ended());
  EXPECT_THAT(out, Not(HasSubstr("[DONE]")));
  out += Feed(0, AnthropicStream("first"));
  out += Finish(0);

  EXPECT_TRUE(translation_->ended());
  EXPECT_FALSE(translation_->failed());
  EXPECT_TRUE(out.ends_with("data: [DONE]\n\n"));
  EXPECT_EQ(translation_->usage().prompt_tokens, 6);
  EXPECT_EQ(translation_->usage().completion_tokens, 4);
  EXPECT_THAT(out, HasSubstr(R"("total_tokens":10)"));
}

TEST_F(TranslationTest, ABranchThatFailsEndsTheStream) {
  Begin("openai-chat", kChatRequestOfTwo);
  Encode("anthropic");
  translation_->BeginStream();
  std::string out = Feed(0, AnthropicStream("first"));
  out += Finish(1);

  EXPECT_TRUE(translation_->ended());
  EXPECT_TRUE(translation_->failed());
  EXPECT_THAT(out, HasSubstr("\"error\""));
  EXPECT_EQ(Finish(0), "");
}

TEST_F(TranslationTest, WordsGoOutAtOnce) {
  Begin("anthropic", kAnthropicRequest);
  Encode("openai-chat");
  translation_->BeginStream();
  EXPECT_TRUE(translation_->said_nothing());
  const size_t first = kChatStream.find("\n\n") + 2;

  EXPECT_THAT(Feed(0, kChatStream.substr(0, first)), HasSubstr("\"hel\""));
  EXPECT_FALSE(translation_->said_nothing());
  EXPECT_THAT(Feed(0, kChatStream.substr(first)), HasSubstr("message_stop"));
  EXPECT_TRUE(translation_->ended());
  EXPECT_EQ(Finish(0), "");
}

TEST_F(TranslationTest, AnErrorBeforeAnythingMayStillBecomeAStatus) {
  Begin("openai-chat", kChatRequest);
  Encode("anthropic");
  translation_->BeginStream();
  Feed(0,
       "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
       "\"message\":\"busy\"}}\n\n");

  EXPECT_TRUE(translation_->failed());
  EXPECT_TRUE(translation_->said_nothing());
  EXPECT_EQ(translation_->error().kind, chat::ErrorKind::kOverloaded);
  EXPECT_EQ(translation_->error().message, "busy");
}

TEST_F(TranslationTest, AnErrorInAnAnswerIsFound) {
  Begin("anthropic", kAnthropicRequest);
  Encode("openai-chat");
  const auto refused =
      translation_->TranslateAnswer({R"({"error":{"message":"m","type":"rate_limit_error"}})"});

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable, ::testing::_));
  EXPECT_TRUE(translation_->failed());
  EXPECT_EQ(translation_->error().kind, chat::ErrorKind::kRateLimit);

  EXPECT_THAT(translation_->TranslateAnswer({"nonsense"}),
              StatusIs(absl::StatusCode::kUnavailable, ::testing::_));
  EXPECT_FALSE(translation_->failed());
}

TEST_F(TranslationTest, AnErrorOfAStreamHasACodeOfTheGatewaysListAndTheRequestsId) {
  Begin("anthropic", kAnthropicRequest);
  Encode("openai-chat");
  const auto end_after = [this](std::string_view bytes) {
    translation_->BeginStream();
    const std::string fed = Feed(0, bytes);
    return fed + Finish(0);
  };
  const std::string cut = end_after(kChatStream.substr(0, kChatStream.find("\n\n") + 2));
  EXPECT_THAT(cut, HasSubstr(R"("code":"upstream_truncated")"));
  EXPECT_THAT(cut, HasSubstr(R"("request_id":"req-1")"));
  EXPECT_THAT(end_after("data: {nonsense\n\n"), HasSubstr(R"("code":"upstream_invalid_response")"));
  EXPECT_THAT(end_after("data: {\"error\":{\"message\":\"m\"}}\n\n"),
              HasSubstr(R"("code":"upstream_error")"));
  EXPECT_THAT(end_after("data: {\"error\":{\"message\":\"m\",\"code\":429}}\n\n"),
              HasSubstr(R"("code":"rate_limit_exceeded")"));
  constexpr std::string_view kGeminiRequest = R"({"contents":[{"parts":[{"text":"hi"}]}]})";
  for (const std::string_view client : {"openai-chat", "gemini"}) {
    Begin(client, client == "gemini" ? kGeminiRequest : kChatRequest);
    Encode("anthropic");
    EXPECT_THAT(end_after(AnthropicStream("x").substr(0, 200)),
                HasSubstr("\"upstream_truncated\""));
  }
}

TEST_F(TranslationTest, AnErrorOfOursEndsTheStreamOnce) {
  Begin("openai-chat", kChatRequest);
  Encode("anthropic");
  translation_->BeginStream();
  std::string out;
  translation_->Fail({.kind = chat::ErrorKind::kTimeout, .message = "too slow"}, &out);

  EXPECT_THAT(out, HasSubstr("too slow"));
  EXPECT_TRUE(translation_->failed());
  out.clear();
  translation_->Fail({.kind = chat::ErrorKind::kTimeout, .message = "again"}, &out);
  EXPECT_EQ(out, "");
  EXPECT_EQ(Feed(0, AnthropicStream("late")), "");
}

TEST_F(TranslationTest, ASecondStreamBeginsAnew) {
  Begin("openai-chat", kChatRequest);
  Encode("anthropic");
  translation_->BeginStream();
  Finish(0);
  EXPECT_TRUE(translation_->failed());

  translation_->BeginStream();
  EXPECT_FALSE(translation_->ended());
  EXPECT_THAT(Feed(0, AnthropicStream("again")), HasSubstr("again"));
  EXPECT_EQ(translation_->usage().prompt_tokens, 3);
}

constexpr std::string_view kOddTools =
    R"({"model":"m","max_tokens":9,"tools":[{"name":"a-name-that-is-far-longer-than-what-some-)"
    R"(providers-of-models-take-for-their-tools","input_schema":{"type":"object"}}],"messages":[)"
    R"({"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":)"
    R"("toolu_an_id_that_is_longer_than_forty_characters","name":"a-name-that-is-far-longer-)"
    R"(than-what-some-providers-of-models-take-for-their-tools","input":{}}]},{"role":"user",)"
    R"("content":[{"type":"tool_result","tool_use_id":)"
    R"("toolu_an_id_that_is_longer_than_forty_characters","content":"r"}]}]})";

TEST_F(TranslationTest, NamesAndIdsAreMadeToFitEverywhereInTheSameWay) {
  Begin("anthropic", kOddTools);
  const Json body = Encode("openai-chat");

  const std::string name = body["tools"][0]["function"]["name"];
  EXPECT_LE(name.size(), 64u);
  const Json& call = body["messages"][1]["tool_calls"][0];
  EXPECT_EQ(call["function"]["name"], name);
  EXPECT_LE(call["id"].get<std::string>().size(), 40u);
  EXPECT_EQ(body["messages"][2]["tool_call_id"], call["id"]);
}

TEST_F(TranslationTest, AnAnswersToolsHaveTheClientsNames) {
  Begin("anthropic", kOddTools);
  const std::string name = Encode("openai-chat")["tools"][0]["function"]["name"];
  const auto answer = translation_->TranslateAnswer(
      {StrCat(R"({"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":null,)"
              R"("tool_calls":[{"id":"call_1","type":"function","function":{"name":")",
              name, R"(","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})")});

  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(*answer, HasSubstr(translation_->request().tools[0].name));
}

TEST_F(TranslationTest, TheTurnsCanBeGivenUp) {
  Begin("anthropic", kAnthropicRequest);
  Encode("openai-chat");
  translation_->ForgetRequest();

  EXPECT_TRUE(translation_->request().turns.empty());
  EXPECT_THAT(translation_->TranslateAnswer({std::string(kChatAnswer)}), IsOk());
}

TEST_F(TranslationTest, AFunctionCallOfTheOldFormIsACall) {
  Begin("anthropic", kAnthropicRequest);
  Encode("openai-chat");
  const auto answer = translation_->TranslateAnswer(
      {R"({"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":null,)"
       R"("function_call":{"name":"f","arguments":"{\"a\":1}"}},"finish_reason":)"
       R"("function_call"}]})"});

  ASSERT_THAT(answer, IsOk());
  const Json json = Json::parse(*answer);
  EXPECT_EQ(json["content"][0]["type"], "tool_use");
  EXPECT_EQ(json["content"][0]["input"], Json::parse(R"({"a":1})"));
  EXPECT_EQ(json["stop_reason"], "tool_use");
}

TEST_F(TranslationTest, AHistoryOfTheOldFormIsOneOfCalls) {
  Begin("openai-chat",
        R"({"model":"m","functions":[{"name":"f","parameters":{"type":"object"}}],)"
        R"("function_call":"auto","messages":[{"role":"user","content":"hi"},)"
        R"({"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},)"
        R"({"role":"function","name":"f","content":"r"}]})");
  const Json body = Encode("anthropic");

  EXPECT_EQ(body["tools"][0]["name"], "f");
  EXPECT_EQ(body["messages"][2]["content"][0]["tool_use_id"],
            body["messages"][1]["content"][0]["id"]);
}

// ---- what is signed of calls, for clients that send back nothing of it

constexpr std::string_view kChatTools =
    R"("reasoning_effort":"medium","tools":[{"type":"function","function":{"name":"f"}}],)";

// A loop of tools whose client knows the members of OpenAI's own chat, and no others.
class SignedLoop : public TranslationTest {
 protected:
  void Begin(std::string_view client, std::string_view body, std::string owner = "k1") {
    auto created = Translation::Create({.dialect = FindDialect(client),
                                        .id = "t1",
                                        .created = kCreated,
                                        .calls = {.store = &store_, .owner = std::move(owner)}},
                                       {.body = body});
    ASSERT_THAT(created, IsOk());
    translation_ = *std::move(created);
  }
  void BeginFirst(bool stream) {
    Begin("openai-chat", StrCat(R"({"model":"m","stream":)", stream ? "true," : "false,",
                                kChatTools, R"("messages":[{"role":"user","content":"hi"}]})"));
  }
  // After the answer: `ids` are those of its calls.
  void BeginSecond(const std::vector<std::string>& ids, std::string owner = "k1") {
    Json messages = Json::parse(R"([{"role":"user","content":"hi"}])");
    Json call = Json::parse(R"({"type":"function","function":{"name":"f","arguments":"{}"}})");
    Json said = Json::parse(R"({"role":"assistant","content":"I look"})");
    for (const std::string& id : ids) {
      call["id"] = id;
      said["tool_calls"].push_back(call);
    }
    messages.push_back(said);
    for (const std::string& id : ids) {
      messages.push_back(Json{{"role", "tool"}, {"tool_call_id", id}, {"content", "ok"}});
    }
    Begin("openai-chat",
          StrCat(R"({"model":"m",)", kChatTools, R"("messages":)", messages.dump(), "}"),
          std::move(owner));
  }
  static bool IsThinking(const Json& body) {
    return body.value("thinking", Json::object()).value("type", "") == "enabled";
  }
  void Remember() { translation_->RememberCalls(absl::FromUnixSeconds(kCreated)); }

  static constexpr int64_t kCreated = 1730000000;
  ResponseStore store_{ResponseStore::Options{}};
};

constexpr std::string_view kSignedAnswer =
    R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[)"
    R"({"type":"thinking","thinking":"hm","signature":"c2ln"},)"
    R"({"type":"redacted_thinking","data":"ZGF0YQ=="},{"type":"text","text":"I look"},)"
    R"({"type":"tool_use","id":"toolu_1","name":"f","input":{}}],"stop_reason":"tool_use",)"
    R"("stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}})";

std::string Events(const std::vector<std::string_view>& datas) {
  std::string events;
  for (const std::string_view data : datas) {
    StrAppend(&events, "event: ", Json::parse(data)["type"].get<std::string>(), "\ndata: ", data,
              "\n\n");
  }
  return events;
}

TEST_F(SignedLoop, ThinkingComesBackToAnthropicAndStaysOn) {
  BeginFirst(/*stream=*/false);
  Encode("anthropic", "claude-sonnet-4-5");
  ASSERT_THAT(translation_->TranslateAnswer({std::string(kSignedAnswer)}), IsOk());
  Remember();

  BeginSecond({"toolu_1"});
  const Json body = Encode("anthropic", "claude-sonnet-4-5");

  EXPECT_TRUE(IsThinking(body)) << body;
  EXPECT_EQ(body["messages"][1]["content"], Json::parse(kSignedAnswer)["content"]);
}

TEST_F(SignedLoop, ThinkingOfAStreamIsKnownBeforeItsCallIsTold) {
  const std::string stream =
      Events({R"({"type":"message_start","message":{"id":"msg_1","model":"claude-sonnet-4-5"}})",
              R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking",)"
              R"("thinking":"","signature":""}})",
              R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta",)"
              R"("thinking":"h"}})",
              R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta",)"
              R"("thinking":"m"}})",
              R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta",)"
              R"("signature":"c2ln"}})",
              R"({"type":"content_block_stop","index":0})",
              R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use",)"
              R"("id":"toolu_1","name":"f","input":{}}})"});
  BeginFirst(/*stream=*/true);
  Encode("anthropic", "claude-sonnet-4-5");
  translation_->BeginStream();
  Feed(0, stream);
  Remember();

  BeginSecond({"toolu_1"});
  const Json body = Encode("anthropic", "claude-sonnet-4-5");

  EXPECT_TRUE(IsThinking(body)) << body;
  EXPECT_EQ(body["messages"][1]["content"][0],
            Json::parse(R"({"type":"thinking","thinking":"hm","signature":"c2ln"})"));
}

TEST_F(SignedLoop, BedrocksClaudeGetsItsThinkingToo) {
  constexpr char kModel[] = "anthropic.claude-sonnet-4-5-v1:0";
  BeginFirst(/*stream=*/false);
  Encode("bedrock", kModel);
  ASSERT_THAT(translation_->TranslateAnswer({std::string(kSignedAnswer)}), IsOk());
  Remember();

  BeginSecond({"toolu_1"});
  const Json body = Encode("bedrock", kModel);

  EXPECT_TRUE(IsThinking(body)) << body;
  EXPECT_EQ(body["messages"][1]["content"], Json::parse(kSignedAnswer)["content"]);
}

TEST_F(SignedLoop, GeminisFirstCallIsSignedAgain) {
  BeginFirst(/*stream=*/false);
  Encode("gemini", "gemini-3-pro-preview");
  ASSERT_THAT(
      translation_->TranslateAnswer(
          {R"({"candidates":[{"index":0,"finishReason":"STOP","content":{"role":"model","parts":[)"
           R"({"text":"hm","thought":true},{"functionCall":{"name":"f","args":{},"id":"c1"},)"
           R"("thoughtSignature":"c2ln"},{"functionCall":{"name":"f","args":{},"id":"c2"}}]}}]})"}),
      IsOk());
  Remember();

  BeginSecond({"c1", "c2"});
  const Json parts = Encode("gemini", "gemini-3-pro-preview")["contents"][1]["parts"];

  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[1].value("thoughtSignature", ""), "c2ln");
  EXPECT_FALSE(parts[2].contains("thoughtSignature"));
}

TEST_F(SignedLoop, ReasoningOfResponsesStandsBeforeItsCall) {
  BeginFirst(/*stream=*/false);
  Encode("openai-responses", "gpt-5");
  ASSERT_THAT(translation_->TranslateAnswer(
                  {R"({"id":"resp_1","object":"response","status":"completed","model":"gpt-5",)"
                   R"("output":[{"type":"message","id":"msg_1","role":"assistant","content":[)"
                   R"({"type":"output_text","text":"I look","annotations":[]}]},)"
                   R"({"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text",)"
                   R"("text":"hm"}],"encrypted_content":"c2ln"},{"type":"function_call",)"
                   R"("id":"fc_1","call_id":"call_1","name":"f","arguments":"{}"}]})"}),
              IsOk());
  Remember();

  BeginSecond({"call_1"});
  const Json input = Encode("openai-responses", "gpt-5")["input"];

  ASSERT_EQ(input.size(), 5U);
  EXPECT_EQ(input[1]["type"], "message");
  EXPECT_EQ(input[2]["type"], "reasoning");
  EXPECT_EQ(input[2]["encrypted_content"], "c2ln");
  EXPECT_EQ(input[3]["type"], "function_call");
}

TEST_F(SignedLoop, AnotherKeyOrModelIsServedWithoutIt) {
  BeginFirst(/*stream=*/false);
  Encode("anthropic", "claude-sonnet-4-5");
  ASSERT_THAT(translation_->TranslateAnswer({std::string(kSignedAnswer)}), IsOk());
  Remember();

  BeginSecond({"toolu_1"}, "k2");
  EXPECT_FALSE(IsThinking(Encode("anthropic", "claude-sonnet-4-5")));
  BeginSecond({"toolu_1"});
  const Json body = Encode("anthropic", "claude-opus-4-5");
  EXPECT_FALSE(IsThinking(body));
  EXPECT_THAT(body.dump(), Not(HasSubstr("c2ln")));
}

TEST_F(SignedLoop, ChoicesOfSeveralAnswersAreKeptApart) {
  Begin("openai-chat", StrCat(R"({"model":"m","n":2,)", kChatTools,
                              R"("messages":[{"role":"user","content":"hi"}]})"));
  Encode("anthropic", "claude-sonnet-4-5");
  std::string other(kSignedAnswer);
  other.replace(other.find("toolu_1"), 7, "toolu_2").replace(other.find("c2ln"), 4, "c2lo");
  ASSERT_THAT(translation_->TranslateAnswer({std::string(kSignedAnswer), other}), IsOk());
  Remember();

  BeginSecond({"toolu_2"});
  const Json body = Encode("anthropic", "claude-sonnet-4-5");

  EXPECT_EQ(body["messages"][1]["content"][0].value("signature", ""), "c2lo");
}

TEST_F(SignedLoop, NothingIsKeptForClientsThatSendItBack) {
  Begin("openai-responses", R"({"model":"m","input":"hi"})");
  Encode("anthropic", "claude-sonnet-4-5");
  ASSERT_THAT(translation_->TranslateAnswer({std::string(kSignedAnswer)}), IsOk());
  Remember();

  EXPECT_EQ(store_.entries(), 0U);
}

}  // namespace
}  // namespace lmgate::dialect

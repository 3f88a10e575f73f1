#include <absl/strings/escaping.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/provider_fixture.h"

namespace lmgate::fakeprovider {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kTools = R"(,"tools":[{"type":"function","function":{
    "name":"get_weather","parameters":{"type":"object","required":["city","unit","days"],
      "properties":{"city":{"type":"string"},"unit":{"enum":["C","F"]},"note":{"type":"string"},
        "days":{"$ref":"#/$defs/Days"}},
      "$defs":{"Days":{"type":"array","items":{"type":"integer","minimum":3}}}}}},
  {"type":"function","function":{"name":"get_time"}}])";

class OpenaiTest : public ProviderFixture {
 protected:
  TestResponse Post(std::string_view target, std::string_view body) const {
    return TestClient(provider_->port()).Post(target, body);
  }
  TestResponse Get(std::string_view target) const {
    return TestClient(provider_->port()).Get(target);
  }
};

TEST_F(OpenaiTest, ChatSaysTheLastUserMessageBack) {
  const TestResponse response = Post("/v1/chat/completions", R"({"model":"gpt-4o","messages":[
      {"role":"user","content":"first"},{"role":"assistant","content":"x"},
      {"role":"user","content":[{"type":"text","text":"two \"parts\""},
                                {"type":"image_url","image_url":
                                  {"url":"data:image/png;base64,AAAA"}}]}]})");

  const json answer = Parse(response.body);
  EXPECT_EQ(answer["choices"][0]["message"]["content"],
            "You said: two \"parts\" [image image/png 3 bytes]");
  EXPECT_EQ(answer["choices"][0]["message"]["role"], "assistant");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
}

TEST_F(OpenaiTest, ChatAnswersWithACompleteObject) {
  const TestResponse response = Chat(ChatBody("gpt-4o"));

  const json answer = Parse(response.body);
  EXPECT_THAT(answer["id"].get<std::string>(), StartsWith("chatcmpl-"));
  EXPECT_EQ(answer["object"], "chat.completion");
  EXPECT_EQ(answer["model"], "gpt-4o");
  EXPECT_GT(answer["created"], 1'700'000'000);
  EXPECT_TRUE(answer.contains("system_fingerprint"));
  EXPECT_EQ(answer["usage"]["prompt_tokens"], 1);
  EXPECT_EQ(answer["usage"]["completion_tokens"], 3);  // You, said:, hi
  EXPECT_EQ(answer["usage"]["total_tokens"], 4);
  EXPECT_EQ(answer["usage"]["prompt_tokens_details"]["cached_tokens"], 0);
  EXPECT_EQ(answer["usage"]["completion_tokens_details"]["reasoning_tokens"], 0);
  EXPECT_THAT(response.FindHeader("x-request-id"), StartsWith("req_"));
  EXPECT_EQ(response.FindHeader("openai-processing-ms"), "1");
}

TEST_F(OpenaiTest, ChatStreamsTheSameContent) {
  const TestResponse response = Chat(StreamBody("m"));

  const std::vector<std::string> events = ReadEvents(response.body);
  EXPECT_EQ(response.FindHeader("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(ContentOf(response), "You said: hi");
  EXPECT_EQ(Parse(events.front())["choices"][0]["delta"]["role"], "assistant");
  EXPECT_EQ(Parse(events[events.size() - 2])["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(events.back(), "[DONE]");
  EXPECT_EQ(events.size(), 6U);
  EXPECT_EQ(response.chunks.size(), events.size());  // one HTTP chunk an event
}

TEST_F(OpenaiTest, ChatStreamsUsageLastWhenAsked) {
  const TestResponse response =
      Chat(StreamBody("m", R"(,"stream_options":{"include_usage":true})"));

  const std::vector<std::string> events = ReadEvents(response.body);
  const json usage = Parse(events[events.size() - 2]);
  EXPECT_TRUE(usage["choices"].empty());
  EXPECT_EQ(usage["usage"]["completion_tokens"], 3);
  EXPECT_TRUE(Parse(events.front())["usage"].is_null());
  EXPECT_TRUE(Parse(events.front()).contains("usage"));
}

TEST_F(OpenaiTest, ChatMakesNChoices) {
  const json plain = Parse(Chat(ChatBody("m", R"(,"n":3)")).body);
  const TestResponse streamed = Chat(StreamBody("m", R"(,"n":2)"));

  EXPECT_EQ(plain["choices"].size(), 3U);
  EXPECT_EQ(plain["choices"][2]["index"], 2);
  EXPECT_EQ(plain["usage"]["completion_tokens"], 9);
  std::vector<std::string> contents(2);
  for (const std::string& event : ReadEvents(streamed.body)) {
    if (event == "[DONE]") continue;
    const json choice = Parse(event)["choices"][0];
    contents[choice["index"].get<size_t>()] += choice["delta"].value("content", "");
  }
  EXPECT_EQ(contents[0], "You said: hi");
  EXPECT_EQ(contents[1], "You said: hi");
}

TEST_F(OpenaiTest, ChatStopsAtTheTokenLimit) {
  const json answer = Parse(Chat(ChatBody("m", R"(,"max_completion_tokens":2)")).body);

  EXPECT_EQ(answer["choices"][0]["message"]["content"], "You said: ");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(answer["usage"]["completion_tokens"], 2);
}

TEST_F(OpenaiTest, ChatCallsTheToolThatTheTextNames) {
  const auto ask = [this](std::string_view text) {
    const std::string body =
        StrCat(R"({"model":"m","messages":[{"role":"user","content":)", json(text).dump(),
               R"(}],"tools":[{"type":"function","function":{"name":"first"}},)",
               R"({"type":"function","function":{"name":"second"}}]})");
    return Parse(Chat(body).body)["choices"][0]["message"];
  };

  const json call =
      ask(R"(Now call tool second with {"a":{"b":"}\""},"c":1} please.)")["tool_calls"];
  ASSERT_EQ(call.size(), 1U);
  EXPECT_EQ(call[0]["function"]["name"], "second");
  EXPECT_EQ(call[0]["function"]["arguments"], R"({"a":{"b":"}\""},"c":1})");
  // By the beginning of its name; what is no object asks for nothing.
  EXPECT_EQ(
      ask("call tool x with {a} or call tool se* with {}")["tool_calls"][0]["function"]["name"],
      "second");
  // One that is not offered.
  EXPECT_EQ(ask("call tool third with {}")["content"], "You said: call tool third with {}");
}

TEST_F(OpenaiTest, ChatCallsTheFirstToolWithFittingArguments) {
  const json answer = Parse(Chat(ChatBody("m", kTools)).body);

  const json& choice = answer["choices"][0];
  EXPECT_EQ(choice["finish_reason"], "tool_calls");
  EXPECT_TRUE(choice["message"]["content"].is_null());
  ASSERT_EQ(choice["message"]["tool_calls"].size(), 1U);
  const json& call = choice["message"]["tool_calls"][0];
  EXPECT_EQ(call["type"], "function");
  EXPECT_EQ(call["function"]["name"], "get_weather");
  EXPECT_EQ(Parse(call["function"]["arguments"].get<std::string>()),
            Parse(R"({"city":"hi","unit":"C","days":[3]})"));
}

TEST_F(OpenaiTest, ChatObeysToolChoice) {
  const json forced = Parse(Chat(ChatBody("m", StrCat(kTools, R"(,"tool_choice":
      {"type":"function","function":{"name":"get_time"}})")))
                                .body);
  const json none = Parse(Chat(ChatBody("m", StrCat(kTools, R"(,"tool_choice":"none")"))).body);
  const json parallel =
      Parse(Chat(ChatBody("m", StrCat(kTools, R"(,"parallel_tool_calls":true)"))).body);

  EXPECT_EQ(forced["choices"][0]["message"]["tool_calls"][0]["function"]["name"], "get_time");
  EXPECT_EQ(none["choices"][0]["message"]["content"], "You said: hi");
  EXPECT_EQ(parallel["choices"][0]["message"]["tool_calls"].size(), 2U);
}

TEST_F(OpenaiTest, ChatStreamsToolCallsInParts) {
  const TestResponse response = Chat(StreamBody("m", kTools));

  std::string arguments;
  int parts = 0;
  int names = 0;
  std::string finish;
  for (const std::string& event : ReadEvents(response.body)) {
    if (event == "[DONE]") continue;
    const json choice = Parse(event)["choices"][0];
    if (choice["finish_reason"].is_string()) finish = choice["finish_reason"];
    if (!choice["delta"].contains("tool_calls")) continue;
    const json& call = choice["delta"]["tool_calls"][0];
    EXPECT_EQ(call["index"], 0);
    names += call.contains("id") && call["function"].contains("name") ? 1 : 0;
    arguments += call["function"]["arguments"].get<std::string>();
    ++parts;
  }
  EXPECT_EQ(names, 1);
  EXPECT_GE(parts, 4);
  EXPECT_EQ(Parse(arguments), Parse(R"({"city":"hi","unit":"C","days":[3]})"));
  EXPECT_EQ(finish, "tool_calls");
}

TEST_F(OpenaiTest, ChatEndsTheToolLoopWithTheResults) {
  const TestResponse response = Post("/v1/chat/completions", StrCat(R"({"model":"m","messages":[
      {"role":"user","content":"weather?"},{"role":"assistant","content":null,"tool_calls":[
        {"id":"a","type":"function","function":{"name":"get_weather","arguments":"{}"}},
        {"id":"b","type":"function","function":{"name":"get_time","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"a","content":"sunny"},
      {"role":"tool","tool_call_id":"b","content":"warm"}])",
                                                                    kTools, "}"));

  EXPECT_EQ(ContentOf(response), "The tool said: sunny; warm");
}

TEST_F(OpenaiTest, ChatKeepsToTheResponseFormat) {
  const TestResponse object = Chat(ChatBody("m", R"(,"response_format":{"type":"json_object"})"));
  const TestResponse schema = Chat(ChatBody("m", R"(,"response_format":{"type":"json_schema",
      "json_schema":{"name":"x","schema":{"type":"object","properties":{
        "ok":{"type":"boolean"},"list":{"type":"array","items":{"type":"string"}}}}}})"));

  EXPECT_EQ(ContentOf(object), R"({"said":"hi"})");
  EXPECT_EQ(ContentOf(schema), R"({"ok":true,"list":["hi"]})");
}

TEST_F(OpenaiTest, ChatTakesAnImageAfterTheResultsAsPartOfThem) {
  const TestResponse response = Post("/v1/chat/completions", StrCat(R"({"model":"m","messages":[
      {"role":"user","content":"look"},{"role":"assistant","tool_calls":[
        {"id":"a","type":"function","function":{"name":"get_weather","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"a","content":"below"},
      {"role":"user","content":[{"type":"image_url","image_url":
        {"url":"data:image/png;base64,AAAA"}}]}])",
                                                                    kTools, "}"));

  EXPECT_EQ(ContentOf(response), "The tool said: below [image image/png 3 bytes]");
}

TEST_F(OpenaiTest, ChatShowsTheSystemText) {
  const TestResponse response = Post("/v1/chat/completions", R"({"model":"m","messages":[
      {"role":"system","content":"a"},{"role":"user","content":"system?"},
      {"role":"developer","content":"b"}]})");

  EXPECT_EQ(ContentOf(response), "a\n\nb");
}

TEST_F(OpenaiTest, ChatReasonsWhenAsked) {
  const json plain = Parse(Chat(ChatBody("m", R"(,"reasoning_effort":"low")")).body);
  const TestResponse streamed = Chat(StreamBody("m", R"(,"reasoning_effort":"low")"));

  EXPECT_EQ(plain["choices"][0]["message"]["reasoning_content"], "Thinking about it.");
  EXPECT_EQ(plain["usage"]["completion_tokens_details"]["reasoning_tokens"], 5);
  EXPECT_THAT(streamed.body, HasSubstr(R"({"reasoning_content":"Thinking "})"));
  EXPECT_EQ(ContentOf(streamed), "You said: hi");
}

TEST_F(OpenaiTest, ChatRefusesInItsOwnMember) {
  const json answer = Parse(Post("/v1/chat/completions", R"({"model":"m","messages":[
      {"role":"user","content":"refuse?"}]})")
                                .body);

  EXPECT_TRUE(answer["choices"][0]["message"]["content"].is_null());
  EXPECT_EQ(answer["choices"][0]["message"]["refusal"], "I cannot help with that.");
}

TEST_F(OpenaiTest, ChatStopsAtAStopSequence) {
  EXPECT_EQ(ContentOf(Chat(ChatBody("m", R"(,"stop":"said")"))), "You ");
}

TEST_F(OpenaiTest, CompletionsSayEachPromptBack) {
  const json plain = Parse(Post("/v1/completions", R"({"model":"m","prompt":["a b","c"]})").body);
  const TestResponse streamed =
      Post("/v1/completions", R"({"model":"m","prompt":"a b","stream":true})");

  EXPECT_EQ(plain["object"], "text_completion");
  EXPECT_EQ(plain["choices"][0]["text"], "You said: a b");
  EXPECT_EQ(plain["choices"][1]["text"], "You said: c");
  EXPECT_EQ(plain["usage"]["completion_tokens"], 7);
  std::string text;
  for (const std::string& event : ReadEvents(streamed.body)) {
    if (event != "[DONE]") text += Parse(event)["choices"][0]["text"].get<std::string>();
  }
  EXPECT_EQ(text, "You said: a b");
}

TEST_F(OpenaiTest, EmbeddingsAreTheSameNumbersInBothEncodings) {
  const json floats =
      Parse(Post("/v1/embeddings", R"({"model":"e","input":["a","b"],"dimensions":8})").body);
  const json base64 =
      Parse(Post("/v1/embeddings",
                 R"({"model":"e","input":"a","dimensions":8,"encoding_format":"base64"})")
                .body);

  const auto vector = floats["data"][0]["embedding"].get<std::vector<float>>();
  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(base64["data"][0]["embedding"].get<std::string>(), &bytes));
  std::vector<float> decoded(bytes.size() / sizeof(float));
  std::memcpy(decoded.data(), bytes.data(), bytes.size());
  EXPECT_EQ(decoded, vector);
  EXPECT_EQ(vector.size(), 8U);
  EXPECT_NE(floats["data"][1]["embedding"], floats["data"][0]["embedding"]);
  float squares = 0;
  for (const float component : vector) squares += component * component;
  EXPECT_NEAR(std::sqrt(squares), 1.0, 1e-5);
  EXPECT_EQ(floats["usage"]["total_tokens"], 2);
}

TEST_F(OpenaiTest, EmbeddingsHaveTheDimensionsOfTheirModel) {
  const json small = Parse(Post("/v1/embeddings", R"({"model":"e-small","input":"a"})").body);
  const json large = Parse(Post("/v1/embeddings", R"({"model":"e-large","input":[1,2]})").body);

  EXPECT_EQ(small["data"][0]["embedding"].size(), 1536U);
  EXPECT_EQ(large["data"][0]["embedding"].size(), 3072U);
  EXPECT_EQ(large["data"].size(), 1U);
  EXPECT_EQ(Post("/v1/embeddings", R"({"model":"e","input":"a","dimensions":3072})").status, 200);
  EXPECT_EQ(Post("/v1/embeddings", R"({"model":"e","input":"a","dimensions":3073})").status, 400);
}

TEST_F(OpenaiTest, ListsModelsAndKnowsEveryName) {
  const json list = Parse(Get("/v1/models").body);
  const json one = Parse(Get("/v1/models/vendor%2Fany-name").body);

  EXPECT_EQ(list["object"], "list");
  EXPECT_EQ(list["data"][0]["id"], "gpt-4o");
  EXPECT_EQ(one["id"], "vendor/any-name");
  EXPECT_EQ(one["object"], "model");
  EXPECT_EQ(Get("/v1/models/status-404").status, 404);
}

TEST_F(OpenaiTest, OtherPathsEchoWhatArrived) {
  const json echo = Parse(Get("/v1/files/f-1/content?model=m%2F1&x=2").body);

  EXPECT_EQ(echo["method"], "GET");
  EXPECT_EQ(echo["path"], "/v1/files/f-1/content");
  EXPECT_EQ(echo["query"], "model=m%2F1&x=2");
  EXPECT_EQ(echo["body_bytes"], 0);
  EXPECT_EQ(echo["model"], "m/1");
}

TEST_F(OpenaiTest, ReadsTheModelOfAMultipartBody) {
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
      "Content-Type: audio/wav\r\n\r\nRIFF\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b--\r\n";
  TestClient client(provider_->port());

  client.Send(
      StrCat("POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\n"
             "content-type: multipart/form-data; boundary=b\r\ncontent-length: ",
             body.size(), "\r\n\r\n", body));
  const json echo = Parse(client.Read().body);

  EXPECT_EQ(echo["model"], "whisper-1");
  EXPECT_EQ(echo["body_bytes"], body.size());
  EXPECT_EQ(echo["text"], StrCat("You sent ", body.size(), " bytes."));
}

TEST_F(OpenaiTest, HeadHasNoBody) {
  TestClient client(provider_->port());

  client.Send("HEAD /v1/models HTTP/1.1\r\nhost: x\r\n\r\n");
  const TestResponse head = client.Read(kDeadline, /*has_body=*/false);

  EXPECT_EQ(head.status, 200);
  EXPECT_NE(head.FindHeader("content-length"), "0");
  EXPECT_EQ(client.Get("/v1/models").status, 200);
}

struct ErrorCase {
  std::string_view method;
  std::string_view target;
  std::string_view body;
  int status;
  std::string_view message;
  std::string_view code;  // empty = null
};

class OpenaiErrorTest : public ProviderFixture, public testing::WithParamInterface<ErrorCase> {};

TEST_P(OpenaiErrorTest, HasOpenaisShape) {
  const ErrorCase& wanted = GetParam();
  TestClient client(provider_->port());

  client.SendRequest(wanted.method, wanted.target, wanted.body);
  const TestResponse response = client.Read();

  EXPECT_EQ(response.status, wanted.status);
  const json error = Parse(response.body)["error"];
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr(std::string(wanted.message)));
  EXPECT_EQ(error["type"], "invalid_request_error");
  EXPECT_TRUE(error.contains("param"));
  EXPECT_EQ(error["code"], wanted.code.empty() ? json(nullptr) : json(wanted.code));
}

INSTANTIATE_TEST_SUITE_P(
    Errors, OpenaiErrorTest,
    testing::Values(
        ErrorCase{"POST", "/v1/chat/completions", "{", 400, "could not parse the JSON", ""},
        ErrorCase{"POST", "/v1/chat/completions", "[]", 400, "could not parse the JSON", ""},
        ErrorCase{"POST", "/v1/chat/completions", "", 400, "could not parse the JSON", ""},
        ErrorCase{"POST", "/v1/chat/completions", "{\"a\":\"\xFF\"}", 400,
                  "could not parse the JSON", ""},
        ErrorCase{"POST", "/v1/chat/completions", "{}", 400, "provide a model", ""},
        ErrorCase{"POST", "/v1/chat/completions", R"({"model":"m"})", 400, "'messages'",
                  "missing_required_parameter"},
        ErrorCase{"POST", "/v1/chat/completions", R"({"model":"m","messages":[]})", 400,
                  "'messages'", "empty_array"},
        ErrorCase{"POST", "/v1/embeddings", R"({"model":"m"})", 400, "'input'",
                  "missing_required_parameter"},
        ErrorCase{"GET", "/v1/chat/completions", "", 405, "Not allowed to GET",
                  "method_not_supported"},
        ErrorCase{"GET", "/elsewhere", "", 404, "Unknown request URL: GET /elsewhere",
                  "unknown_url"}));

struct ChatCase {
  std::string_view messages;
  std::string_view more;
  std::string_view param;
  std::string_view message;
};

class ChatRefusalTest : public OpenaiTest, public testing::WithParamInterface<ChatCase> {};

TEST_P(ChatRefusalTest, IsA400) {
  const ChatCase& wanted = GetParam();

  const TestResponse response =
      Post("/v1/chat/completions",
           StrCat(R"({"model":"gpt-5","messages":)", wanted.messages, wanted.more, "}"));

  EXPECT_EQ(response.status, 400);
  const json error = Parse(response.body)["error"];
  EXPECT_EQ(error["param"], wanted.param);
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr(std::string(wanted.message)));
}

constexpr std::string_view kHi = R"([{"role":"user","content":"hi"}])";

INSTANTIATE_TEST_SUITE_P(
    Refusals, ChatRefusalTest,
    testing::Values(
        ChatCase{kHi, R"(,"top_k":1)", "top_k", "Unknown parameter"},
        ChatCase{kHi, R"(,"max_tokens":1)", "max_tokens", "Use 'max_completion_tokens' instead"},
        ChatCase{kHi, R"(,"tools":[])", "tools", "empty array"},
        ChatCase{kHi, R"(,"tool_choice":"auto")", "tool_choice", "only allowed when 'tools'"},
        ChatCase{kHi, R"(,"parallel_tool_calls":false)", "parallel_tool_calls",
                 "only allowed when 'tools'"},
        ChatCase{kHi, R"(,"stream_options":{"include_usage":true})", "stream_options",
                 "only allowed when 'stream'"},
        ChatCase{kHi, R"(,"tools":[{"type":"function","name":"f"}])", "tools[0].function",
                 "Missing required"},
        ChatCase{R"([{"role":"user"}])", "", "messages[0].content", "got null"},
        ChatCase{R"([{"role":"model","content":"x"}])", "", "messages[0].role", "Invalid value"},
        ChatCase{R"([{"role":"assistant","content":"x","tool_calls":[]}])", "",
                 "messages[0].tool_calls", "empty array"},
        ChatCase{R"([{"role":"system","content":[{"type":"image_url",
                      "image_url":{"url":"https://x/y.png"}}]}])",
                 "", "messages[0].content[0]", "only allowed for messages with role 'user'"},
        ChatCase{R"([{"role":"tool","tool_call_id":"a","content":"x"}])", "", "messages.[0].role",
                 "must be a response to a preceeding message"},
        ChatCase{R"([{"role":"assistant","tool_calls":[{"id":"a","type":"function",
                      "function":{"name":"f","arguments":"{}"}}]},
                      {"role":"user","content":"x"}])",
                 "", "messages", "did not have response messages: a"},
        ChatCase{R"([{"role":"assistant","tool_calls":[{"type":"function",
                      "id":"12345678901234567890123456789012345678901",
                      "function":{"name":"f","arguments":"{}"}}]}])",
                 "", "messages[0].tool_calls[0].id", "maximum length 40"}));

}  // namespace
}  // namespace lmgate::fakeprovider

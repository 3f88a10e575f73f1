#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/provider_fixture.h"

namespace lmgate::fakeprovider {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kHi = R"([{"role":"user","parts":[{"text":"hi"}]}])";
constexpr std::string_view kTools = R"(,"tools":[{"functionDeclarations":[
  {"name":"get_weather","parameters":{"type":"OBJECT","required":["city"],
    "properties":{"city":{"type":"STRING"}}}},
  {"name":"get_time","parametersJsonSchema":{"type":"object","additionalProperties":false}}]}])";
constexpr std::string_view kThinking =
    R"(,"generationConfig":{"thinkingConfig":{"includeThoughts":true}})";

class GeminiTest : public ProviderFixture {
 protected:
  TestResponse Post(std::string_view contents, std::string_view more = "",
                    std::string_view target = "gemini-2.5-pro:generateContent") const {
    return TestClient(provider_->port())
        .Post(StrCat("/v1beta/models/", target), StrCat(R"({"contents":)", contents, more, "}"));
  }
  json Ask(std::string_view contents, std::string_view more = "",
           std::string_view model = "gemini-2.5-pro") const {
    return Parse(Post(contents, more, StrCat(model, ":generateContent")).body);
  }
  static std::string TextOf(const json& answer) {
    const json::json_pointer parts("/candidates/0/content/parts");
    return answer.contains(parts) ? answer[parts].back().value("text", "?") : answer.dump();
  }
};

TEST_F(GeminiTest, SaysTheLastUserTextBack) {
  const json answer = Ask(R"([{"role":"user","parts":[{"text":"look"},
      {"inline_data":{"mime_type":"image/png","data":"AAAA"}}]}])");

  EXPECT_EQ(TextOf(answer), "You said: look [image image/png 3 bytes]");
  EXPECT_EQ(answer["candidates"][0]["finishReason"], "STOP");
  EXPECT_EQ(answer["candidates"][0]["content"]["role"], "model");
  EXPECT_EQ(answer["modelVersion"], "gemini-2.5-pro");
  EXPECT_EQ(answer["usageMetadata"]["candidatesTokenCount"], 7);
}

TEST_F(GeminiTest, StreamsEventsOrOneArray) {
  const TestResponse events = Post(kHi, kThinking, "g:streamGenerateContent?alt=sse");
  const TestResponse array = Post(kHi, kThinking, "g:streamGenerateContent");

  json parsed = json::array();
  for (const std::string& event : ReadEvents(events.body)) parsed.push_back(Parse(event));
  EXPECT_EQ(events.FindHeader("content-type"), "text/event-stream");
  EXPECT_THAT(events.body, HasSubstr("}\r\n\r\ndata: {"));
  std::string text;
  std::string thought;
  for (const json& chunk : parsed) {
    const json& part = chunk["candidates"][0]["content"]["parts"][0];
    (part.value("thought", false) ? thought : text) += part["text"];
  }
  EXPECT_EQ(text, "You said: hi");
  EXPECT_EQ(thought, "Thinking about it.");
  EXPECT_EQ(parsed.back()["candidates"][0]["finishReason"], "STOP");
  EXPECT_EQ(parsed.back()["usageMetadata"]["thoughtsTokenCount"], 5);
  EXPECT_EQ(Parse(array.body).size(), parsed.size());
}

TEST_F(GeminiTest, CallsAFunctionAndReadsItsResponse) {
  const json called = Ask(kHi, kTools);
  const json ended = Ask(R"([{"role":"user","parts":[{"text":"hi"}]},
      {"role":"model","parts":[{"functionCall":{"name":"get_weather","args":{}}},
                               {"functionCall":{"name":"get_time"}}]},
      {"role":"user","parts":[
        {"functionResponse":{"name":"get_weather","response":{"output":"sunny"}}},
        {"functionResponse":{"name":"get_time","response":{"error":"broken"}}}]}])",
                         kTools);
  const json forced = Ask(kHi, StrCat(kTools, R"(,"toolConfig":{"functionCallingConfig":
      {"mode":"ANY","allowedFunctionNames":["get_time"]}})"));
  const TestResponse streamed =
      Post(R"([{"parts":[{"text":"all tools"}]}])", kTools, "g:streamGenerateContent?alt=sse");

  const json& part = called["candidates"][0]["content"]["parts"][0];
  EXPECT_EQ(part["functionCall"]["args"], Parse(R"({"city":"hi"})"));
  EXPECT_FALSE(part["functionCall"].contains("id"));
  EXPECT_EQ(called["candidates"][0]["finishReason"], "STOP");
  EXPECT_EQ(TextOf(ended), "The tool said: sunny. The tool failed: broken");
  EXPECT_EQ(forced["candidates"][0]["content"]["parts"][0]["functionCall"]["name"], "get_time");
  const std::vector<std::string> events = ReadEvents(streamed.body);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_THAT(events[1], HasSubstr("get_time"));
}

TEST_F(GeminiTest, WantsTheSignatureOfGemini3Back) {
  const json called = Ask(kHi, kTools, "gemini-3-pro");
  json part = called["candidates"][0]["content"]["parts"][0];
  const auto loop = [](const json& call) {
    json response = {{"name", "get_weather"}, {"response", {{"result", "sunny"}}}};
    return json::array({{{"role", "user"}, {"parts", {{{"text", "hi"}}}}},
                        {{"role", "model"}, {"parts", {call}}},
                        {{"role", "user"}, {"parts", {{{"functionResponse", response}}}}}})
        .dump();
  };
  json unsigned_part = part;
  unsigned_part.erase("thoughtSignature");
  json skipping = part;
  skipping["thoughtSignature"] = "skip_thought_signature_validator";
  json forged = part;
  forged["thoughtSignature"] = "AAAA";

  EXPECT_TRUE(part["functionCall"].contains("id"));
  EXPECT_EQ(TextOf(Ask(loop(part), kTools, "gemini-3-pro")), "The tool said: sunny");
  EXPECT_EQ(TextOf(Ask(loop(skipping), kTools, "gemini-3-pro")), "The tool said: sunny");
  EXPECT_THAT(Ask(loop(unsigned_part), kTools, "gemini-3-pro")["error"]["message"],
              testing::ResultOf([](const json& text) { return text.get<std::string>(); },
                                HasSubstr("missing a thought_signature")));
  EXPECT_EQ(Ask(loop(forged), kTools, "gemini-3-pro")["error"]["message"],
            "Corrupted thought signature.");
  EXPECT_EQ(TextOf(Ask(loop(unsigned_part), kTools)), "The tool said: sunny");
}

TEST_F(GeminiTest, ObeysItsConfig) {
  const json system = Ask(R"([{"parts":[{"text":"system?"}]}])",
                          R"(,"system_instruction":{"parts":[{"text":"be brief"}]})");
  const json schema = Ask(kHi, R"(,"generationConfig":{"responseMimeType":"application/json",
      "responseSchema":{"type":"OBJECT","properties":{"a":{"type":"INTEGER"}}}})");
  const json candidates = Ask(kHi, R"(,"generationConfig":{"candidateCount":2})");
  const json cut = Ask(kHi, R"(,"generationConfig":{"maxOutputTokens":1})");

  EXPECT_EQ(TextOf(system), "be brief");
  EXPECT_EQ(TextOf(schema), R"({"a":1})");
  EXPECT_EQ(candidates["candidates"].size(), 2U);
  EXPECT_EQ(cut["candidates"][0]["finishReason"], "MAX_TOKENS");
}

TEST_F(GeminiTest, CountsTokensAndListsModels) {
  const json count = Parse(Post(kHi, "", "g:countTokens").body);
  const json models = Parse(TestClient(provider_->port()).Get("/v1beta/models").body);

  EXPECT_EQ(count["totalTokens"], 1);
  EXPECT_THAT(models["models"][0]["name"].get<std::string>(), StartsWith("models/"));
}

TEST_F(GeminiTest, LetsTheKeyInByHeaderAndQuery) {
  Options options;
  options.api_key = "right";
  Start(options);
  const std::string target = "/v1beta/models/g:generateContent";
  const std::string body = StrCat(R"({"contents":)", kHi, "}");
  TestClient client(provider_->port());

  EXPECT_EQ(client.Post(target, body, "x-goog-api-key: right\r\n").status, 200);
  EXPECT_EQ(client.Post(StrCat(target, "?key=right"), body).status, 200);
  EXPECT_EQ(client.Post(StrCat(target, "?key=wrong"), body).status, 400);
  EXPECT_EQ(client.Post(target, body, "authorization: Bearer right\r\n").status, 403);
}

TEST_F(GeminiTest, HasItsOwnErrors) {
  const json limited = Parse(Post(kHi, "", "status-429-retry-after-7:generateContent").body);
  const TestResponse in_array = Post(kHi, "", "overloaded:streamGenerateContent");
  const std::vector<std::string> events =
      ReadEvents(Post(kHi, "", "error-after-2:streamGenerateContent?alt=sse").body);

  EXPECT_EQ(limited["error"]["status"], "RESOURCE_EXHAUSTED");
  EXPECT_EQ(limited["error"]["details"][0]["retryDelay"], "7s");
  EXPECT_EQ(in_array.status, 503);
  EXPECT_EQ(Parse(in_array.body)[0]["error"]["status"], "UNAVAILABLE");
  EXPECT_EQ(Parse(events.back())["error"]["code"], 500);
  EXPECT_EQ(events.size(), 3U);
}

TEST_F(GeminiTest, RefusesByACandidateWithoutContent) {
  const json answer = Ask(R"([{"parts":[{"text":"refuse?"}]}])");

  EXPECT_EQ(answer["candidates"][0]["finishReason"], "SAFETY");
  EXPECT_FALSE(answer["candidates"][0].contains("content"));
}

struct RefusalCase {
  std::string_view contents;
  std::string_view more;
  std::string_view message;
};

class GeminiRefusalTest : public GeminiTest, public testing::WithParamInterface<RefusalCase> {};

TEST_P(GeminiRefusalTest, IsA400) {
  const TestResponse response = Post(GetParam().contents, GetParam().more);

  EXPECT_EQ(response.status, 400);
  const json error = Parse(response.body)["error"];
  EXPECT_EQ(error["status"], "INVALID_ARGUMENT");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr(std::string(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Refusals, GeminiRefusalTest,
    testing::Values(
        RefusalCase{kHi, R"(,"stream":true)", "Unknown name \"stream\": Cannot find field."},
        RefusalCase{kHi, R"(,"generationConfig":{"max_tokens":1})", "at 'generation_config'"},
        RefusalCase{kHi, R"(,"generationConfig":{"responseSchema":{"type":"STRING"}})",
                    "response_mime_type"},
        RefusalCase{kHi, R"(,"tools":[{"functionDeclarations":[{"name":"f","parameters":{
                        "type":"object","additionalProperties":false}}]}])",
                    "Unknown name \"additionalProperties\""},
        RefusalCase{kHi, R"(,"tools":[{"functionDeclarations":[{"name":"f","parameters":{
                        "type":"object","properties":{}}}]}])",
                    "should be non-empty for OBJECT type"},
        RefusalCase{kHi, R"(,"tools":[{"functionDeclarations":[{"name":"f","parameters":{
                        "type":"object","properties":{"a":{"type":["string","null"]}}}}]}])",
                    "Proto field is not repeating"},
        RefusalCase{kHi, R"(,"tools":[{"functionDeclarations":[{"name":"f","parameters":{
                        "type":"object","properties":{"a":{"type":"integer","enum":[1]}}}}]}])",
                    "TYPE_STRING"},
        RefusalCase{kHi, R"(,"toolConfig":{"functionCallingConfig":{"mode":"ANY"}})",
                    "without function_declarations"},
        RefusalCase{R"([{"role":"assistant","parts":[{"text":"x"}]}])", "", "valid role"},
        RefusalCase{R"([{"role":"user","parts":[]}])", "", "must not be empty"},
        RefusalCase{R"([{"role":"user","parts":[{"thoughtSignature":"AAAA"}]}])", "", "oneof"},
        RefusalCase{R"([{"role":"model","parts":[{"text":"x"}]}])", "", "start with a user turn"},
        RefusalCase{R"([{"parts":[{"text":"a"}]},
                        {"role":"model","parts":[{"functionCall":{"name":"f"}},
                                                 {"functionCall":{"name":"g"}}]},
                        {"parts":[{"functionResponse":{"name":"f","response":{}}}]},
                        {"parts":[{"functionResponse":{"name":"g","response":{}}}]}])",
                    "", "number of function response parts"},
        RefusalCase{R"([{"parts":[{"text":"a"}]},
                        {"role":"model","parts":[{"functionCall":{"name":"f"}}]},
                        {"parts":[{"functionResponse":{"name":"f","response":"x"}}]}])",
                    "", "google.protobuf.Struct"},
        RefusalCase{R"([{"parts":[{"functionResponse":{"name":"f","response":{}}}]}])", "",
                    "immediately after a function call turn"}));

}  // namespace
}  // namespace lmgate::fakeprovider

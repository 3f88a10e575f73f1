#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/provider_fixture.h"

namespace lmgate::fakeprovider {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr std::string_view kTools = R"(,"tools":[{"type":"function","name":"get_weather",
  "parameters":{"type":"object","required":["city"],"properties":{"city":{"type":"string"}}}},
  {"type":"function","name":"get_time"}])";
constexpr std::string_view kReasoning = R"(,"reasoning":{"effort":"low","summary":"auto"},
  "store":false,"include":["reasoning.encrypted_content"])";

class ResponsesTest : public ProviderFixture {
 protected:
  TestResponse Post(std::string_view input, std::string_view more = "",
                    std::string_view model = "m") const {
    return TestClient(provider_->port())
        .Post("/v1/responses", StrCat(R"({"model":")", model, R"(","input":)", input, more, "}"));
  }
  json Ask(std::string_view input, std::string_view more = "") const {
    return Parse(Post(input, more).body);
  }
  // The response of the last event; checks the order and the sums of the others.
  static json Assemble(std::string_view body);
};

json ResponsesTest::Assemble(std::string_view body) {
  json output = json::array();
  json last;
  size_t number = 0;
  std::map<std::string, std::string> deltas;
  for (const std::string& data : ReadEvents(body)) {
    last = Parse(data);
    const std::string type = last.value("type", "?");
    EXPECT_THAT(body, HasSubstr(StrCat("event: ", type, "\ndata: ", data, "\n\n")));
    EXPECT_EQ(last["sequence_number"], number++);
    if (type.ends_with(".delta")) {
      EXPECT_EQ(last["output_index"], output.size());
      deltas[type.substr(0, type.size() - 6)] += last["delta"];
    }
    if (type.ends_with("text.done")) {
      EXPECT_EQ(deltas[type.substr(0, type.size() - 5)], last["text"]);
    }
    if (type.ends_with("arguments.done")) {
      EXPECT_EQ(deltas[type.substr(0, type.size() - 5)], last["arguments"]);
      deltas.clear();
    }
    if (type == "response.output_item.done") output.push_back(last["item"]);
  }
  EXPECT_EQ(output, last["response"]["output"]);
  return last["response"];
}

TEST_F(ResponsesTest, SaysTheLastUserTextBack) {
  const json answer = Ask(R"([{"role":"user","content":[{"type":"input_text","text":"look"},
      {"type":"input_image","image_url":"data:image/png;base64,AAAA"}]}])");

  EXPECT_EQ(answer["object"], "response");
  EXPECT_EQ(answer["status"], "completed");
  EXPECT_EQ(answer["output"][0]["content"][0]["text"], "You said: look [image image/png 3 bytes]");
  EXPECT_EQ(answer["output"][0]["content"][0]["annotations"], json::array());
  EXPECT_EQ(answer["usage"]["output_tokens"], 7);
  EXPECT_EQ(answer["usage"]["output_tokens_details"]["reasoning_tokens"], 0);
}

TEST_F(ResponsesTest, StreamsTheSameResponse) {
  for (const std::string_view more :
       {std::string_view(), kTools, kReasoning,
        std::string_view(R"(,"tools":[{"type":"function","name":"a"},{"type":"function",
                           "name":"b"}],"parallel_tool_calls":true)")}) {
    SCOPED_TRACE(more);
    json plain = Ask(R"("hi")", more);
    const TestResponse response = Post(R"("hi")", StrCat(R"(,"stream":true)", more));

    json streamed = Assemble(response.body);
    EXPECT_EQ(response.FindHeader("content-type"), "text/event-stream; charset=utf-8");
    for (json* answer : {&plain, &streamed}) {
      answer->erase("id");
      answer->erase("created_at");
      answer->erase("completed_at");
      for (json& item : (*answer)["output"]) {
        item.erase("id");
        item.erase("call_id");
      }
    }
    EXPECT_EQ(streamed, plain);
  }
}

TEST_F(ResponsesTest, SaysWhenTheLimitCutsTheAnswer) {
  std::string long_text;
  for (int i = 0; i < 20; ++i) long_text += "w ";
  const std::string input = json(long_text).dump();
  const json plain = Ask(input, R"(,"max_output_tokens":16)");
  const TestResponse streamed = Post(input, R"(,"max_output_tokens":16,"stream":true)");

  EXPECT_EQ(plain["status"], "incomplete");
  EXPECT_EQ(plain["incomplete_details"]["reason"], "max_output_tokens");
  EXPECT_THAT(streamed.body, HasSubstr("event: response.incomplete\n"));
}

TEST_F(ResponsesTest, GoesThroughAToolLoopWithItsReasoning) {
  const json first = Ask(R"("hi")", StrCat(kTools, kReasoning));
  const json& call = first["output"][1];
  json input = json::array({{{"role", "user"}, {"content", "hi"}}});
  for (const json& item : first["output"]) input.push_back(item);
  input.push_back(
      {{"type", "function_call_output"}, {"call_id", call["call_id"]}, {"output", "sunny"}});
  const std::string more = StrCat(kTools, kReasoning);
  json forged = input;
  forged[1]["encrypted_content"] = "gAAAAother";

  EXPECT_EQ(first["output"][0]["summary"][0]["text"], "Thinking about it.");
  EXPECT_EQ(call["arguments"], R"({"city":"hi"})");
  EXPECT_EQ(Ask(input.dump(), more)["output"][1]["content"][0]["text"], "The tool said: sunny");
  EXPECT_EQ(Ask(forged.dump(), more)["error"]["code"], "invalid_encrypted_content");
}

TEST_F(ResponsesTest, ShowsTheSystemText) {
  const json answer = Ask(R"([{"role":"developer","content":"b"},
      {"role":"user","content":"system?"}])",
                          R"(,"instructions":"a")");

  EXPECT_EQ(answer["output"][0]["content"][0]["text"], "a\n\nb");
}

TEST_F(ResponsesTest, KeepsToTheFormat) {
  const json answer = Ask(R"("hi")", R"(,"text":{"format":{"type":"json_schema","name":"x",
      "strict":true,"schema":{"type":"object","additionalProperties":false,"required":["a"],
      "properties":{"a":{"type":"string"}}}}})");

  EXPECT_EQ(answer["output"][0]["content"][0]["text"], R"({"a":"hi"})");
}

TEST_F(ResponsesTest, RefusesInItsOwnPart) {
  const json plain = Ask(R"("refuse?")");
  const json streamed = Assemble(Post(R"("refuse?")", R"(,"stream":true)").body);

  EXPECT_EQ(plain["output"][0]["content"][0]["type"], "refusal");
  EXPECT_EQ(streamed["output"][0]["content"], plain["output"][0]["content"]);
}

TEST_F(ResponsesTest, EndsAFailedStreamWithResponseFailed) {
  const std::vector<std::string> events =
      ReadEvents(Post(R"("hi")", R"(,"stream":true)", "error-after-3").body);

  const json last = Parse(events.back());
  EXPECT_EQ(events.size(), 4U);
  EXPECT_EQ(last["type"], "response.failed");
  EXPECT_EQ(last["sequence_number"], 3);
  EXPECT_EQ(last["response"]["error"]["code"], "server_error");
}

struct RefusalCase {
  std::string_view input;
  std::string_view more;
  std::string_view param;  // empty = null
  std::string_view message;
};

class ResponsesRefusalTest : public ResponsesTest,
                             public testing::WithParamInterface<RefusalCase> {};

TEST_P(ResponsesRefusalTest, IsA400) {
  const RefusalCase& wanted = GetParam();

  const TestResponse response = Post(wanted.input, wanted.more);

  EXPECT_EQ(response.status, 400);
  const json error = Parse(response.body)["error"];
  EXPECT_EQ(error["param"], wanted.param.empty() ? json(nullptr) : json(wanted.param));
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr(std::string(wanted.message)));
}

INSTANTIATE_TEST_SUITE_P(
    Refusals, ResponsesRefusalTest,
    testing::Values(
        RefusalCase{R"("hi")", R"(,"messages":[])", "messages", "Unknown parameter"},
        RefusalCase{R"("hi")", R"(,"stop":"x")", "stop", "Unknown parameter"},
        RefusalCase{R"("hi")", R"(,"max_output_tokens":15)", "max_output_tokens", ">= 16"},
        RefusalCase{R"("hi")", R"(,"stream_options":{})", "stream_options", "only allowed when"},
        RefusalCase{R"("hi")", R"(,"tool_choice":"required")", "tool_choice", "'tools' parameter"},
        RefusalCase{R"("hi")", R"(,"tools":[{"type":"function","function":{"name":"f"}}])",
                    "tools[0].name", "Missing required"},
        RefusalCase{R"("hi")",
                    R"(,"tools":[{"type":"function","name":"f","strict":true,
                       "parameters":{"type":"object"}}])",
                    "tools[0].parameters", "additionalProperties"},
        RefusalCase{R"("hi")",
                    R"(,"text":{"format":{"type":"json_schema","json_schema":{"name":"x"}}})",
                    "text.format.json_schema", "Unknown parameter"},
        RefusalCase{R"("hi")", R"(,"previous_response_id":"resp_1")", "previous_response_id",
                    "not found"},
        RefusalCase{R"([{"role":"assistant","content":[{"type":"input_text","text":"x"}]}])", "",
                    "input[0].content[0]", "'output_text' and 'refusal'"},
        RefusalCase{R"([{"type":"function_call","id":"call_1","call_id":"call_1","name":"f",
                        "arguments":"{}"}])",
                    "", "input[0].id", "begins with 'fc'"},
        RefusalCase{R"([{"type":"function_call","call_id":"c","name":"f","arguments":{}}])", "",
                    "input[0].arguments", "expected a string"},
        RefusalCase{R"([{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}])", "",
                    "input", "No tool output found for function call c."},
        RefusalCase{R"([{"type":"function_call_output","call_id":"c","output":"x"}])", "", "input",
                    "No tool call found for function call output with call_id c."},
        RefusalCase{R"([{"type":"reasoning","id":"rs_1","summary":[]},
                        {"role":"user","content":"x"}])",
                    "", "input", "without its required following item"}));

}  // namespace
}  // namespace lmgate::fakeprovider

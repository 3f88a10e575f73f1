#include <absl/strings/escaping.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/crc.hpp>
#include <map>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/provider_fixture.h"

namespace lmgate::fakeprovider {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kHi = R"([{"role":"user","content":[{"text":"hi"}]}])";
constexpr std::string_view kTools = R"(,"toolConfig":{"tools":[
  {"toolSpec":{"name":"get_weather","inputSchema":{"json":{"type":"object","required":["city"],
    "properties":{"city":{"type":"string"}}}}}},
  {"toolSpec":{"name":"get_time","inputSchema":{"json":{"type":"object"}}}}]})";
constexpr std::string_view kThinking = R"(,"inferenceConfig":{"maxTokens":2048},
  "additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024}})";

struct Frame {
  std::map<std::string, std::string> headers;  // those that are strings
  std::string payload;
};

class BedrockTest : public ProviderFixture {
 protected:
  TestResponse Post(std::string_view operation, std::string_view body,
                    std::string_view model = "anthropic.claude-3-5-sonnet-20241022-v2%3A0") const {
    return TestClient(provider_->port()).Post(StrCat("/model/", model, "/", operation), body);
  }
  TestResponse Converse(std::string_view messages, std::string_view more = "",
                        std::string_view operation = "converse") const {
    return Post(operation, StrCat(R"({"messages":)", messages, more, "}"));
  }
  json Ask(std::string_view messages, std::string_view more = "") const {
    return Parse(Converse(messages, more).body);
  }
  static std::string TextOf(const json& answer) {
    const json::json_pointer content("/output/message/content");
    return answer.contains(content) ? answer[content].back().value("text", "?") : answer.dump();
  }
  // All frames of a stream; checks lengths and sums.
  static std::vector<Frame> ReadFrames(std::string_view bytes);
  static std::string InvokeBody(std::string_view more = "") {
    return StrCat(R"({"anthropic_version":"bedrock-2023-05-31","max_tokens":100,
                      "messages":[{"role":"user","content":"hi"}])",
                  more, "}");
  }
};

size_t ReadNumber(std::string_view bytes, size_t at, size_t count) {
  size_t number = 0;
  for (const char byte : bytes.substr(at, count)) {
    number = number << 8 | static_cast<unsigned char>(byte);
  }
  return number;
}

size_t Crc32(std::string_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

std::vector<Frame> BedrockTest::ReadFrames(std::string_view bytes) {
  std::vector<Frame> frames;
  while (bytes.size() >= 16) {
    const size_t length = ReadNumber(bytes, 0, 4);
    const size_t header_bytes = ReadNumber(bytes, 4, 4);
    if (length > bytes.size() || length < header_bytes + 16) break;
    EXPECT_EQ(ReadNumber(bytes, 8, 4), Crc32(bytes.substr(0, 8)));
    EXPECT_EQ(ReadNumber(bytes, length - 4, 4), Crc32(bytes.substr(0, length - 4)));
    Frame frame{
        .headers = {},
        .payload = std::string(bytes.substr(12 + header_bytes, length - header_bytes - 16))};
    std::string_view headers = bytes.substr(12, header_bytes);
    while (!headers.empty() && headers[1 + ReadNumber(headers, 0, 1)] == 7) {
      const size_t name_bytes = ReadNumber(headers, 0, 1);
      const size_t value_bytes = ReadNumber(headers, name_bytes + 2, 2);
      frame.headers[std::string(headers.substr(1, name_bytes))] =
          headers.substr(name_bytes + 4, value_bytes);
      headers.remove_prefix(name_bytes + 4 + value_bytes);
    }
    frames.push_back(std::move(frame));
    bytes.remove_prefix(length);
  }
  EXPECT_TRUE(bytes.empty());
  return frames;
}

TEST_F(BedrockTest, ConverseSaysTheLastUserTextBack) {
  const TestResponse response = Converse(R"([{"role":"user","content":[{"text":"look"},
      {"image":{"format":"png","source":{"bytes":"AAAA"}}}]}])");

  const json answer = Parse(response.body);
  EXPECT_EQ(TextOf(answer), "You said: look [image image/png 3 bytes]");
  EXPECT_EQ(answer["stopReason"], "end_turn");
  EXPECT_EQ(answer["usage"]["outputTokens"], 7);
  EXPECT_FALSE(response.FindHeader("x-amzn-requestid").empty());
}

TEST_F(BedrockTest, ConverseStreamsTheSame) {
  for (const std::string_view more : {std::string_view(), kTools, kThinking}) {
    SCOPED_TRACE(more);
    const json plain = Ask(kHi, more);
    const TestResponse response = Converse(kHi, more, "converse-stream");

    std::map<size_t, std::string> texts;
    json stop;
    json metadata;
    std::vector<std::string> types;
    for (const Frame& frame : ReadFrames(response.body)) {
      EXPECT_EQ(frame.headers.at(":message-type"), "event");
      const json event = Parse(frame.payload);
      const std::string type = frame.headers.at(":event-type");
      types.push_back(type);
      if (type == "messageStop") stop = event;
      if (type == "metadata") metadata = event;
      if (type != "contentBlockDelta") continue;
      std::string& text = texts[event["contentBlockIndex"].get<size_t>()];
      const json& delta = event["delta"];
      if (delta.contains("text")) text += delta["text"];
      if (delta.contains("toolUse")) text += delta["toolUse"]["input"];
      if (delta.contains("reasoningContent")) {
        text += delta["reasoningContent"].value("text", "");
      }
    }
    const json& content = plain["output"]["message"]["content"];
    EXPECT_EQ(response.FindHeader("content-type"), "application/vnd.amazon.eventstream");
    EXPECT_EQ(types.front(), "messageStart");
    EXPECT_EQ(types.back(), "metadata");
    EXPECT_EQ(stop["stopReason"], plain["stopReason"]);
    EXPECT_EQ(metadata["usage"], plain["usage"]);
    ASSERT_EQ(texts.size(), content.size());
    for (size_t i = 0; i < content.size(); ++i) {
      const json& block = content[i];
      if (block.contains("text")) {
        EXPECT_EQ(texts[i], block["text"]);
      } else if (block.contains("toolUse")) {
        EXPECT_EQ(Parse(texts[i]), block["toolUse"]["input"]);
      } else {
        EXPECT_EQ(texts[i], block["reasoningContent"]["reasoningText"]["text"]);
      }
    }
  }
}

TEST_F(BedrockTest, ConverseWantsItsThinkingBack) {
  const std::string more = StrCat(kTools, kThinking);
  const json first = Ask(kHi, more);
  const json& content = first["output"]["message"]["content"];
  const auto loop = [&content](const json& turn) {
    const json result = {{"toolUseId", content[1]["toolUse"]["toolUseId"]},
                         {"content", {{{"text", "sunny"}}}}};
    return json::array({{{"role", "user"}, {"content", {{{"text", "hi"}}}}},
                        {{"role", "assistant"}, {"content", turn}},
                        {{"role", "user"}, {"content", {{{"toolResult", result}}}}}})
        .dump();
  };

  EXPECT_EQ(TextOf(Ask(loop(content), more)), "The tool said: sunny");
  EXPECT_THAT(Converse(loop(json::array({content[1]})), more).body,
              HasSubstr("Expected `thinking` or `redacted_thinking`, but found `tool_use`"));
  EXPECT_EQ(TextOf(Ask(loop(json::array({content[1]})), kTools)), "The tool said: sunny");
  EXPECT_THAT(Converse(loop(json::array({content[1]}))).body,
              HasSubstr("The toolConfig field must be defined"));
}

TEST_F(BedrockTest, InvokeSpeaksClaude) {
  const json plain = Parse(Post("invoke", InvokeBody()).body);
  const std::vector<Frame> frames =
      ReadFrames(Post("invoke-with-response-stream", InvokeBody()).body);

  EXPECT_EQ(plain["content"][0]["text"], "You said: hi");
  std::string text;
  json event;
  for (const Frame& frame : frames) {
    EXPECT_EQ(frame.headers.at(":event-type"), "chunk");
    std::string bytes;
    ASSERT_TRUE(absl::Base64Unescape(Parse(frame.payload)["bytes"].get<std::string>(), &bytes));
    event = Parse(bytes);
    if (event["type"] == "content_block_delta") text += event["delta"]["text"];
  }
  EXPECT_EQ(text, "You said: hi");
  EXPECT_EQ(event["type"], "message_stop");
  EXPECT_EQ(event["amazon-bedrock-invocationMetrics"]["outputTokenCount"], 3);
}

TEST_F(BedrockTest, InvokeHasItsOwnRules) {
  const auto message = [this](std::string_view body) {
    return Parse(Post("invoke", body).body)["message"].get<std::string>();
  };

  EXPECT_EQ(message(InvokeBody(R"(,"stream":true)")), "stream: Extra inputs are not permitted");
  EXPECT_EQ(message(InvokeBody(R"(,"model":"x")")), "model: Extra inputs are not permitted");
  EXPECT_EQ(message(R"({"max_tokens":1,"messages":[{"role":"user","content":"hi"}]})"),
            "anthropic_version: Field required");
}

TEST_F(BedrockTest, LetsKeysAndSignaturesIn) {
  Options options;
  options.api_key = "right";
  options.aws_keys = {.access_key_id = "AKID", .secret_access_key = "secret"};
  Start(options);
  const auto error = [this](std::string_view header) {
    const TestResponse response =
        TestClient(provider_->port())
            .Post("/model/m/converse", StrCat(R"({"messages":)", kHi, "}"), header);
    const std::string name = response.FindHeader("x-amzn-errortype");
    return StrCat(response.status, " ", name.substr(0, name.find(':')));
  };

  EXPECT_EQ(error("authorization: Bearer right\r\n"), "200 ");
  EXPECT_EQ(error("authorization: Bearer wrong\r\n"), "403 AccessDeniedException");
  EXPECT_EQ(error(""), "403 MissingAuthenticationTokenException");
  EXPECT_EQ(error("authorization: AWS4-HMAC-SHA256 "
                  "Credential=OTHER/20260101/r/bedrock/aws4_request, SignedHeaders=host, "
                  "Signature=00\r\n"),
            "403 UnrecognizedClientException");
  EXPECT_EQ(error("authorization: AWS4-HMAC-SHA256 "
                  "Credential=AKID/20260101/r/bedrock/aws4_request, SignedHeaders=host, "
                  "Signature=00\r\n"),
            "403 InvalidSignatureException");
}

TEST_F(BedrockTest, HasItsOwnErrors) {
  const auto error = [this](std::string_view model) {
    const TestResponse response = Post("converse", StrCat(R"({"messages":)", kHi, "}"), model);
    const std::string name = response.FindHeader("x-amzn-errortype");
    return StrCat(response.status, " ", name.substr(0, name.find(':')));
  };
  const std::vector<Frame> frames = ReadFrames(
      Post("converse-stream", StrCat(R"({"messages":)", kHi, "}"), "error-after-2").body);
  const std::vector<Frame> malformed = ReadFrames(
      Post("converse-stream", StrCat(R"({"messages":)", kHi, "}"), "malformed-json").body);

  EXPECT_EQ(error("status-429"), "429 ThrottlingException");
  EXPECT_EQ(error("overloaded"), "503 ServiceUnavailableException");
  EXPECT_EQ(error("insufficient-quota"), "400 ServiceQuotaExceededException");
  EXPECT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames.back().headers.at(":message-type"), "exception");
  EXPECT_EQ(frames.back().headers.at(":exception-type"), "internalServerException");
  EXPECT_TRUE(Parse(malformed[2].payload).is_discarded());
}

TEST_F(BedrockTest, KeepsToTheOutputFormat) {
  const json schema = {{"type", "object"}, {"properties", {{"a", {{"type", "string"}}}}}};
  const json config = {
      {"textFormat",
       {{"type", "json_schema"},
        {"structure", {{"jsonSchema", {{"name", "x"}, {"schema", schema.dump()}}}}}}}};

  EXPECT_EQ(TextOf(Ask(kHi, StrCat(R"(,"outputConfig":)", config.dump()))), R"({"a":"hi"})");
}

struct RefusalCase {
  std::string_view messages;
  std::string_view more;
  std::string_view message;
};

class ConverseRefusalTest : public BedrockTest, public testing::WithParamInterface<RefusalCase> {};

TEST_P(ConverseRefusalTest, IsAValidationException) {
  const TestResponse response = Converse(GetParam().messages, GetParam().more);

  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.FindHeader("x-amzn-errortype"), StartsWith("ValidationException"));
  EXPECT_THAT(Parse(response.body)["message"].get<std::string>(),
              HasSubstr(std::string(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Refusals, ConverseRefusalTest,
    testing::Values(
        RefusalCase{kHi, R"(,"modelId":"x")", "extraneous key [modelId]"},
        RefusalCase{kHi, R"(,"inferenceConfig":{"temperature":1.5})", "less than or equal to 1"},
        RefusalCase{kHi, R"(,"toolConfig":{"tools":[]})", "toolConfig.tools"},
        RefusalCase{kHi, R"(,"toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"",
                        "inputSchema":{"json":{"type":"object"}}}}]})",
                    "toolSpec.description"},
        RefusalCase{kHi, R"(,"system":[{"text":""}])", "is blank"},
        RefusalCase{kHi, R"(,"additionalModelRequestFields":{"n":1})", "Extra inputs"},
        RefusalCase{R"([{"role":"assistant","content":[{"text":"a"}]}])", "",
                    "must start with a user message"},
        RefusalCase{R"([{"role":"user","content":[{"text":"a"}]},
                        {"role":"user","content":[{"text":"b"}]}])",
                    "", "must alternate"},
        RefusalCase{R"([{"role":"user","content":[]}])", "", "is empty"},
        RefusalCase{R"([{"role":"user","content":[{"text":" "}]}])", "", "is blank"},
        RefusalCase{R"([{"role":"user","content":[{"type":"text","text":"a"}]}])", "",
                    "extraneous key [type]"},
        RefusalCase{R"([{"role":"user","content":[{"image":{"format":"jpg",
                        "source":{"bytes":"AAAA"}}}]}])",
                    "", "enum value set"},
        RefusalCase{R"([{"role":"user","content":[{"text":"a"},{"document":{"format":"pdf",
                        "name":"a.pdf","source":{"bytes":"AAAA"}}}]}])",
                    "", "document file name"}));

}  // namespace
}  // namespace lmgate::fakeprovider

#include "dataplane/dialect/error_shape.h"

#include <gtest/gtest.h>

#include <string>

namespace lmgate::dialect {
namespace {

using chat::ErrorKind;

constexpr ErrorShape kShapes[] = {ErrorShape::kOpenAi, ErrorShape::kAnthropic, ErrorShape::kGemini,
                                  ErrorShape::kBedrock};
constexpr ErrorKind kKinds[] = {
    ErrorKind::kBadRequest, ErrorKind::kCredential,     ErrorKind::kForbidden, ErrorKind::kNotFound,
    ErrorKind::kTooLarge,   ErrorKind::kContextTooLong, ErrorKind::kRateLimit, ErrorKind::kQuota,
    ErrorKind::kServer,     ErrorKind::kOverloaded,     ErrorKind::kTimeout};

ErrorText Text(std::string_view word, std::string_view message) {
  ErrorText text;
  text.status = 429;
  text.word = word;
  text.message = message;
  return text;
}

TEST(ErrorShape, EveryKindHasAnErrorStatusAndAWordInEveryShape) {
  for (const ErrorShape shape : kShapes) {
    for (const ErrorKind kind : kKinds) {
      const ErrorWord word = ErrorWordOf(shape, kind);
      EXPECT_GE(word.status, 400);
      EXPECT_LE(word.status, 599);
      EXPECT_FALSE(word.word.empty());
    }
  }
}

TEST(ErrorShape, TheSameKindHasItsOwnStatusInEachShape) {
  EXPECT_EQ(ErrorWordOf(ErrorShape::kOpenAi, ErrorKind::kOverloaded).status, 503);
  EXPECT_EQ(ErrorWordOf(ErrorShape::kAnthropic, ErrorKind::kOverloaded).status, 529);
  EXPECT_EQ(ErrorWordOf(ErrorShape::kBedrock, ErrorKind::kCredential).status, 403);
  EXPECT_EQ(ErrorWordOf(ErrorShape::kGemini, ErrorKind::kCredential).status, 401);
  EXPECT_EQ(ErrorWordOf(ErrorShape::kAnthropic, ErrorKind::kQuota).status, 402);
  EXPECT_EQ(ErrorWordOf(ErrorShape::kBedrock, ErrorKind::kTimeout).word, "ModelTimeoutException");
}

TEST(ErrorShape, OpenAiHasAllFourMembersAlways) {
  ErrorText text = Text("server_error", "m");
  EXPECT_EQ(ErrorBody(ErrorShape::kOpenAi, text),
            R"({"error":{"message":"m","type":"server_error","param":null,"code":null}})");
  text.code = "c";
  text.param = "messages[0]";
  EXPECT_EQ(ErrorBody(ErrorShape::kOpenAi, text),
            R"({"error":{"message":"m","type":"server_error","param":"messages[0]","code":"c"}})");
}

TEST(ErrorShape, AnthropicNamesTheRequest) {
  ErrorText text = Text("api_error", "m");
  EXPECT_EQ(ErrorBody(ErrorShape::kAnthropic, text),
            R"({"type":"error","error":{"type":"api_error","message":"m"},"request_id":null})");
  text.request_id = "r1";
  text.code = "c";
  EXPECT_EQ(ErrorBody(ErrorShape::kAnthropic, text),
            R"({"type":"error","error":{"type":"api_error","message":"m","code":"c"},)"
            R"("request_id":"r1"})");
}

TEST(ErrorShape, GeminiRepeatsTheStatusAndSaysWhenToComeBack) {
  ErrorText text = Text("W", "m");
  EXPECT_EQ(ErrorBody(ErrorShape::kGemini, text),
            R"({"error":{"code":429,"message":"m","status":"W"}})");
  text.code = "c";
  text.retry_after_ms = 1001;
  const std::string body = ErrorBody(ErrorShape::kGemini, text);
  EXPECT_NE(body.find(R"("reason":"c")"), std::string::npos);
  EXPECT_NE(body.find(R"("retryDelay":"2s")"), std::string::npos);
}

TEST(ErrorShape, BedrockSaysTheMessageOnly) {
  EXPECT_EQ(ErrorBody(ErrorShape::kBedrock, Text("ValidationException", "m")),
            R"({"message":"m"})");
}

TEST(ErrorShape, AnyBytesMakeABody) {
  for (const ErrorShape shape : kShapes) {
    EXPECT_NE(ErrorBody(shape, Text("w", "a\xff\"\n")).find("\\n"), std::string::npos);
  }
}

}  // namespace
}  // namespace lmgate::dialect

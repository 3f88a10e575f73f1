#include "dataplane/dialect/provider_error.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace lmgate::dialect {
namespace {

using chat::ErrorKind;
using chat::ProviderError;

ErrorKind KindOf(int status, std::string_view body, std::string_view type = "") {
  return DecodeProviderError(status, type, body).kind;
}

TEST(ProviderError, ReadsOpenAis) {
  const ProviderError error = DecodeProviderError(
      429, "",
      R"({"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}})");
  EXPECT_EQ(error.kind, ErrorKind::kRateLimit);
  EXPECT_EQ(error.message, "slow down");
  EXPECT_EQ(error.code, "rate_limit_exceeded");
}

TEST(ProviderError, ReadsAnthropics) {
  const ProviderError error = DecodeProviderError(
      529, "", R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})");
  EXPECT_EQ(error.kind, ErrorKind::kOverloaded);
  EXPECT_EQ(error.message, "Overloaded");
}

TEST(ProviderError, ReadsGeminisAlsoInAnArray) {
  for (const char* const body :
       {R"({"error":{"code":429,"message":"q","status":"RESOURCE_EXHAUSTED","details":[)"
        R"({"@type":"x"},{"@type":"RetryInfo","retryDelay":"1.5s"}]}})",
        R"([{"error":{"code":429,"message":"q","status":"RESOURCE_EXHAUSTED","details":[)"
        R"({"retryDelay":"1.5s"}]}}])"}) {
    const ProviderError error = DecodeProviderError(429, "", body);
    EXPECT_EQ(error.kind, ErrorKind::kRateLimit);
    EXPECT_EQ(error.retry_after_ms, 1500);
    EXPECT_EQ(error.message, "q");
  }
}

TEST(ProviderError, ARetryDelayThatIsNoneIsNotSaid) {
  for (const char* const delay : {"\"7\"", "7", "\"-1s\"", "\"nans\"", "\"1e99s\"", "\"s\""}) {
    const std::string body =
        std::string(R"({"error":{"message":"q","details":[{"retryDelay":)") + delay + "}]}}";
    EXPECT_EQ(DecodeProviderError(429, "", body).retry_after_ms, -1) << delay;
  }
}

TEST(ProviderError, ReadsBedrocksByItsHeader) {
  const ProviderError error = DecodeProviderError(
      400, "ThrottlingException:http://internal.amazon.com/coral/", R"({"message":"Too many"})");
  EXPECT_EQ(error.kind, ErrorKind::kRateLimit);
  EXPECT_EQ(error.message, "Too many");
  EXPECT_EQ(error.code, "ThrottlingException");
  EXPECT_EQ(DecodeProviderError(403, "X", R"({"Message":"no"})").message, "no");
}

TEST(ProviderError, TheModelsOwnStatusCountsAtBedrock) {
  const ProviderError error =
      DecodeProviderError(424, "ModelErrorException",
                          R"({"message":"too much","originalStatusCode":429,"resourceName":"m"})");
  EXPECT_EQ(error.kind, ErrorKind::kRateLimit);
  EXPECT_EQ(error.message, "too much");
  EXPECT_EQ(KindOf(424, R"({"message":"m","originalStatusCode":500})", "ModelErrorException"),
            ErrorKind::kServer);
  EXPECT_EQ(KindOf(424, R"({"message":"m"})", "ModelErrorException"), ErrorKind::kServer);
}

TEST(ProviderError, PlainWordsAreTheMessage) {
  const auto message = [](std::string_view body) {
    return DecodeProviderError(502, "", body).message;
  };
  EXPECT_EQ(message("no healthy upstream"), "no healthy upstream");
  EXPECT_EQ(message("<html>bad gateway</html>"), "");
  EXPECT_EQ(message("\xff\xfe"), "");
  EXPECT_EQ(message(""), "");
  EXPECT_EQ(message(std::string(5000, 'x')).size(), 2000u);
}

TEST(ProviderError, WithoutJsonTheStatusDecides) {
  EXPECT_EQ(KindOf(502, "<html>bad gateway</html>"), ErrorKind::kServer);
  EXPECT_EQ(KindOf(503, ""), ErrorKind::kOverloaded);
  EXPECT_EQ(KindOf(504, ""), ErrorKind::kTimeout);
  EXPECT_EQ(KindOf(401, "null"), ErrorKind::kCredential);
  EXPECT_EQ(KindOf(404, "[]"), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf(413, "{}"), ErrorKind::kTooLarge);
  EXPECT_EQ(KindOf(418, "7"), ErrorKind::kBadRequest);
  EXPECT_EQ(KindOf(402, "{"), ErrorKind::kQuota);
}

TEST(ProviderError, AWordThatSaysLittleGivesWayToTheStatus) {
  constexpr std::string_view kBody = R"({"error":{"type":"invalid_request_error","message":"m"}})";
  EXPECT_EQ(KindOf(401, kBody), ErrorKind::kCredential);
  EXPECT_EQ(KindOf(400, kBody), ErrorKind::kBadRequest);
}

TEST(ProviderError, ProseTellsAContextThatIsTooLong) {
  EXPECT_EQ(KindOf(400, R"({"error":{"type":"invalid_request_error",)"
                        R"("message":"prompt is too long: 210000 tokens > 200000 maximum"}})"),
            ErrorKind::kContextTooLong);
  EXPECT_EQ(
      KindOf(400, R"({"message":"Input is too long for requested model."})", "ValidationException"),
      ErrorKind::kContextTooLong);
  EXPECT_EQ(KindOf(429, R"({"error":{"code":"rate_limit_exceeded","message":"context window"}})"),
            ErrorKind::kRateLimit);
}

TEST(ProviderError, StrangeMembersDoNoHarm) {
  for (const char* const body :
       {R"({"error":"plain"})", R"({"error":[]})", R"({"error":{"message":7,"code":[]}})",
        R"({"error":{"details":7}})", R"([[[]]])", R"({"error":null,"message":"m"})"}) {
    EXPECT_EQ(KindOf(500, body), ErrorKind::kServer) << body;
  }
  EXPECT_EQ(DecodeProviderError(500, "", R"({"error":"plain"})").message, "plain");
  EXPECT_EQ(DecodeProviderError(422, "", R"({"detail":"field required"})").message,
            "field required");
}

TEST(ProviderError, TheMessageIsFoundInEveryShape) {
  const auto message_of = [](std::string_view body) {
    return DecodeProviderError(422, "", body).message;
  };
  EXPECT_EQ(message_of(R"({"detail":[{"loc":["body","messages",0],"msg":"field required"},)"
                       R"({"msg":"too short"},7]})"),
            "messages.0: field required; too short");
  EXPECT_EQ(message_of(R"({"detail":{"message":"m"}})"), "m");
  EXPECT_EQ(message_of(R"({"message":"m"})"), "m");
  EXPECT_EQ(message_of(R"({"error":{"type":"x"},"message":"m"})"), "m");
  EXPECT_EQ(message_of(R"({"errors":[{"message":"a"},{"message":"b"}]})"), "a; b");
  EXPECT_EQ(message_of(R"("m")"), "m");
  EXPECT_EQ(message_of(" not found \n"), "not found");
  EXPECT_EQ(message_of("a \xff b"), "");
  EXPECT_EQ(message_of(" <html><body>not found</body></html>"), "");
  EXPECT_EQ(message_of(R"({"error":{}})"), "");
}

TEST(ProviderError, ARedirectIsNotTheClientsFault) {
  EXPECT_EQ(KindOf(302, ""), ErrorKind::kServer);
  EXPECT_EQ(KindOf(302, R"({"error":{"status":"INVALID_ARGUMENT"}})"), ErrorKind::kServer);
}

TEST(ProviderError, LongMessagesAreCutAtACharacter) {
  const std::string body = R"({"message":"x)" + std::string(1000, 'x') + [] {
    std::string text;
    for (int i = 0; i < 2000; ++i) text += "\xc3\xbc";
    return text;
  }() + R"("})";

  const std::string message = DecodeProviderError(500, "", body).message;

  EXPECT_LE(message.size(), 2000u);
  EXPECT_GE(message.size(), 1999u);
  EXPECT_EQ(static_cast<unsigned char>(message.back()), 0xbc);
}

TEST(ProviderError, InAStreamTheObjectDecides) {
  const auto read = [](std::string_view json, std::string_view word = "") {
    return ErrorOfObject(*ParseJson(json), word);
  };
  EXPECT_EQ(read(R"({"type":"overloaded_error","message":"m"})").kind, ErrorKind::kOverloaded);
  EXPECT_EQ(read(R"({"code":503,"message":"m"})").kind, ErrorKind::kOverloaded);
  EXPECT_EQ(read(R"({"message":"m"})", "throttlingException").kind, ErrorKind::kRateLimit);
  EXPECT_EQ(read(R"({"message":"m"})").kind, ErrorKind::kServer);
  EXPECT_EQ(read("null").kind, ErrorKind::kServer);
}

TEST(ProviderError, GoogleRefusesAKeyByItsReason) {
  constexpr std::string_view kRefusal =
      R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT",)"
      R"("details":[{"@type":"x"},{"reason":"API_KEY_INVALID","domain":"googleapis.com"}]}})";

  EXPECT_TRUE(RefusesGoogleKey(kRefusal));
  EXPECT_TRUE(RefusesGoogleKey("[" + std::string(kRefusal) + "]"));
  EXPECT_EQ(KindOf(400, kRefusal), ErrorKind::kCredential);
  EXPECT_FALSE(RefusesGoogleKey(R"({"error":{"code":400,"status":"INVALID_ARGUMENT"}})"));
  EXPECT_FALSE(RefusesGoogleKey(R"({"error":{"details":[{"reason":"API_DISABLED"},7]}})"));
  EXPECT_FALSE(RefusesGoogleKey("<html>API_KEY_INVALID</html>"));
}

TEST(ProviderError, AnAnswerOfStatus200MayHoldOne) {
  const auto kind_of = [](std::string_view body) { return FindErrorInAnswer(body)->kind; };
  EXPECT_EQ(kind_of(R"({"error":{"message":"m","type":"rate_limit_error"}})"),
            ErrorKind::kRateLimit);
  EXPECT_EQ(kind_of(R"([{"error":{"code":503,"message":"m"}}])"), ErrorKind::kOverloaded);
  EXPECT_EQ(kind_of(R"({"status":"failed","error":{"code":"rate_limit_exceeded"}})"),
            ErrorKind::kRateLimit);
  EXPECT_EQ(kind_of(R"({"status":"failed","error":null})"), ErrorKind::kServer);
  EXPECT_EQ(kind_of(R"({"type":"error","code":"rate_limit_exceeded"})"), ErrorKind::kRateLimit);
  EXPECT_EQ(kind_of(R"({"choices":[{"index":0},{"error":{"code":429}}]})"), ErrorKind::kRateLimit);
}

TEST(ProviderError, AnAnswerOfStatus200MayHoldNone) {
  for (const char* const body :
       {"", "[]", "7", R"({"error":null,"status":"completed"})", R"({"choices":[7]})"}) {
    EXPECT_FALSE(FindErrorInAnswer(body).has_value()) << body;
  }
}

}  // namespace
}  // namespace lmgate::dialect

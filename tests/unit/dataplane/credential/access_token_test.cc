#include "dataplane/credential/access_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace lmgate::credential {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ParseAccessToken, ReadsTokenAndLifetime) {
  const auto token =
      ParseAccessToken(200, R"({"access_token":"ya29.x","expires_in":3599,"token_type":"Bearer"})");

  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->text, "ya29.x");
  EXPECT_EQ(token->lifetime, absl::Seconds(3599));
}

TEST(ParseAccessToken, TakesALifetimeAsTextAndAsAFraction) {
  EXPECT_EQ(ParseAccessToken(200, R"({"access_token":"t","expires_in":"300"})")->lifetime,
            absl::Seconds(300));
  EXPECT_EQ(ParseAccessToken(200, R"({"access_token":"t","expires_in":300.5})")->lifetime,
            absl::Seconds(300));
}

TEST(ParseAccessToken, ALifetimeIsADayAtMost) {
  EXPECT_EQ(
      ParseAccessToken(200, R"({"access_token":"t","expires_in":9000000000000000000})")->lifetime,
      absl::Hours(24));
}

TEST(ParseAccessToken, SaysWhatTheEndpointSays) {
  EXPECT_THAT(
      ParseAccessToken(401,
                       R"({"error":"invalid_client","error_description":"AADSTS7000215:\r\nno"})")
          .status(),
      StatusIs(absl::StatusCode::kUnavailable, "answered 401 invalid_client: AADSTS7000215:  no"));
  EXPECT_THAT(ParseAccessToken(500, "{}").status(),
              StatusIs(absl::StatusCode::kUnavailable, "answered 500"));
}

TEST(ParseAccessToken, RefusesWhatIsNoToken) {
  for (const char* body :
       {"", "<html>", "[]", "{}", R"({"access_token":""})", R"({"access_token":1,"expires_in":9})",
        R"({"access_token":"t"})", R"({"access_token":"t","expires_in":0})",
        R"({"access_token":"t","expires_in":-5})", R"({"access_token":"t","expires_in":"soon"})",
        R"({"access_token":"a\r\nx: y","expires_in":9})",
        R"({"access_token":"a b","expires_in":9})",
        R"({"access_token":"t","expires_in":9,"token_type":"mac"})", "\xff\xfe"}) {
    EXPECT_THAT(ParseAccessToken(200, body).status(),
                StatusIs(absl::StatusCode::kUnavailable, Not(HasSubstr("\n"))))
        << body;
  }
}

TEST(ParseAccessToken, AnErrorIsCut) {
  const auto token = ParseAccessToken(
      400, R"({"error":"e","error_description":")" + std::string(100'000, 'x') + R"("})");

  EXPECT_LT(token.status().message().size(), 400U);
}

TEST(EncodeForm, EncodesAllButUnreservedCharacters) {
  EXPECT_EQ(EncodeForm({{"a", "b c&d=e+f/g"}, {"h", "~i_j-k.l"}, {"m", "\xC3\xA4"}}),
            "a=b%20c%26d%3De%2Bf%2Fg&h=~i_j-k.l&m=%C3%A4");
}

TEST(BearerLine, IsAHeadLine) { EXPECT_EQ(BearerLine("t"), "Authorization: Bearer t\r\n"); }

}  // namespace
}  // namespace lmgate::credential

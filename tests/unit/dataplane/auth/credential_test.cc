#include "dataplane/auth/credential.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lmgate::auth {
namespace {

std::string_view SecretOf(const CredentialHeaders& headers) {
  return ExtractCredential(headers).secret;
}

TEST(Credential, IsTakenFromEachPlaceThatAnSdkUses) {
  EXPECT_EQ(SecretOf({.authorization = "Bearer a"}), "a");
  EXPECT_EQ(SecretOf({.x_api_key = "b"}), "b");
  EXPECT_EQ(SecretOf({.x_goog_api_key = "c"}), "c");
  EXPECT_EQ(SecretOf({.api_key = "d"}), "d");
  EXPECT_EQ(SecretOf({.query_key = "e"}), "e");
}

TEST(Credential, IsTheFirstThatIsNotEmpty) {
  CredentialHeaders headers{.authorization = "Bearer a",
                            .x_api_key = "b",
                            .x_goog_api_key = "c",
                            .api_key = "d",
                            .query_key = "e"};
  EXPECT_EQ(ExtractCredential(headers).source, CredentialSource::kAuthorization);
  headers.authorization = "Bearer ";
  EXPECT_EQ(ExtractCredential(headers).source, CredentialSource::kXApiKey);
  headers.x_api_key = " \t";
  EXPECT_EQ(ExtractCredential(headers).source, CredentialSource::kXGoogApiKey);
  headers.x_goog_api_key = "";
  EXPECT_EQ(ExtractCredential(headers).source, CredentialSource::kApiKey);
  headers.api_key = "";
  EXPECT_EQ(ExtractCredential(headers).source, CredentialSource::kQuery);
  headers.query_key = "";
  EXPECT_EQ(ExtractCredential(headers).source, CredentialSource::kNone);
}

TEST(Credential, TakesTheSchemeInAnyCaseAndTrims) {
  EXPECT_EQ(SecretOf({.authorization = "bEARER \t a  "}), "a");
  EXPECT_EQ(SecretOf({.x_api_key = "  b\t"}), "b");
}

TEST(Credential, IgnoresOtherSchemesAndAMissingOne) {
  for (const std::string_view header : {"Basic YTpi", "Bearer", "Bearera",
                                        "Bearer\x0b"
                                        "a",
                                        "a", "bear"}) {
    EXPECT_EQ(ExtractCredential({.authorization = header}).source, CredentialSource::kNone)
        << header;
  }
  EXPECT_EQ(SecretOf({.authorization = "Basic YTpi", .api_key = "d"}), "d");
}

}  // namespace
}  // namespace lmgate::auth

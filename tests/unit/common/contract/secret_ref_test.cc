#include "common/contract/secret_ref.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/common/contract/refusal_matcher.h"

namespace lmgate::contract {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::Refuses;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using Kind = SecretRef::Kind;

constexpr std::string_view kPepper = "0123456789abcdef0123456789abcdef";

// Each secret field of the clouds holds a literal that begins with "lit-".
v1::Connection WithCloudSecrets() {
  v1::Connection connection;
  connection.set_name("c");
  connection.mutable_aws()->set_access_key_id("AKIDEXAMPLE");
  connection.mutable_aws()->set_secret_access_key("lit-1");
  connection.mutable_aws()->set_session_token("lit-2");
  connection.mutable_google()->set_service_account("lit-3");
  connection.mutable_azure()->set_client_id("client");
  connection.mutable_azure()->set_client_secret("lit-4");
  return connection;
}

v1::Connection WithSecrets(const std::string& api_key, const std::string& header) {
  v1::Connection connection;
  connection.set_name("c");
  connection.set_api_key(api_key);
  (*connection.mutable_headers())["x-token"] = header;
  return connection;
}

void ExpectRef(std::string_view text, Kind kind, std::string_view value) {
  const SecretRef ref = ParseSecretRef(text);
  EXPECT_EQ(ref.kind, kind) << text;
  EXPECT_EQ(ref.value, value) << text;
}

TEST(ParseSecretRef, TellsReferencesFromLiterals) {
  ExpectRef("", Kind::kEmpty, "");
  ExpectRef("env:OPENAI_API_KEY", Kind::kEnv, "OPENAI_API_KEY");
  ExpectRef("file:/run/secrets/x", Kind::kFile, "/run/secrets/x");
  ExpectRef("stored:0123456789ab", Kind::kStored, "0123456789ab");
  ExpectRef("sk-abc", Kind::kLiteral, "sk-abc");
}

TEST(ParseSecretRef, TakesThePrefixOnlyAtTheStartAndInLowerCase) {
  ExpectRef(" env:X", Kind::kLiteral, " env:X");
  ExpectRef("ENV:X", Kind::kLiteral, "ENV:X");
  ExpectRef("sk-env:X", Kind::kLiteral, "sk-env:X");
  ExpectRef("env", Kind::kLiteral, "env");
}

TEST(CheckSecretRef, RefusesWhatCanNeverBeResolved) {
  for (const char* text :
       {"env:", "env:1X", "env:A B", "env:A=B", "file:", "file:relative", "stored:0123456789ab"}) {
    EXPECT_THAT(CheckSecretRef("api_key", ParseSecretRef(text)), Refuses("api_key")) << text;
  }
  for (const char* text : {"", "env:_X9", "file:/x", "sk-abc"}) {
    EXPECT_THAT(CheckSecretRef("api_key", ParseSecretRef(text)), IsOk()) << text;
  }
}

// "env:sk-…" is what somebody types who misread the documentation.
TEST(CheckSecretRef, NeverRepeatsTheText) {
  const absl::Status status = CheckSecretRef("api_key", ParseSecretRef("env:sk-secret!"));

  EXPECT_THAT(status.ToString(), Not(HasSubstr("sk-secret")));
}

TEST(RedactSecret, ShowsAFingerprintOfALiteral) {
  const std::string redacted = RedactSecret("sk-abc", kPepper);

  EXPECT_THAT(redacted, MatchesRegex("stored:[0-9a-f]{12}"));
  EXPECT_EQ(redacted, RedactSecret("sk-abc", kPepper));
  EXPECT_NE(redacted, RedactSecret("sk-abd", kPepper));
  EXPECT_NE(redacted, RedactSecret("sk-abc", "another pepper"));
}

TEST(RedactSecret, LeavesReferencesAndTheEmptyString) {
  for (const char* text : {"", "env:X", "file:/x", "stored:0123456789ab"}) {
    EXPECT_EQ(RedactSecret(text, kPepper), text);
  }
}

TEST(RedactConnection, LeavesNoLiteral) {
  v1::Connection connection = WithSecrets("sk-abc", "tok-def");

  RedactConnection(&connection, kPepper);

  EXPECT_THAT(connection.DebugString(), Not(HasSubstr("sk-abc")));
  EXPECT_THAT(connection.DebugString(), Not(HasSubstr("tok-def")));
}

TEST(SecretFields, AreNamedForErrorsAndForSealing) {
  v1::Connection connection = WithCloudSecrets();
  (*connection.mutable_headers())["x-token"] = "t";

  std::vector<std::string> paths;
  std::vector<std::string> places;
  for (const SecretField& field : SecretFields(&connection)) {
    paths.push_back(field.path);
    places.push_back(field.place);
  }

  EXPECT_THAT(paths,
              ElementsAre("api_key", "headers[\"x-token\"]", "aws.secret_access_key",
                          "aws.session_token", "google.service_account", "azure.client_secret"));
  EXPECT_THAT(places,
              ElementsAre("api_key", "headers/x-token", "aws/secret_access_key",
                          "aws/session_token", "google/service_account", "azure/client_secret"));
}

TEST(SecretFields, MakeNoPartThatIsAbsent) {
  v1::Connection connection;

  SecretFields(&connection);

  EXPECT_EQ(connection.ByteSizeLong(), 0U);
}

TEST(RedactConnection, LeavesNoLiteralOfTheClouds) {
  v1::Connection connection = WithCloudSecrets();

  RedactConnection(&connection, kPepper);

  EXPECT_THAT(connection.DebugString(), Not(HasSubstr("lit-")));
  EXPECT_EQ(connection.aws().access_key_id(), "AKIDEXAMPLE");
  EXPECT_EQ(connection.azure().client_id(), "client");
}

TEST(RestoreStoredSecrets, UndoesARedactionOfTheClouds) {
  const v1::Connection current = WithCloudSecrets();
  v1::Connection connection = current;
  RedactConnection(&connection, kPepper);

  EXPECT_THAT(RestoreStoredSecrets(&connection, &current, kPepper), IsOk());

  EXPECT_EQ(connection.SerializeAsString(), current.SerializeAsString());
}

TEST(RestoreStoredSecrets, UndoesARedaction) {
  const v1::Connection current = WithSecrets("sk-abc", "tok-def");
  v1::Connection connection = current;
  RedactConnection(&connection, kPepper);

  EXPECT_THAT(RestoreStoredSecrets(&connection, &current, kPepper), IsOk());

  EXPECT_EQ(connection.SerializeAsString(), current.SerializeAsString());
}

TEST(RestoreStoredSecrets, LeavesANewSecretAlone) {
  const v1::Connection current = WithSecrets("sk-abc", "tok-def");
  v1::Connection connection = WithSecrets("sk-new", "env:TOKEN");

  EXPECT_THAT(RestoreStoredSecrets(&connection, &current, kPepper), IsOk());

  EXPECT_EQ(connection.api_key(), "sk-new");
  EXPECT_EQ(connection.headers().at("x-token"), "env:TOKEN");
}

TEST(RestoreStoredSecrets, RefusesTheFingerprintOfAnotherAndChangesNothing) {
  const v1::Connection current = WithSecrets("sk-abc", "tok-def");
  v1::Connection connection =
      WithSecrets(RedactSecret("sk-abc", kPepper), RedactSecret("tok-other", kPepper));
  const std::string before = connection.SerializeAsString();

  EXPECT_THAT(RestoreStoredSecrets(&connection, &current, kPepper),
              Refuses("headers[\"x-token\"]"));
  EXPECT_EQ(connection.SerializeAsString(), before);
}

TEST(RestoreStoredSecrets, RefusesWhenNothingOrAReferenceIsStored) {
  const v1::Connection current = WithSecrets("env:X", "");
  v1::Connection connection = WithSecrets("stored:0123456789ab", "");

  EXPECT_THAT(RestoreStoredSecrets(&connection, &current, kPepper), Refuses("api_key"));
  EXPECT_THAT(RestoreStoredSecrets(&connection, nullptr, kPepper), Refuses("api_key"));
}

}  // namespace
}  // namespace lmgate::contract

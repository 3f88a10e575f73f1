#include "dataplane/auth/authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "common/contract/key_token.h"
#include "common/contract/resource.h"
#include "dataplane/auth/credential.h"
#include "tests/support/snapshot_source.h"

namespace lmgate::auth {
namespace {

using contract::ErrorCode;
using ::lmgate::testing::SnapshotSource;
using ::lmgate::testing::TestGroup;
using ::lmgate::testing::TestKey;
using ::lmgate::testing::TestKeyId;

class AuthenticatorTest : public ::testing::Test {
 protected:
  static constexpr int64_t kNow = 1'000'000;

  v1::Key key_ = TestKey("k1", "foreign-secret", "default");

  std::shared_ptr<const snapshot::Snapshot> Snapshot() {
    SnapshotSource source;
    source.Change({contract::MakeResource(TestGroup("default")), contract::MakeResource(key_)});
    return snapshot::Snapshot::Compile(source.Parts(), nullptr)->snapshot;
  }
  ErrorCode CodeFor(std::string_view secret, int64_t now_ms = kNow) {
    const auto snapshot = Snapshot();
    DigestMemo memo;
    const AuthResult result = Authenticate(secret, *snapshot, now_ms, &memo);
    EXPECT_EQ(result.key == nullptr, result.code == ErrorCode::kInvalidApiKey);
    if (result.key != nullptr) {
      EXPECT_EQ(result.key->id(), TestKeyId("k1"));
    }
    return result.code;
  }
  void SetSecret(std::string_view secret) {
    key_.set_digest(lmgate::testing::TestDigestBytes(secret));
  }
};

TEST_F(AuthenticatorTest, KnowsAKeyByItsSecretAlone) {
  EXPECT_EQ(CodeFor("foreign-secret"), ErrorCode::kOk);
  EXPECT_EQ(CodeFor("foreign-secreT"), ErrorCode::kInvalidApiKey);
  EXPECT_EQ(CodeFor("foreign-secret "), ErrorCode::kInvalidApiKey);
}

TEST_F(AuthenticatorTest, AnEmptySecretNeverMatchesEvenIfSomebodyStoredIt) {
  SetSecret("");

  EXPECT_EQ(CodeFor(""), ErrorCode::kInvalidApiKey);
}

TEST_F(AuthenticatorTest, ReadsSecretsUpToTheLimit) {
  const std::string longest(kCredentialBytesMax, 'x');
  SetSecret(longest);
  EXPECT_EQ(CodeFor(longest), ErrorCode::kOk);

  SetSecret(longest + "x");
  EXPECT_EQ(CodeFor(longest + "x"), ErrorCode::kInvalidApiKey);
}

TEST_F(AuthenticatorTest, RefusesAMistypedTokenEvenIfItsDigestIsKnown) {
  const std::array<uint8_t, contract::kKeySecretEntropy> random{1, 2, 3};
  std::string token = contract::MakeKeyToken(TestKeyId("k1"), random);
  SetSecret(token);
  EXPECT_EQ(CodeFor(token), ErrorCode::kOk);

  token.back() = token.back() == 'a' ? 'b' : 'a';
  SetSecret(token);
  EXPECT_EQ(CodeFor(token), ErrorCode::kInvalidApiKey);
}

TEST_F(AuthenticatorTest, SaysWhenAKeyIsBlocked) {
  key_.set_state("blocked");

  EXPECT_EQ(CodeFor("foreign-secret"), ErrorCode::kKeyBlocked);
}

TEST_F(AuthenticatorTest, AKeyExpiresAtTheMillisecond) {
  key_.mutable_expires_at()->set_seconds(kNow / 1000);

  EXPECT_EQ(CodeFor("foreign-secret", kNow - 1), ErrorCode::kOk);
  EXPECT_EQ(CodeFor("foreign-secret", kNow), ErrorCode::kKeyExpired);
}

TEST_F(AuthenticatorTest, BlockedCountsMoreThanExpired) {
  key_.set_state("blocked");
  key_.mutable_expires_at()->set_seconds(1);

  EXPECT_EQ(CodeFor("foreign-secret"), ErrorCode::kKeyBlocked);
}

TEST_F(AuthenticatorTest, AnOldSecretEndsWithItsGraceAndTheNewOneGoesOn) {
  key_.set_previous_digest(lmgate::testing::TestDigestBytes("old-secret"));
  key_.mutable_previous_expires_at()->set_seconds(kNow / 1000);

  EXPECT_EQ(CodeFor("old-secret", kNow - 1), ErrorCode::kOk);
  EXPECT_EQ(CodeFor("old-secret", kNow), ErrorCode::kKeyExpired);
  EXPECT_EQ(CodeFor("foreign-secret", kNow), ErrorCode::kOk);
}

TEST_F(AuthenticatorTest, ARevokedKeyIsUnknown) {
  key_.set_state("revoked");
  key_.clear_digest();

  EXPECT_EQ(CodeFor("foreign-secret"), ErrorCode::kInvalidApiKey);
}

}  // namespace
}  // namespace lmgate::auth

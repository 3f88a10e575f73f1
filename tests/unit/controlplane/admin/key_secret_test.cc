#include "controlplane/admin/key_secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/contract/key_token.h"
#include "tests/support/status_matchers.h"

namespace lmgate::admin {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(KeySecret, NewOneIsAValidTokenWithTheId) {
  const std::string id = NewKeyPublicId();
  const std::string secret = NewKeySecret(id);

  EXPECT_EQ(contract::ClassifyKeyToken(secret), contract::KeyTokenShape::kValid);
  EXPECT_EQ(contract::KeyTokenPublicId(secret), id);
  EXPECT_NE(NewKeySecret(id), secret);
  EXPECT_NE(NewKeyPublicId(), id);
}

TEST(KeySecret, ImportedOneIsEightTo512PrintableCharacters) {
  EXPECT_THAT(CheckImportedSecret(std::string(8, 'x')), IsOk());
  EXPECT_THAT(CheckImportedSecret(std::string(512, '~')), IsOk());
  for (const std::string& bad :
       {std::string(7, 'x'), std::string(513, 'x'), std::string("with a space"),
        std::string("with\ttab"), std::string("umlaut-\xc3\xa4"), std::string(8, '\0')}) {
    EXPECT_THAT(CheckImportedSecret(bad),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("8 to 512")));
  }
}

TEST(KeySecret, ImportedOneOfOurFormMustNotBeMistyped) {
  std::string secret = NewKeySecret(NewKeyPublicId());
  EXPECT_THAT(CheckImportedSecret(secret), IsOk());

  secret[20] = secret[20] == 'a' ? 'b' : 'a';

  EXPECT_THAT(CheckImportedSecret(secret),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("checksum"), Not(HasSubstr(secret)))));
}

}  // namespace
}  // namespace lmgate::admin

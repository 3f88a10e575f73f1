#include "dataplane/auth/digest_memo.h"

#include <gtest/gtest.h>

namespace lmgate::auth {
namespace {

using contract::KeyHasher;

TEST(DigestMemo, GivesTheDigestOfEachSecret) {
  const auto hasher = std::make_shared<const KeyHasher>("pepper");
  DigestMemo memo;

  for (const char* secret : {"secret-a", "secret-a", "secret-b", "secret-b", "secret-ab", ""}) {
    EXPECT_EQ(memo.Digest(secret, hasher), hasher->Digest(secret)) << secret;
  }
}

TEST(DigestMemo, AnotherPepperGivesAnotherDigest) {
  const auto before = std::make_shared<const KeyHasher>("pepper");
  const auto after = std::make_shared<const KeyHasher>("another");
  DigestMemo memo;
  memo.Digest("secret", before);

  EXPECT_EQ(memo.Digest("secret", after), after->Digest("secret"));
  EXPECT_NE(memo.Digest("secret", after), before->Digest("secret"));
}

}  // namespace
}  // namespace lmgate::auth

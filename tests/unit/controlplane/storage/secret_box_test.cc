#include "controlplane/storage/secret_box.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace lmgate::storage {
namespace {

using ::lmgate::testing::IsOkAndHolds;
using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;

class SecretBoxTest : public ::testing::Test {
 protected:
  SecretBox Box(const std::string& name = "secret.key") {
    return *SecretBox::Create(dir_.File(name));
  }

  testing::TempDir dir_;
};

TEST_F(SecretBoxTest, UnsealsWhatItSealed) {
  const SecretBox box = Box();

  EXPECT_THAT(box.Unseal(box.Seal("sk-123", "here"), "here"), IsOkAndHolds("sk-123"));
  EXPECT_THAT(box.Unseal(box.Seal("", "here"), "here"), IsOkAndHolds(""));
}

TEST_F(SecretBoxTest, SealedTextDoesNotShowTheSecret) {
  EXPECT_THAT(Box().Seal("sk-123", "here"), ::testing::Not(HasSubstr("sk-123")));
}

TEST_F(SecretBoxTest, SameSecretIsSealedDifferentlyEachTime) {
  const SecretBox box = Box();

  EXPECT_NE(box.Seal("sk-123", "here"), box.Seal("sk-123", "here"));
}

TEST_F(SecretBoxTest, SealedTextOpensOnlyWhereItBelongs) {
  const SecretBox box = Box();

  EXPECT_THAT(box.Unseal(box.Seal("sk-123", "here"), "there"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("there")));
}

TEST_F(SecretBoxTest, EveryChangedByteIsNoticed) {
  const SecretBox box = Box();
  const std::string sealed = box.Seal("sk-123", "here");

  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(box.Unseal(changed, "here").ok()) << i;
    EXPECT_FALSE(box.Unseal(sealed.substr(0, i), "here").ok()) << i;
  }
}

TEST_F(SecretBoxTest, KeyFileIsReadAgain) {
  const std::string sealed = Box().Seal("sk-123", "here");

  EXPECT_THAT(Box().Unseal(sealed, "here"), IsOkAndHolds("sk-123"));
  EXPECT_FALSE(Box("other.key").Unseal(sealed, "here").ok());
}

TEST_F(SecretBoxTest, OpenNeedsTheKeyFile) {
  EXPECT_THAT(SecretBox::Open(dir_.File("secret.key")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("restore it")));
}

TEST_F(SecretBoxTest, FileThatIsNoKeyIsRefused) {
  std::ofstream(dir_.File("short")) << std::string(63, 'a');
  std::ofstream(dir_.File("odd")) << std::string(63, 'a') << "g";

  EXPECT_THAT(SecretBox::Create(dir_.File("short")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("64 hex digits")));
  EXPECT_THAT(SecretBox::Create(dir_.File("odd")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("64 hex digits")));
}

}  // namespace
}  // namespace lmgate::storage

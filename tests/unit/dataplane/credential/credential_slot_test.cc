#include "dataplane/credential/credential_slot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "common/base/strings.h"

namespace lmgate::credential {
namespace {

using ::testing::HasSubstr;

TEST(CredentialSlot, BeginsWithoutACredential) {
  const CredentialSlot slot;

  EXPECT_THAT(slot.Get()->problem, HasSubstr("not been fetched yet"));
  EXPECT_EQ(slot.Get()->header_line, "");
}

TEST(CredentialReader, SeesEachChange) {
  const auto slot = std::make_shared<CredentialSlot>();
  CredentialReader reader(slot);
  EXPECT_THAT(reader.Get().problem, HasSubstr("not been fetched yet"));

  slot->Set({.header_line = "a"});
  EXPECT_EQ(reader.Get().header_line, "a");
  slot->Set({.header_line = "b"});
  EXPECT_EQ(reader.Get().header_line, "b");
}

TEST(CredentialReader, KeepsWhatItGotUntilTheNextGet) {
  const auto slot = std::make_shared<CredentialSlot>();
  slot->Set({.header_line = "a"});
  CredentialReader reader(slot);
  const Credential& first = reader.Get();

  slot->Set({.header_line = "b"});

  EXPECT_EQ(first.header_line, "a");
}

// For ThreadSanitizer; and a reader never goes back.
TEST(CredentialReader, ReadsWhileAnotherThreadWrites) {
  constexpr int kChanges = 2000;
  const auto slot = std::make_shared<CredentialSlot>();
  slot->Set({.header_line = StrCat(0)});
  std::thread writer([slot] {
    for (int i = 1; i <= kChanges; ++i) slot->Set({.header_line = StrCat(i)});
  });
  CredentialReader reader(slot);

  int seen = 0;
  while (seen < kChanges) {
    const int now = std::stoi(reader.Get().header_line);
    ASSERT_GE(now, seen);
    seen = now;
  }

  writer.join();
}

}  // namespace
}  // namespace lmgate::credential

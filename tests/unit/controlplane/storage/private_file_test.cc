#include "controlplane/storage/private_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace lmgate::storage {
namespace {

using ::lmgate::testing::IsOkAndHolds;
using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;

mode_t ModeOf(const std::string& path) {
  struct stat found {};
  EXPECT_EQ(stat(path.c_str(), &found), 0) << path;
  return found.st_mode & 0777;
}

TEST(PrivateFile, IsMadeOnceAndReadAfterwards) {
  testing::TempDir dir;

  EXPECT_THAT(ReadOrCreatePrivateFile(dir.File("f"), [] { return std::string("one"); }),
              IsOkAndHolds("one"));
  EXPECT_THAT(ReadOrCreatePrivateFile(dir.File("f"), [] { return std::string("two"); }),
              IsOkAndHolds("one"));
}

TEST(PrivateFile, HasMode0600WhateverTheUmask) {
  testing::TempDir dir;
  const mode_t before = umask(0);

  EXPECT_TRUE(ReadOrCreatePrivateFile(dir.File("f"), [] { return std::string("x"); }).ok());

  umask(before);
  EXPECT_EQ(ModeOf(dir.File("f")), mode_t{0600});
}

TEST(PrivateFile, EmptyFileIsRefused) {
  testing::TempDir dir;
  std::ofstream(dir.File("f")).close();

  EXPECT_THAT(ReadOrCreatePrivateFile(dir.File("f"), [] { return std::string("x"); }),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("is empty")));
}

TEST(PrivateFile, IsAtMost4096Bytes) {
  testing::TempDir dir;
  std::ofstream(dir.File("most")) << std::string(4096, 'x');
  std::ofstream(dir.File("more")) << std::string(4097, 'x');

  EXPECT_TRUE(ReadPrivateFile(dir.File("most")).ok());
  EXPECT_THAT(ReadPrivateFile(dir.File("more")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("4096")));
}

TEST(PrivateFile, MissingFileIsNotFound) {
  testing::TempDir dir;

  EXPECT_THAT(ReadPrivateFile(dir.File("f")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("f: is not there")));
}

TEST(PrivateDirectory, IsMadeWithItsParentsAndMode0700) {
  testing::TempDir dir;

  EXPECT_TRUE(CreatePrivateDirectory(dir.File("a/b/c")).ok());
  EXPECT_TRUE(CreatePrivateDirectory(dir.File("a/b/c/")).ok());

  EXPECT_EQ(ModeOf(dir.File("a")), mode_t{0700});
  EXPECT_EQ(ModeOf(dir.File("a/b/c")), mode_t{0700});
}

TEST(PrivateDirectory, FileInItsPlaceIsRefused) {
  testing::TempDir dir;
  std::ofstream(dir.File("f")) << "x";

  EXPECT_FALSE(CreatePrivateDirectory(dir.File("f")).ok());
  EXPECT_FALSE(CreatePrivateDirectory(dir.File("f/g")).ok());
}

}  // namespace
}  // namespace lmgate::storage

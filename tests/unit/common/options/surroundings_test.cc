#include "common/options/surroundings.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/status_matchers.h"

namespace lmgate::options {
namespace {

using ::lmgate::testing::IsOkAndHolds;
using ::lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SurroundingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "lmgate-surroundings-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& contents) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << contents;
    return path;
  }

  std::string folder_;
  const Surroundings surroundings_ = ProcessSurroundings(0, nullptr);
};

TEST_F(SurroundingsTest, ArgumentsAreWithoutTheProgramsName) {
  const char* const argv[] = {"program", "--a", "b"};

  EXPECT_THAT(ProcessSurroundings(3, argv).arguments, ElementsAre("--a", "b"));
  EXPECT_THAT(ProcessSurroundings(1, argv).arguments, IsEmpty());
}

TEST_F(SurroundingsTest, AnEmptyVariableIsNotAMissingOne) {
  setenv("LMGATE_SURROUNDINGS_TEST", "", 1);
  EXPECT_EQ(surroundings_.environment("LMGATE_SURROUNDINGS_TEST"), "");
  unsetenv("LMGATE_SURROUNDINGS_TEST");
  EXPECT_EQ(surroundings_.environment("LMGATE_SURROUNDINGS_TEST"), std::nullopt);
}

TEST_F(SurroundingsTest, AFileIsReadWhole) {
  const std::string contents("a\0b\r\n", 5);

  EXPECT_THAT(surroundings_.read_file(Write("file", contents)), IsOkAndHolds(contents));
  EXPECT_THAT(surroundings_.read_file(Write("empty", "")), IsOkAndHolds(""));
}

TEST_F(SurroundingsTest, WhatIsNoFileIsNotFound) {
  EXPECT_THAT(surroundings_.read_file(folder_ + "/none"),
              StatusIs(absl::StatusCode::kNotFound, "does not exist"));
  EXPECT_THAT(surroundings_.read_file(folder_),
              StatusIs(absl::StatusCode::kNotFound, "is a directory"));
  EXPECT_THAT(surroundings_.read_file(Write("file", "") + "/below"),
              StatusIs(absl::StatusCode::kNotFound, "does not exist"));
}

TEST_F(SurroundingsTest, AFileMayHaveOneMebibyteAndNoByteMore) {
  EXPECT_THAT(surroundings_.read_file(Write("max", std::string(1024 * 1024, 'x'))),
              IsOkAndHolds(SizeIs(1024 * 1024)));
  EXPECT_THAT(surroundings_.read_file(Write("over", std::string(1024 * 1024 + 1, 'x'))),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1 MiB")));
}

}  // namespace
}  // namespace lmgate::options

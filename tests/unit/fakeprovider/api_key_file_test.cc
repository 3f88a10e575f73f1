#include "tests/fakeprovider/api_key_file.h"

#include <gmock/gmock.h>

#include <string>

namespace lmgate::fakeprovider {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ApiKeyFile : public ::testing::Test {
 protected:
  absl::Status Read(const std::string& text, const std::string& path = "key.txt") {
    const options::Surroundings surroundings{
        .arguments = {},
        .environment = {},
        .read_file = [&](const std::string& name) -> absl::StatusOr<std::string> {
          if (name != "key.txt") return absl::NotFoundError("does not exist");
          return text;
        }};
    return ToApiKeyFile(surroundings, &api_key_)(path);
  }

  std::string api_key_ = "unset";
};

TEST_F(ApiKeyFile, IsTheKeyWithoutItsLineEnd) {
  EXPECT_TRUE(Read("sk-right\n").ok());
  EXPECT_EQ(api_key_, "sk-right");
}

TEST_F(ApiKeyFile, MissingOneIsNamed) {
  EXPECT_EQ(Read("", "nowhere.txt").message(), "nowhere.txt does not exist");
  EXPECT_EQ(api_key_, "unset");
}

TEST_F(ApiKeyFile, EmptyOneIsRefused) { EXPECT_EQ(Read(" \n").message(), "key.txt is empty"); }

TEST_F(ApiKeyFile, LinesAndBlanksAreRefusedUnshown) {
  for (const std::string text : {"sk-1\nsk-2\n", "sk-1 sk-2", "sk-\x01"}) {
    const absl::Status status = Read(text);
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("key.txt"), Not(HasSubstr("sk-"))));
  }
}

TEST_F(ApiKeyFile, HoldsUpTo8192Bytes) {
  EXPECT_TRUE(Read(std::string(8192, 'k')).ok());
  EXPECT_THAT(std::string(Read(std::string(8193, 'k')).message()), HasSubstr("8192"));
}

}  // namespace
}  // namespace lmgate::fakeprovider

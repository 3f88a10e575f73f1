#include "tests/fakeprovider/api_key_file.h"

#include <gmock/gmock.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace lmgate::fakeprovider {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
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
  EXPECT_THAT(Read("sk-right\n"), IsOk());
  EXPECT_EQ(api_key_, "sk-right");
}

TEST_F(ApiKeyFile, MissingOneIsNamed) {
  EXPECT_THAT(Read("", "nowhere.txt"),
              StatusIs(absl::StatusCode::kNotFound, "nowhere.txt does not exist"));
  EXPECT_EQ(api_key_, "unset");
}

TEST_F(ApiKeyFile, EmptyOneIsRefused) {
  EXPECT_THAT(Read(" \n"), StatusIs(absl::StatusCode::kInvalidArgument, "key.txt is empty"));
}

TEST_F(ApiKeyFile, LinesAndBlanksAreRefusedUnshown) {
  for (const std::string text : {"sk-1\nsk-2\n", "sk-1 sk-2", "sk-\x01"}) {
    EXPECT_THAT(Read(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                     AllOf(HasSubstr("key.txt"), Not(HasSubstr("sk-")))));
  }
}

TEST_F(ApiKeyFile, HoldsUpTo8192Bytes) {
  EXPECT_THAT(Read(std::string(8192, 'k')), IsOk());
  EXPECT_THAT(Read(std::string(8193, 'k')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("8192")));
}

}  // namespace
}  // namespace lmgate::fakeprovider

#include "tests/fakeprovider/aws_keys_file.h"

#include <gtest/gtest.h>

#include <string>

namespace lmgate::fakeprovider {
namespace {

class AwsKeysFile : public ::testing::Test {
 protected:
  absl::Status Read(const std::string& text, const std::string& path = "aws.txt") {
    const options::Surroundings surroundings{
        .arguments = {},
        .environment = {},
        .read_file = [&](const std::string& name) -> absl::StatusOr<std::string> {
          if (name != "aws.txt") return absl::NotFoundError("does not exist");
          return text;
        }};
    return ToAwsKeysFile(surroundings, &keys_)(path);
  }

  AwsKeys keys_;
};

TEST_F(AwsKeysFile, HoldsIdAndSecret) {
  EXPECT_TRUE(Read("AKIDEXAMPLE\nsecret/key+1\n").ok());
  EXPECT_EQ(keys_.access_key_id, "AKIDEXAMPLE");
  EXPECT_EQ(keys_.secret_access_key, "secret/key+1");
}

TEST_F(AwsKeysFile, OtherContentsAreRefusedUnshown) {
  for (const std::string text : {"", "AKID", "AKID a b"}) {
    EXPECT_EQ(Read(text).message(), "aws.txt must hold an access key id and a secret access key");
  }
  EXPECT_EQ(Read("", "nowhere.txt").message(), "nowhere.txt does not exist");
}

}  // namespace
}  // namespace lmgate::fakeprovider

#include "common/contract/error_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace lmgate::contract {
namespace {

using ::testing::MatchesRegex;

TEST(ErrorCodeName, IsUniqueAndInSnakeCase) {
  std::set<std::string> names;
  for (int i = 0; i < kErrorCodeCount; ++i) {
    const std::string name(ErrorCodeName(static_cast<ErrorCode>(i)));
    EXPECT_THAT(name, MatchesRegex("[a-z]+(_[a-z]+)*"));
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(kErrorCodeCount));
}

TEST(ErrorCodeName, IsTheWireContract) {
  EXPECT_EQ(ErrorCodeName(ErrorCode::kOk), "ok");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kInvalidApiKey), "invalid_api_key");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kModelNotFound), "model_not_found");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kUpstreamTruncated), "upstream_truncated");
}

}  // namespace
}  // namespace lmgate::contract

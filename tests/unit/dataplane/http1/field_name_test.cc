#include "dataplane/http1/field_name.h"

#include <gmock/gmock.h>

#include <string_view>

namespace lmgate::http1 {
namespace {

TEST(IsTakenFor, IgnoresTheCase) {
  EXPECT_TRUE(IsTakenFor("model", "model"));
  EXPECT_TRUE(IsTakenFor("MoDeL", "model"));
  EXPECT_FALSE(IsTakenFor("mode", "model"));
  EXPECT_FALSE(IsTakenFor("models", "model"));
  EXPECT_FALSE(IsTakenFor("", "model"));
}

TEST(IsTakenFor, EndsAtNul) {
  EXPECT_TRUE(IsTakenFor(std::string_view("model\0x", 7), "model"));
  EXPECT_FALSE(IsTakenFor(std::string_view("mod\0el", 6), "model"));
}

TEST(IsTakenFor, FoldsTheLongS) {
  EXPECT_TRUE(IsTakenFor("\xc5\xbftream", "stream"));
  EXPECT_FALSE(IsTakenFor("\xc5tream", "stream"));
}

}  // namespace
}  // namespace lmgate::http1

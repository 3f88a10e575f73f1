#include "common/contract/name_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/common/contract/refusal_matcher.h"

namespace lmgate::contract {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::Refuses;

TEST(NameSet, TakesANameOnce) {
  NameSet names("group");

  EXPECT_TRUE(names.Add("free"));
  EXPECT_FALSE(names.Add("free"));
}

TEST(NameSet, RefusesAReferenceToNothingWithTheNearestName) {
  NameSet names("connection");
  names.Add("openai");
  names.Add("openai2");
  names.Add("anthropic");

  EXPECT_THAT(names.CheckReference("x", "openai"), IsOk());
  EXPECT_THAT(names.CheckReference("to[0].connection", "opnai"),
              Refuses("to[0].connection", "did you mean \"openai\"?"));
  EXPECT_THAT(names.CheckReference("x", "azure"), Refuses("x", "add the connection first"));
  EXPECT_THAT(names.CheckReference("x", ""), Refuses("x", "add the connection first"));
}

}  // namespace
}  // namespace lmgate::contract

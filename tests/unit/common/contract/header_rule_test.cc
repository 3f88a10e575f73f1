#include "common/contract/header_rule.h"

#include <gtest/gtest.h>

#include <string>

namespace lmgate::contract {
namespace {

TEST(IsHeaderName, TakesTokensOnly) {
  EXPECT_TRUE(IsHeaderName("x-team"));
  EXPECT_TRUE(IsHeaderName("!#$%&'*+-.^_`|~aZ09"));
  for (const char* name :
       {"", "x team", "x:y", "x\r\nhost", "größe", "x\t", "(x)", "x/y", "\"x\""}) {
    EXPECT_FALSE(IsHeaderName(name)) << name;
  }
  EXPECT_FALSE(IsHeaderName(std::string_view("x\0y", 3)));
}

TEST(IsHeaderName, EndsAt256Bytes) {
  EXPECT_TRUE(IsHeaderName(std::string(256, 'x')));
  EXPECT_FALSE(IsHeaderName(std::string(257, 'x')));
}

TEST(IsHeaderValue, RefusesWhatCouldEndTheLine) {
  EXPECT_FALSE(IsHeaderValue("a\r\nx: y"));
  EXPECT_FALSE(IsHeaderValue("a\rb"));
  EXPECT_FALSE(IsHeaderValue("a\nb"));
  EXPECT_FALSE(IsHeaderValue(std::string_view("a\0b", 3)));
  EXPECT_FALSE(IsHeaderValue("a\x7f"));
}

TEST(IsHeaderValue, AllowsWhiteSpaceOnlyInside) {
  EXPECT_TRUE(IsHeaderValue(""));
  EXPECT_TRUE(IsHeaderValue("a b\tc"));
  EXPECT_TRUE(IsHeaderValue("größe"));
  EXPECT_FALSE(IsHeaderValue(" a"));
  EXPECT_FALSE(IsHeaderValue("a\t"));
}

TEST(IsFramingHeader, KnowsTheHopByHopOnesInAnyCase) {
  for (const char* name : {"Host", "CONTENT-LENGTH", "transfer-encoding", "Connection", "TE",
                           "trailer", "upgrade", "keep-alive", "proxy-connection", "expect"}) {
    EXPECT_TRUE(IsFramingHeader(name)) << name;
  }
  EXPECT_FALSE(IsFramingHeader("x-host"));
  EXPECT_FALSE(IsFramingHeader("content-type"));
}

TEST(IsCredentialHeader, KnowsEachWayToPresentAKey) {
  for (const char* name : {"Authorization", "x-api-key", "X-Goog-Api-Key", "api-key",
                           "Proxy-Authorization", "Cookie"}) {
    EXPECT_TRUE(IsCredentialHeader(name)) << name;
  }
  EXPECT_FALSE(IsCredentialHeader("x-trace-id"));
}

}  // namespace
}  // namespace lmgate::contract

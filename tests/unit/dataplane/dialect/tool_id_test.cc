#include "dataplane/dialect/tool_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace lmgate::dialect {
namespace {

bool IsPlain(std::string_view text) {
  return text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
         std::string_view::npos;
}

TEST(ToolId, FitsAsItIs) {
  EXPECT_EQ(ToolIdFor("call_a-B9", "toolu_", 40), "call_a-B9");
  EXPECT_EQ(ToolIdFor(std::string(40, 'x'), "call_", 40), std::string(40, 'x'));
}

TEST(ToolId, WhatDoesNotFitIsReplacedAlwaysInTheSameWay) {
  for (const std::string& id : {std::string(41, 'x'), std::string("a.b"), std::string("a:b"),
                                std::string("ü"), std::string("")}) {
    const std::string fitted = ToolIdFor(id, "call_", 40);
    EXPECT_EQ(fitted.size(), 29u) << id;
    EXPECT_TRUE(fitted.starts_with("call_")) << id;
    EXPECT_TRUE(IsPlain(fitted)) << fitted;
    EXPECT_EQ(ToolIdFor(id, "call_", 40), fitted);
    // What came out once stays.
    EXPECT_EQ(ToolIdFor(fitted, "toolu_", 64), fitted);
  }
}

TEST(ToolId, IdsThatDifferStayDifferent) {
  std::set<std::string> fitted;
  for (int i = 0; i < 1000; ++i) fitted.insert(ToolIdFor("f.g:" + std::to_string(i), "call_", 40));
  EXPECT_EQ(fitted.size(), 1000u);
}

TEST(ToolName, FitsAsItIs) {
  EXPECT_EQ(ToolNameFor("get-weather_2", 64), "get-weather_2");
  EXPECT_EQ(ToolNameFor(std::string(64, 'n'), 64), std::string(64, 'n'));
}

TEST(ToolName, ALongOneKeepsItsBeginning) {
  const std::string fitted = ToolNameFor(std::string(65, 'n'), 64);
  EXPECT_EQ(fitted.size(), 64u);
  EXPECT_TRUE(fitted.starts_with(std::string(55, 'n') + "_"));
  EXPECT_NE(fitted, ToolNameFor(std::string(66, 'n'), 64));
}

TEST(ToolName, OtherCharactersBecomeLines) {
  const std::string fitted = ToolNameFor("my.tool:a", 64);
  EXPECT_TRUE(fitted.starts_with("my_tool_a_"));
  EXPECT_TRUE(IsPlain(fitted));
  EXPECT_NE(fitted, ToolNameFor("my_tool.a", 64));
}

}  // namespace
}  // namespace lmgate::dialect

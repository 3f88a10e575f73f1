#include "dataplane/dialect/json_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lmgate::dialect {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Optional;

std::vector<std::string_view> Values(const std::optional<std::vector<JsonItem>>& items) {
  std::vector<std::string_view> values;
  if (!items.has_value()) return {"none"};
  for (const JsonItem& item : *items) values.push_back(item.value);
  return values;
}

// `list` without the elements where removed[i], and with "X" behind them.
std::string Changed(std::string_view list, const std::vector<bool>& removed, bool append = false) {
  const auto items = JsonElements(list);
  EXPECT_TRUE(items.has_value());
  JsonEdit edit(list);
  edit.Remove(*items, removed);
  if (append) edit.Append(list, *items, removed, "X");
  return edit.Apply();
}

TEST(JsonMembers, GivesEachAsItStands) {
  const auto members =
      JsonMembers(R"({ "a" : 12345678901234567890 ,"b":[1, {"c":"]}"}],"d":"\""})");

  EXPECT_THAT(Values(members),
              ElementsAre("12345678901234567890", R"([1, {"c":"]}"}])", R"("\"")"));
  EXPECT_EQ((*members)[0].name, "\"a\"");
}

TEST(JsonMembers, RefusesWhatIsNoObject) {
  for (const char* text : {"", "{", "}", "[]", "{]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
                           "{\"a\":1 \"b\":2}", "{\"a\":\"}", "{\"a\":[}", "{,}"}) {
    EXPECT_FALSE(JsonMembers(text).has_value()) << text;
  }
  EXPECT_THAT(Values(JsonMembers("{ }")), ElementsAre());
}

TEST(JsonElements, KnowsNoDepthThatIsTooMuch) {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');

  EXPECT_THAT(Values(JsonElements("[" + deep + ",1]")), ElementsAre(deep, "1"));
}

TEST(JsonElements, RefusesWhatIsNoList) {
  for (const char* text : {"", "[", "[1", "[1,]", "[,1]", "[1 2]", "{}", "[[]", "[\"]"}) {
    EXPECT_FALSE(JsonElements(text).has_value()) << text;
  }
}

TEST(JsonText, DecodesEscapes) {
  EXPECT_THAT(JsonText(R"("a\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\ude00z")"),
              Optional(Eq("a\"\\/\b\f\n\r\té€😀z")));
}

TEST(JsonText, HalvesOfPairsAreReplaced) {
  EXPECT_THAT(JsonText(R"("a\ud83dz")"), Optional(Eq("a\xEF\xBF\xBDz")));
  EXPECT_THAT(JsonText(R"("\ude00")"), Optional(Eq("\xEF\xBF\xBD")));
  EXPECT_THAT(JsonText(R"("\ud83d\ud83d\ude00")"), Optional(Eq("\xEF\xBF\xBD😀")));
}

TEST(JsonText, RefusesWhatIsNoString) {
  for (const char* text :
       {"", "\"", "1", "null", R"("\")", R"("\x")", R"("\u12")", R"("\u12g4")"}) {
    EXPECT_FALSE(JsonText(text).has_value()) << text;
  }
}

TEST(JsonSays, ComparesWhatIsMeant) {
  EXPECT_TRUE(JsonSays(R"("system")", "system"));
  EXPECT_TRUE(JsonSays(R"("\u0073ystem")", "system"));
  EXPECT_FALSE(JsonSays(R"("systems")", "system"));
  EXPECT_FALSE(JsonSays("[system]", "system"));
}

TEST(FindMember, TakesTheLastThatIsNotNull) {
  EXPECT_EQ(FindMember(R"({"a":1,"a":2,"a":null})", "a"), "2");
  EXPECT_EQ(FindMember(R"({"a":null})", "a"), "");
  EXPECT_EQ(FindMember("[]", "a"), "");
}

TEST(JsonEdit, RemovesWithOneComma) {
  EXPECT_EQ(Changed("[ 1 , 2 , 3 ]", {true, false, false}), "[ 2 , 3 ]");
  EXPECT_EQ(Changed("[ 1 , 2 , 3 ]", {false, true, false}), "[ 1 , 3 ]");
  EXPECT_EQ(Changed("[ 1 , 2 , 3 ]", {false, true, true}), "[ 1 ]");
  EXPECT_EQ(Changed("[ 1 , 2 , 3 ]", {true, false, true}), "[ 2 ]");
  EXPECT_EQ(Changed("[ 1 , 2 , 3 ]", {true, true, true}), "[  ]");
  EXPECT_EQ(Changed("[1,2]", {false, false}), "[1,2]");
}

TEST(JsonEdit, AppendsBehindThoseThatStay) {
  EXPECT_EQ(Changed("[1,2]", {false, false}, true), "[1,2,X]");
  EXPECT_EQ(Changed("[1,2]", {false, true}, true), "[1,X]");
  EXPECT_EQ(Changed("[1,2]", {true, true}, true), "[X]");
  EXPECT_EQ(Changed("[ ]", {}, true), "[X ]");
}

TEST(JsonEdit, PrependsToWhatThereIs) {
  const std::string_view text = R"([{"a":1},{}])";
  const auto items = JsonElements(text);
  JsonEdit edit(text);

  edit.Prepend((*items)[1].value, {}, "\"b\":2");
  edit.Prepend(text, *items, "0");
  edit.Replace(FindMember((*items)[0].value, "a"), "3");

  EXPECT_EQ(edit.Apply(), R"([0,{"a":3},{"b":2}])");
}

}  // namespace
}  // namespace lmgate::dialect

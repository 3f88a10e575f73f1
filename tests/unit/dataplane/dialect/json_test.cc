#include "dataplane/dialect/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

std::string Nested(size_t depth) {
  return StrCat(std::string(depth, '['), std::string(depth, ']'));
}

std::string Members(int64_t count) {
  std::string text = "{";
  for (int64_t i = 0; i < count; ++i) StrAppend(&text, i == 0 ? "" : ",", "\"k", i, "\":1");
  return text + "}";
}

TEST(Json, KeepsTheOrderOfMembers) {
  EXPECT_EQ(DumpJson(*ParseJson(R"({"b":1,"a":{"d":[],"c":null}})")),
            R"({"b":1,"a":{"d":[],"c":null}})");
}

TEST(Json, RefusesWhatIsNone) {
  for (const char* const text : {"", "{", "{} {}", "{\"a\":}", "nul", "\"\xff\"", "{\"a\":01}"}) {
    EXPECT_THAT(ParseJson(text), StatusIs(kInvalid, HasSubstr("not valid JSON"))) << text;
  }
  EXPECT_THAT(ParseObject("[]"), StatusIs(kInvalid, HasSubstr("not a JSON object")));
}

TEST(Json, NestsToItsLimit) {
  EXPECT_THAT(ParseJson(Nested(kJsonDepthMax)), IsOk());
  EXPECT_THAT(ParseJson(Nested(kJsonDepthMax + 1)), StatusIs(kInvalid, HasSubstr("too deep")));
  // Brackets in strings are text.
  EXPECT_THAT(ParseJson(StrCat("\"\\\"", std::string(1000, '['), "\"")), IsOk());
}

TEST(Json, ClosingMoreThanWasOpenedIsNoJson) {
  EXPECT_THAT(ParseJson("]]]]{\"a\":1,\"b\":2}"), StatusIs(kInvalid, HasSubstr("not valid")));
  EXPECT_THAT(ParseJson("},,,,"), StatusIs(kInvalid, HasSubstr("not valid")));
}

TEST(Json, AnObjectHasMembersToItsLimit) {
  EXPECT_THAT(ParseJson(Members(kJsonMembersMax)), IsOk());
  EXPECT_THAT(ParseJson(Members(kJsonMembersMax + 1)),
              StatusIs(kInvalid, HasSubstr("too many members")));
}

TEST(Json, ObjectsTogetherHaveALimitToo) {
  const std::string large = Members(kJsonMembersMax);

  EXPECT_THAT(ParseJson(StrCat("[", large, ",", large, "]")),
              StatusIs(kInvalid, HasSubstr("too many members")));
}

// One value more than the elements, and the empty ones have none in them.
std::string Elements(int64_t count) {
  std::string text = "[0";
  for (int64_t i = 1; i < count; ++i) text += i % 2 == 0 ? ",{ }" : ",[]";
  return text + "]";
}

TEST(Json, HasValuesToItsLimit) {
  EXPECT_THAT(ParseJson(Elements(kJsonValuesMax - 1)), IsOk());
  EXPECT_THAT(ParseJson(Elements(kJsonValuesMax)),
              StatusIs(kInvalid, HasSubstr("more than 1000000 values")));
  // What makes it no JSON comes too late.
  EXPECT_THAT(ParseJson(Elements(kJsonValuesMax) + "]"), StatusIs(kInvalid, HasSubstr("values")));
}

TEST(Json, ValuesCountAtAnyDepth) {
  // A list, an object in it and a text in that.
  constexpr std::string_view kThreeValues = R"(,[{"a":"x,y["}])";
  std::string text = "[0";
  for (int64_t i = 0; i < kJsonValuesMax / 3 - 1; ++i) text += kThreeValues;

  EXPECT_THAT(ParseJson(text + "]"), IsOk());
  EXPECT_THAT(ParseJson(StrCat(text, kThreeValues, "]")), StatusIs(kInvalid, HasSubstr("values")));
}

TEST(Json, ListsHaveNoSuchLimit) {
  std::string text = "[0";
  for (int i = 0; i < 100'000; ++i) text += ",{\"a\":1,\"b\":2}";
  EXPECT_THAT(ParseJson(text + "]"), IsOk());
}

TEST(Json, WritesBrokenUtf8AsReplacement) {
  EXPECT_EQ(DumpJson(Json("a\xff")), "\"a\xef\xbf\xbd\"");
}

TEST(Json, NullIsAbsent) {
  const Json json = *ParseJson(R"({"a":null,"b":0})");
  EXPECT_EQ(Find(json, "a"), nullptr);
  EXPECT_NE(Find(json, "b"), nullptr);
  EXPECT_EQ(Find(json, "c"), nullptr);
  EXPECT_EQ(Find(*ParseJson("[1]"), "a"), nullptr);
}

TEST(Json, MembersOfAnotherTypeCountAsAbsent) {
  const Json json = *ParseJson(R"({"s":"x","i":3,"f":0.5,"b":false})");
  EXPECT_EQ(FindString(json, "s"), "x");
  EXPECT_EQ(FindString(json, "i"), "");
  EXPECT_EQ(FindInteger(json, "i"), 3);
  EXPECT_EQ(FindInteger(json, "f"), std::nullopt);
  EXPECT_EQ(FindNumber(json, "i"), 3.0);
  EXPECT_EQ(FindNumber(json, "s"), std::nullopt);
  EXPECT_EQ(FindBool(json, "b"), false);
  EXPECT_EQ(FindBool(json, "i"), std::nullopt);
}

TEST(Json, IntegersMayBeWrittenAsFloats) {
  const auto integer = [](std::string_view text) { return FindInteger(*ParseJson(text), "i"); };
  EXPECT_EQ(integer(R"({"i":3.0})"), 3);
  EXPECT_EQ(integer(R"({"i":1e3})"), 1000);
  EXPECT_EQ(integer(R"({"i":9223372036854775807})"), INT64_MAX);
  EXPECT_EQ(integer(R"({"i":9223372036854775808})"), std::nullopt);
  EXPECT_EQ(integer(R"({"i":1e300})"), std::nullopt);
}

TEST(Json, ReadingSaysWhichFieldIsWrong) {
  const Json json = *ParseJson(R"({"s":1,"i":"x","n":[],"b":0,"none":null})");
  EXPECT_THAT(ReadString(json, "s", "a.s"), StatusIs(kInvalid, HasSubstr("a.s: must be a string")));
  EXPECT_THAT(ReadInteger(json, "i", "a.i"), StatusIs(kInvalid, HasSubstr("an integer")));
  EXPECT_THAT(ReadNumber(json, "n", "a.n"), StatusIs(kInvalid, HasSubstr("a number")));
  EXPECT_THAT(ReadBool(json, "b", "a.b"), StatusIs(kInvalid, HasSubstr("true or false")));
  EXPECT_EQ(*ReadString(json, "none", "a"), std::nullopt);
  EXPECT_EQ(GetFieldHint(ReadBool(json, "b", "a.b").status())->field, "a.b");
}

TEST(Json, ArgumentsBecomeAnObject) {
  EXPECT_EQ(ArgumentsObject(R"({"a":1})").dump(), R"({"a":1})");
  EXPECT_EQ(ArgumentsObject(" \n").dump(), "{}");
  EXPECT_EQ(ArgumentsObject("").dump(), "{}");
  EXPECT_EQ(ArgumentsObject("[1]").dump(), R"({"_raw":"[1]"})");
  EXPECT_EQ(ArgumentsObject("{\"a\":").dump(), R"({"_raw":"{\"a\":"})");
}

}  // namespace
}  // namespace lmgate::dialect

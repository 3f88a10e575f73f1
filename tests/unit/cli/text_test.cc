// The small pure parts: tables, JSON and YAML, words as values.
#include "cli/flag_value.h"
#include "cli/json_text.h"
#include "cli/propagation.h"
#include "cli/proto_time.h"
#include "cli/table.h"
#include "tests/unit/cli/lmctl_fixture.h"

namespace lmgate::cli {
namespace {

TEST(Table, ColumnsAreAlignedByWhatIsSeen) {
  const Table table{.headers = {"NAME", "X"}, .rows = {{"äöü", "1"}, {"日本", "2"}, {"", "3"}}};

  EXPECT_EQ(TableText(table, TableHeaders::kShow),
            "NAME  X\n"
            "äöü   1\n"
            "日本  2\n"
            "-     3\n");
  EXPECT_EQ(TableText(table, TableHeaders::kHide).substr(0, 2), "ä");
}

TEST(Table, ControlCharactersDoNotReachTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[2J\n\x7f\xc2\x9b"), "a?[2J????");
  EXPECT_EQ(Printable("ä日"), "ä日");
}

TEST(Table, WidthOfBrokenUtf8IsFinite) {
  EXPECT_EQ(DisplayWidth("\xe2\x82"), 1);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1);
  EXPECT_EQ(DisplayWidth("\xf0\x9f\x98\x80"), 2);
}

TEST(JsonText, QuotesAndEscapes) {
  EXPECT_EQ(JsonQuote("a\"b\\\n"), "\"a\\\"b\\\\\\n\"");
  EXPECT_EQ(JsonQuote("ä"), "\"ä\"");
  EXPECT_EQ(JsonQuote("\xff"), "\"?\"");
}

TEST(JsonText, ResourcesShowWhatIsSetAndReportsEverything) {
  EXPECT_EQ(JsonLine(v1::DeleteReply(), JsonFields::kSet), "{}");
  EXPECT_EQ(JsonLine(v1::DeleteReply(), JsonFields::kAll), "{\"revision\":\"0\"}");
}

TEST(YamlFromJson, KeepsOrderAndQuotesWhatYamlWouldReadOtherwise) {
  EXPECT_EQ(
      YamlFromJson(
          R"({"z":"a","a":["*","true","42","", "x: y"],"n":3,"no":"n","b":false,"e":[],"o":{}})"),
      "z: a\n"
      "a:\n"
      "  - \"*\"\n"
      "  - \"true\"\n"
      "  - \"42\"\n"
      "  - \"\"\n"
      "  - \"x: y\"\n"
      "\"n\": 3\n"
      "\"no\": \"n\"\n"
      "b: false\n"
      "e: []\n"
      "o: {}\n");
  EXPECT_EQ(YamlFromJson("[]"), "[]\n");
}

TEST(MaskedLine, BlanksLiteralsAndKeepsReferences) {
  v1::CreateConnectionRequest request;
  request.mutable_connection()->set_api_key("sk-literal");
  (*request.mutable_connection()->mutable_headers())["x-a"] = "sk-header";
  (*request.mutable_connection()->mutable_headers())["x-b"] = "env:B";
  const std::string line = MaskedLine(request);

  EXPECT_EQ(line.find("sk-"), std::string::npos) << line;
  EXPECT_NE(line.find("env:B"), std::string::npos) << line;

  v1::ApplyRequest apply;
  apply.set_content("api_key: sk-literal");
  EXPECT_EQ(MaskedLine(apply), "{}");
}

TEST(FlagValue, TargetsSplitAtTheFirstDotAndTheLastEquals) {
  const v1::Target target = *ParseTarget("c.gpt-4.1=x=3");

  EXPECT_EQ(target.connection(), "c");
  EXPECT_EQ(target.model(), "gpt-4.1=x");
  EXPECT_EQ(target.weight(), 3u);
  EXPECT_EQ(ParseTarget("c.m=x")->model(), "m=x");
}

TEST(FlagValue, MapsNeedAnEqualsAndDistinctNames) {
  StringMap map;
  EXPECT_TRUE(ParseMap("--x", {"a=b=c", "d="}, &map).ok());
  EXPECT_EQ(map.at("a"), "b=c");
  EXPECT_EQ(map.at("d"), "");
  EXPECT_FALSE(ParseMap("--x", {"a=2"}, &map).ok());
  EXPECT_FALSE(ParseMap("--x", {"nothing"}, &map).ok());
  EXPECT_FALSE(ParseMap("--x", {"=v"}, &map).ok());
}

TEST(FlagValue, ExpiryIsADurationATimeOrNever) {
  const absl::Time now = absl::FromUnixSeconds(1000);

  EXPECT_EQ(*ParseExpiry("1m", now), absl::FromUnixSeconds(1060));
  EXPECT_EQ(*ParseExpiry("2001-09-09T01:46:40Z", now), absl::FromUnixSeconds(1'000'000'000));
  EXPECT_EQ(*ParseExpiry("never", now), std::nullopt);
  EXPECT_FALSE(ParseExpiry("infinite-future", now).ok());
  EXPECT_FALSE(ParseExpiry("", now).ok());
}

TEST(FlagValue, RevisionsAreWholeNumbers) {
  EXPECT_EQ(*ParseRevision("x", "18446744073709551615"), 18446744073709551615u);
  EXPECT_FALSE(ParseRevision("x", "18446744073709551616").ok());
  EXPECT_FALSE(ParseRevision("x", "-1").ok());
  EXPECT_FALSE(ParseRevision("x", "").ok());
}

TEST(ProtoTime, RoundTripsAndReads) {
  const absl::Time time = absl::FromUnixMillis(1'795'262'400'123);
  EXPECT_EQ(FromProto(ToProto(time)), time);
  EXPECT_EQ(FromProto(ToProto(absl::Milliseconds(1500))), absl::Milliseconds(1500));
  EXPECT_EQ(TimeText(time), "2026-11-21T12:00:00Z");
  EXPECT_EQ(AgeText(absl::Hours(50)), "2d");
  EXPECT_EQ(AgeText(absl::Seconds(-90)), "90s");
}

TEST(ElapsedText, GrowsWithTheTime) {
  EXPECT_EQ(ElapsedText(absl::Microseconds(400)), "0.4 ms");
  EXPECT_EQ(ElapsedText(absl::Milliseconds(8)), "8 ms");
  EXPECT_EQ(ElapsedText(absl::Milliseconds(2100)), "2.1 s");
}

}  // namespace
}  // namespace lmgate::cli

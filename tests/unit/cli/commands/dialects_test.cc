// lmctl dialects: the table by which requests are translated.
#include <nlohmann/json.hpp>

#include "tests/unit/cli/lmctl_fixture.h"

namespace lmgate::cli {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class DialectsTest : public LmctlTest {
 protected:
  // Of a command that ends well and asks no server.
  std::string Out(const std::vector<std::string>& arguments) {
    const Result result = Run(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(server.Calls(), IsEmpty());
    return result.out;
  }
  static nlohmann::json Json(const std::string& text) {
    return nlohmann::json::parse(text, nullptr, false);
  }
};

TEST_F(DialectsTest, ShowsAllFeaturesAndDialects) {
  const std::string out = Out({"dialects"});

  EXPECT_THAT(out, ContainsRegex("FEATURE +OPENAI-CHAT +OPENAI-RESPONSES +ANTHROPIC +GEMINI "
                                 "+BEDROCK\n"));
  EXPECT_THAT(out, ContainsRegex("\nlogit bias +maps +dropped +dropped +dropped +dropped\n"));
  EXPECT_THAT(out, ContainsRegex("\nstop sequences +maps +emulated +maps"));
}

TEST_F(DialectsTest, WideNamesFieldsAndNotes) {
  const std::string out = Out({"dialects", "-o", "wide"});

  EXPECT_THAT(out, HasSubstr("maps (max_completion_tokens)"));
  EXPECT_THAT(out, HasSubstr("gemini: at most 5"));
  EXPECT_THAT(out, HasSubstr("anthropic, gemini, bedrock: as a user's text in <system> tags"));
}

TEST_F(DialectsTest, FromLeavesOutWhatTheClientCannotSay) {
  const std::string out = Out({"dialects", "--from", "anthropic"});

  EXPECT_THAT(out, ContainsRegex("FEATURE +FROM ANTHROPIC +TO OPENAI-CHAT +TO OPENAI-RESPONSES +TO "
                                 "GEMINI +TO BEDROCK\n"));
  EXPECT_THAT(out, Not(HasSubstr("logit bias")));
  EXPECT_THAT(out, ContainsRegex("\ntop_k +top_k +dropped +dropped +maps +maps\n"));
}

TEST_F(DialectsTest, FromAndToTellOneStory) {
  const std::string out = Out({"dialects", "--from", "claude", "--to", "openai-chat"});

  EXPECT_THAT(out, ContainsRegex("FEATURE +FROM ANTHROPIC +TO OPENAI-CHAT +NOTE\n"));
  EXPECT_THAT(out, ContainsRegex("\nfailed tool result +is_error +emulated +the text begins with"));
  // What the note of another target says is not of this one.
  EXPECT_THAT(out, ContainsRegex("\nsystem text between turns +messages +maps +-\n"));
}

TEST_F(DialectsTest, TheSameDialectIsUnchanged) {
  const std::string out = Out({"dialects", "--from", "gemini", "--to", "gemini"});

  EXPECT_THAT(out, HasSubstr("unchanged"));
  EXPECT_THAT(out, Not(ContainsRegex("dropped|refused|emulated|at most")));
}

TEST_F(DialectsTest, JsonHasTreatmentFieldAndNote) {
  const nlohmann::json all = Json(Out({"dialects", "-o", "json"}));
  const nlohmann::json narrow =
      Json(Out({"dialects", "--from", "anthropic", "--to", "bedrock", "-o", "json"}));

  ASSERT_TRUE(all.is_array());
  EXPECT_EQ(all[0]["feature"], "system text");
  EXPECT_EQ(all[0]["dialects"].size(), 5U);
  EXPECT_EQ(all[0]["dialects"]["gemini"],
            nlohmann::json({{"treatment", "maps"}, {"field", "systemInstruction"}, {"note", ""}}));
  ASSERT_TRUE(narrow.is_array());
  EXPECT_EQ(narrow[1]["feature"], "system text between turns");
  EXPECT_EQ(narrow[1]["field"], "messages");
  EXPECT_EQ(narrow[1]["dialects"].size(), 1U);
  EXPECT_EQ(narrow[1]["dialects"]["bedrock"]["note"],
            "as a user's text in <system> tags, at its place");
}

TEST_F(DialectsTest, YamlAndNamesAreThereAsWell) {
  EXPECT_THAT(Out({"dialects", "-o", "yaml"}), StartsWith("- feature: system text\n"));
  EXPECT_THAT(Out({"dialects", "-o", "name"}), StartsWith("system text\n"));
}

TEST_F(DialectsTest, HelpsWithAMisspeltDialect) {
  const Result result = Run({"dialects", "--to", "gemeni"});

  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("did you mean \"gemini\"?"));
  EXPECT_THAT(Run({"dialects", "--from", "zzz"}).err, HasSubstr("openai-responses"));
}

}  // namespace
}  // namespace lmgate::cli

#include "dataplane/dialect/freeform_input.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dataplane/dialect/json.h"

namespace lmgate::dialect {
namespace {

std::string ReadInPieces(std::string_view arguments, size_t bytes) {
  FreeformInput reader;
  std::string text;
  for (size_t at = 0; at < arguments.size(); at += bytes) {
    text += reader.Feed(arguments.substr(at, bytes));
  }
  return text + reader.Finish();
}

TEST(FreeformInput, IsTheArgumentInput) {
  EXPECT_EQ(FreeformText(R"({"input":"*** Begin Patch\n+a \"b\"\n"})"),
            "*** Begin Patch\n+a \"b\"\n");
}

TEST(FreeformInput, ComesAsItIsWritten) {
  FreeformInput reader;

  EXPECT_EQ(reader.Feed("{ \"in"), "");
  EXPECT_EQ(reader.Feed("put\" : \"ab"), "ab");
  EXPECT_EQ(reader.Feed("c\\"), "c");
  EXPECT_EQ(reader.Feed("nd"), "\nd");
  EXPECT_EQ(reader.Feed("e\"}"), "e");
  EXPECT_EQ(reader.Finish(), "");
}

TEST(FreeformInput, IsTheSameWhateverThePieces) {
  for (const std::string_view arguments :
       {R"({"input":"Gr\u00fc\u00dfe \ud83d\ude00 \\ \/ \t\"x\""})",
        R"( { "input" : "lone \ud83d, \ud83dx, \ud83d\n, \udc00 and \ud83d" } )",
        R"({"input":"cut \u00)", R"({"input":"cut \ud83d\ud)", R"({"input":"\)",
        R"({"patch":"other name"})", R"("only a string")", "plain text", R"({"a":1,"b":"c"})",
        R"({"input":5})", R"({"x":1,"input":"late"})", "", "{}"}) {
    for (const size_t bytes : {1U, 2U, 3U, 7U}) {
      EXPECT_EQ(ReadInPieces(arguments, bytes), FreeformText(arguments)) << arguments;
    }
  }
}

TEST(FreeformInput, UnderstandsEscapesAndPairs) {
  EXPECT_EQ(FreeformText(R"({"input":"\ud83d\ude00 \u00e9"})"), "😀 é");
  EXPECT_EQ(FreeformText(R"({"input":"a\ud83db"})"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(FreeformText(R"({"input":"a\ud83d\nb"})"), "a\xEF\xBF\xBD\nb");
}

TEST(FreeformInput, TakesOtherFormsForWhatTheyMean) {
  EXPECT_EQ(FreeformText(R"({"patch":"p"})"), "p");
  EXPECT_EQ(FreeformText(R"("s")"), "s");
  EXPECT_EQ(FreeformText("raw text"), "raw text");
  EXPECT_EQ(FreeformText(R"({"a":"b","input":"c"})"), "c");
  EXPECT_EQ(FreeformText(R"({"a":"b","c":"d"})"), R"({"a":"b","c":"d"})");
  EXPECT_EQ(FreeformText("{}"), "");
  EXPECT_EQ(FreeformText(""), "");
}

TEST(FreeformInput, ArgumentsAreTheInverse) {
  constexpr std::string_view kText = "a \"quoted\"\\ 😀\n";

  EXPECT_EQ(FreeformText(FreeformArguments(kText)), kText);
  EXPECT_TRUE(ParseObject(FreeformSchema()).ok());
}

}  // namespace
}  // namespace lmgate::dialect

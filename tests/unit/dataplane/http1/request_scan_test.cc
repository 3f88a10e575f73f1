#include "dataplane/http1/request_scan.h"

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "common/base/strings.h"

namespace lmgate::http1 {
namespace {

// Scans one body and keeps what the result's views point into.
class RequestScanTest : public ::testing::Test {
 protected:
  RequestScan Scan(std::string_view body) {
    body_ = StrCat(body, std::string(RequestScanner::kPaddingBytes, '\0'));
    return scanner_.Scan(std::string_view(body_).substr(0, body.size()));
  }
  std::string RawModel(std::string_view body) {
    const RequestScan scan = Scan(body);
    return std::string(body.substr(scan.model_offset, scan.model_bytes));
  }

  RequestScanner scanner_;
  std::string body_;
};

TEST_F(RequestScanTest, FindsModelAndStream) {
  const RequestScan scan =
      Scan(R"({"messages":[{"content":"\"model\":\"x\""}],"model":"gpt-4o","stream":true})");

  EXPECT_TRUE(scan.valid) << scan.error;
  EXPECT_TRUE(scan.has_model);
  EXPECT_EQ(scan.model, "gpt-4o");
  EXPECT_TRUE(scan.stream);
}

TEST_F(RequestScanTest, PlaceIsTheRawStringWithItsQuotes) {
  EXPECT_EQ(RawModel(R"({"a":1,"model":"gpt-4o","b":2})"), R"("gpt-4o")");
  EXPECT_EQ(RawModel(R"({"model":"gpt-4o"})"), R"("gpt-4o")");
}

TEST_F(RequestScanTest, WhiteSpaceAfterTheValueIsNotPartOfIt) {
  EXPECT_EQ(RawModel("{ \"model\" :\t \"gpt-4o\" \r\n\t , \"b\": 2 }"), "\"gpt-4o\"");
  EXPECT_EQ(RawModel("{\"model\":\"gpt-4o\" \n}\n"), "\"gpt-4o\"");
}

TEST_F(RequestScanTest, DecodesModelAndPlacesItsRawText) {
  constexpr std::string_view kBody = R"({"model":"a\u002db\"\\","n":1})";

  EXPECT_EQ(Scan(kBody).model, R"(a-b"\)");
  EXPECT_EQ(RawModel(kBody), R"("a\u002db\"\\")");
}

TEST_F(RequestScanTest, ComparesKeysDecoded) {
  const RequestScan scan = Scan(R"({"mod\u0065l":"gpt-4o","\u0073tream":true})");

  EXPECT_TRUE(scan.has_model);
  EXPECT_EQ(scan.model, "gpt-4o");
  EXPECT_TRUE(scan.stream);
}

TEST_F(RequestScanTest, NestedModelIsNone) {
  const RequestScan scan = Scan(R"({"a":{"model":"x","stream":true},"b":[{"model":"y"}]})");

  EXPECT_TRUE(scan.valid);
  EXPECT_FALSE(scan.has_model);
  EXPECT_FALSE(scan.stream);
}

TEST_F(RequestScanTest, RefusesRepeatedModel) {
  EXPECT_EQ(Scan(R"({"model":"a","model":"a"})").error, "the body names \"model\" twice");
  EXPECT_EQ(Scan(R"({"model":"a","m\u006fdel":"b"})").error, "the body names \"model\" twice");
}

TEST_F(RequestScanTest, RefusesRepeatedStream) {
  EXPECT_EQ(Scan(R"({"stream":true,"stream":false})").error, "the body names \"stream\" twice");
  EXPECT_EQ(Scan(R"({"stream":null,"stream":null})").error, "the body names \"stream\" twice");
}

TEST_F(RequestScanTest, RefusesWhatFollowsTheObject) {
  for (const std::string_view rest : {"{}", "x", ",", "}", "]", "\"", "{\"model\":\"b\"}"}) {
    EXPECT_FALSE(Scan(StrCat(R"({"model":"a"})", rest)).valid) << rest;
  }
  EXPECT_TRUE(Scan("{\"model\":\"a\"} \r\n\t").valid);
}

TEST_F(RequestScanTest, RefusesWhatIsNoObject) {
  for (const std::string_view body : {"", " ", "[]", "null", "1", "\"model\"", "{", "{\"a\"",
                                      "{\"a\":1", "{\"a\" 1}", "{a:1}", "model=a"}) {
    const RequestScan scan = Scan(body);
    EXPECT_FALSE(scan.valid) << body;
    EXPECT_NE(scan.error, "") << body;
  }
}

TEST_F(RequestScanTest, EveryPrefixIsRefused) {
  constexpr std::string_view kBody = R"({"model":"a\nb","stream":false,"x":[{"y":null}]})";
  ASSERT_TRUE(Scan(kBody).valid);

  for (size_t length = 0; length < kBody.size(); ++length) {
    EXPECT_FALSE(Scan(kBody.substr(0, length)).valid) << length;
  }
}

TEST_F(RequestScanTest, ModelMustBeText) {
  for (const std::string_view value : {"1", "null", "[]", "{}", "true", R"(["a"])"}) {
    EXPECT_EQ(Scan(StrCat("{\"model\":", value, "}")).error, "\"model\" is not a string") << value;
  }
}

TEST_F(RequestScanTest, StreamMustBeTrueFalseOrNull) {
  EXPECT_FALSE(Scan(R"({"stream":false})").stream);
  EXPECT_TRUE(Scan(R"({"stream":null})").valid);
  for (const std::string_view value : {"1", "\"true\"", "[true]", "{}", "nul", "truex"}) {
    EXPECT_FALSE(Scan(StrCat("{\"stream\":", value, "}")).valid) << value;
  }
}

// encoding/json of Go and System.Text.Json of .NET ignore the case, and the last one wins; C stops
// at a NUL.
TEST_F(RequestScanTest, RefusesKeysThatMayBeTakenForModelOrStream) {
  for (const std::string_view key :
       {"Model", "MODEL", "mOdel", "\\u004dodel", "model\\u0000", "model\\u0000x", "Stream",
        "STREAM", "\xc5\xbftream", "\\u017fTREAM", "stream\\u0000"}) {
    EXPECT_FALSE(Scan(StrCat(R"({"model":"a","stream":true,")", key, R"(":"b"})")).valid) << key;
  }
  for (const std::string_view key :
       {"models", "mode", " model", "model ", "stream_options", "m", ""}) {
    EXPECT_TRUE(Scan(StrCat(R"({"model":"a",")", key, R"(":"b"})")).valid) << key;
  }
}

TEST_F(RequestScanTest, ChecksTheStructureOfWhatItSkips) {
  for (const std::string_view value : {"[1,,2]",
                                       "[1,]",
                                       "[,1]",
                                       "[1 2]",
                                       "[1}",
                                       "{\"a\":1,}",
                                       "{\"a\"}",
                                       "{\"a\":}",
                                       "{a:1}",
                                       "{1:2}",
                                       "{'a':1}",
                                       "['a']",
                                       "trux",
                                       "tru",
                                       "True",
                                       "nulll",
                                       "NaN",
                                       "-NaN",
                                       "Infinity",
                                       "-Infinity",
                                       "undefined",
                                       "01",
                                       "1.",
                                       ".5",
                                       "+1",
                                       "-",
                                       "1e",
                                       "01e+-3",
                                       "0x10",
                                       "1_000",
                                       "1/**/",
                                       "/**/1",
                                       "[1 /* ] */]",
                                       "{/**/}",
                                       "[1,//\n2]",
                                       "\"a\"\"b\"",
                                       "\"a\"b",
                                       "1 2",
                                       "{\"a\":{\"b\":[trux]}}",
                                       "\"a\":\"b\"",
                                       "\"a\":1",
                                       "1:1",
                                       "[]:1",
                                       "{}:1",
                                       "\"a\":[1]]",
                                       "\"a\":\"b\":[1]]",
                                       "\x01",
                                       "1\x01",
                                       "\"\x01\"",
                                       "\"\n\"",
                                       "",
                                       "]",
                                       "}",
                                       ":",
                                       ","}) {
    EXPECT_FALSE(Scan(StrCat(R"({"model":"a","x":)", value, "}")).valid) << value;
    EXPECT_FALSE(Scan(StrCat(R"({"x":)", value, R"(,"model":"a"})")).valid) << value;
    EXPECT_FALSE(Scan(StrCat(R"({"model":"a","x":[{"y":)", value, "}]}")).valid) << value;
  }
  for (const std::string_view value :
       {"0", "-0", "10.25e+3", "1E9", "1e999", "123456789012345678901234567890", "true", "false",
        "null", "[]", "{}", "[[],{}]", "\"\\\"\"", " [ 1 , 2 ] ", "{\"a\":{\"b\":[\"]}\"]}}"}) {
    EXPECT_TRUE(Scan(StrCat(R"({"x":)", value, R"(,"model":"a"})")).valid) << value;
  }
}

// A reader that knows comments would find another model here.
TEST_F(RequestScanTest, RefusesModelHiddenByComments) {
  EXPECT_FALSE(Scan(R"({"model":"a","x":[0 /*[*/], "model":"b", "y":[ 0 /*]*/ ]})").valid);
  EXPECT_FALSE(Scan(R"({"model":"a","x":[ /* " */ ], "model":"b", "z":[ /* " */ ]})").valid);
}

TEST_F(RequestScanTest, TakesNestingOf128AndNot129) {
  const auto nested = [](int depth) {
    return StrCat(R"({"model":"a","x":)", std::string(static_cast<size_t>(depth - 1), '['),
                  std::string(static_cast<size_t>(depth - 1), ']'), "}");
  };
  EXPECT_TRUE(Scan(nested(RequestScanner::kDepthMax)).valid);
  EXPECT_FALSE(Scan(nested(RequestScanner::kDepthMax + 1)).valid);
  EXPECT_FALSE(Scan(nested(100'000)).valid);
}

TEST_F(RequestScanTest, RefusesByteOrderMarksAndOtherEncodings) {
  EXPECT_FALSE(Scan("\xef\xbb\xbf{\"model\":\"a\"}").valid);
  EXPECT_FALSE(Scan(std::string_view("{\0\"\0a\0\"\0:\0001\0}\0", 14)).valid);
}

TEST_F(RequestScanTest, RefusesModelWithHalfASurrogatePair) {
  for (const std::string_view model :
       {"\\ud800", "\\udc00", "\\ud800x", "\\ud800\\u0041", "\\udc00\\ud800"}) {
    EXPECT_FALSE(Scan(StrCat(R"({"model":")", model, "\"}")).valid) << model;
  }
  EXPECT_EQ(Scan(R"({"model":"\ud83d\ude00"})").model, "\xf0\x9f\x98\x80");
}

// The bytes behind a body are the next request's: they must not complete it.
TEST_F(RequestScanTest, BytesBehindTheBodyChangeNothing) {
  const std::string body = StrCat(R"({"n":1,"model":"a","stream":true})", std::string(64, ' '));
  const size_t end = body.find('}');
  for (size_t length = 0; length <= end; ++length) {
    EXPECT_FALSE(scanner_.Scan(std::string_view(body).substr(0, length)).valid) << length;
  }
  EXPECT_TRUE(scanner_.Scan(std::string_view(body).substr(0, end + 1)).valid);
}

TEST_F(RequestScanTest, RefusesInvalidUtf8) { EXPECT_FALSE(Scan("{\"model\":\"a\xff\"}").valid); }

TEST_F(RequestScanTest, WorksAgainAfterRefusalAndAfterLargeBody) {
  EXPECT_FALSE(Scan("{").valid);
  const std::string filler(RequestScanner::kKeepBytesMax, 'x');
  EXPECT_EQ(Scan(StrCat(R"({"a":")", filler, R"(","model":"large"})")).model, "large");
  EXPECT_EQ(Scan(R"({"model":"small"})").model, "small");
}

std::string JsonString(std::string_view text) {
  std::string out;
  AppendJsonString(&out, text);
  return out;
}

TEST(IsPlainJsonText, FindsTheOneByteThatIsNotWhereverItStands) {
  for (size_t size = 0; size < 40; ++size) {
    EXPECT_TRUE(IsPlainJsonText(std::string(size, '~'))) << size;
    for (size_t at = 0; at < size; ++at) {
      for (const char c : {'"', '\\', '\0', '\x1f', '\n', '\x80', '\xff'}) {
        std::string text(size, 'a');
        text[at] = c;
        EXPECT_FALSE(IsPlainJsonText(text)) << size << " " << at << " " << int{c};
      }
      for (const char c : {' ', '!', '#', '[', ']', '\x7f'}) {
        std::string text(size, 'a');
        text[at] = c;
        EXPECT_TRUE(IsPlainJsonText(text)) << size << " " << at << " " << int{c};
      }
    }
  }
}

TEST(AppendJsonString, EscapesWhatJsonWants) {
  EXPECT_EQ(JsonString("a\"b\\c\n\r\t\x01\x1f/\x7f"),
            "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f/\x7f\"");
  EXPECT_EQ(JsonString(std::string_view("\0", 1)), "\"\\u0000\"");
}

TEST(AppendJsonString, KeepsUtf8) { EXPECT_EQ(JsonString("\xc3\xa4"), "\"\xc3\xa4\""); }

// A model may come from a query or a multipart body, which nobody has checked.
TEST(AppendJsonString, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(JsonString("a\xff\"b"), "\"a\\ufffd\\\"b\"");
}

}  // namespace
}  // namespace lmgate::http1

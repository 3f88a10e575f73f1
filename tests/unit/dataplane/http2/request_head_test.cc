#include "dataplane/http2/request_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lmgate::http2 {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

using Fields = std::vector<std::pair<std::string, std::string>>;

// Nothing = malformed.
std::optional<RequestHead::Text> Read(const Fields& fields, bool ends = true,
                                      size_t bytes_max = 32 << 10) {
  RequestHead head(bytes_max);
  for (const auto& [name, value] : fields) {
    if (!head.Add(name, value)) return std::nullopt;
  }
  return head.Finish(ends);
}

Fields Get(Fields more = {}) {
  Fields fields = {{":method", "GET"},
                   {":scheme", "https"},
                   {":authority", "api.example"},
                   {":path", "/v1/x?y"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

std::string TextOf(const Fields& fields, bool ends = true) {
  const auto text = Read(fields, ends);
  return text.has_value() ? text->head : "malformed";
}

TEST(RequestHead, BecomesTheHeadOfHttp1) {
  const auto text = Read(Get({{"accept", "*/*"}, {"x-a", "b, c"}}));

  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(text->head,
            "GET /v1/x?y HTTP/1.1\r\nhost: api.example\r\naccept: */*\r\nx-a: b, c\r\n\r\n");
  EXPECT_FALSE(text->chunked);
  EXPECT_FALSE(text->is_head);
}

TEST(RequestHead, ABodyOfUnknownLengthIsChunked) {
  const auto unknown = Read(Get(), /*ends=*/false);
  const auto known = Read(Get({{"content-length", "3"}}), /*ends=*/false);

  EXPECT_TRUE(unknown->chunked);
  EXPECT_THAT(unknown->head, HasSubstr("\r\ntransfer-encoding: chunked\r\n\r\n"));
  EXPECT_FALSE(known->chunked);
  EXPECT_THAT(known->head, EndsWith("\r\ncontent-length: 3\r\n\r\n"));
}

TEST(RequestHead, ALengthWithoutABodyIsMalformedUnlessZero) {
  EXPECT_EQ(TextOf(Get({{"content-length", "3"}})), "malformed");
  EXPECT_THAT(TextOf(Get({{"content-length", "0"}})), HasSubstr("content-length: 0"));
}

TEST(RequestHead, CookiesAreJoined) {
  EXPECT_THAT(TextOf(Get({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}})),
              EndsWith("\r\ncookie: a=1; b=2\r\n\r\n"));
}

TEST(RequestHead, TheHostMustBeTheAuthority) {
  EXPECT_THAT(TextOf(Get({{"host", "API.example"}})),
              AllOf(HasSubstr("host: api.example\r\n"), Not(HasSubstr("API"))));
  EXPECT_EQ(TextOf(Get({{"host", "other"}})), "malformed");
  EXPECT_EQ(TextOf(Get({{"host", "api.example"}, {"host", "api.example"}})), "malformed");
  EXPECT_EQ(TextOf({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "h"}}),
            "GET / HTTP/1.1\r\nhost: h\r\n\r\n");
}

TEST(RequestHead, TeIsTakenAndGoesNowhere) {
  EXPECT_THAT(TextOf(Get({{"te", "trailers"}})), Not(HasSubstr("te:")));
  EXPECT_EQ(TextOf(Get({{"te", "gzip"}})), "malformed");
}

TEST(RequestHead, FieldsOfAConnectionAreMalformed) {
  for (const char* name :
       {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}) {
    EXPECT_EQ(TextOf(Get({{name, "close"}})), "malformed") << name;
  }
}

TEST(RequestHead, WhatCouldBecomeAnotherLineIsMalformed) {
  for (const std::string& value :
       {std::string("a\r\nb: c"), std::string("a\nb"), std::string("a\rb"), std::string("a\0b", 3),
        std::string(" a"), std::string("a\t"), std::string("a\x7f")}) {
    EXPECT_EQ(TextOf(Get({{"x", value}})), "malformed") << value;
    EXPECT_EQ(TextOf(Get({{"cookie", value}})), "malformed") << value;
    EXPECT_EQ(TextOf({{":method", "GET"}, {":scheme", "h"}, {":authority", value}, {":path", "/"}}),
              "malformed");
  }
  for (const char* name :
       {"a\r\nb", "a:b", "a b", "", "Upper", "\xc3\xa9", "a\n", ":unknown", ":path"}) {
    EXPECT_EQ(TextOf(Get({{name, "v"}})), "malformed") << name;
  }
  for (const char* path : {"/a HTTP/1.1", "/a\r\n", "", "/\xc3\xa9", "/\t"}) {
    EXPECT_EQ(
        TextOf({{":method", "GET"}, {":scheme", "http"}, {":authority", "h"}, {":path", path}}),
        "malformed")
        << path;
  }
  for (const char* method : {"GET /x", "G\r\nT", "", "G:T"}) {
    EXPECT_EQ(
        TextOf({{":method", method}, {":scheme", "http"}, {":authority", "h"}, {":path", "/"}}),
        "malformed")
        << method;
  }
}

TEST(RequestHead, PseudoFieldsStandFirstOnceAndComplete) {
  EXPECT_EQ(TextOf({{":method", "GET"}, {"x", "y"}, {":scheme", "http"}, {":path", "/"}}),
            "malformed");
  EXPECT_EQ(TextOf({{":method", "GET"}, {":method", "GET"}, {":scheme", "http"}, {":path", "/"}}),
            "malformed");
  EXPECT_EQ(TextOf({{":method", "GET"}, {":path", "/"}}), "malformed");
  EXPECT_EQ(TextOf({{":method", "GET"}, {":scheme", "http"}}), "malformed");
  EXPECT_EQ(TextOf({{":scheme", "http"}, {":path", "/"}}), "malformed");
  EXPECT_EQ(TextOf({{":status", "200"}}), "malformed");
}

TEST(RequestHead, ConnectGetsATargetThatIsRefused) {
  EXPECT_THAT(TextOf({{":method", "CONNECT"}, {":authority", "/x:1"}}),
              HasSubstr("CONNECT * HTTP/1.1\r\n"));
}

TEST(RequestHead, OneThatIsTooLongIsCutAndKeepsItsLength) {
  Fields many;
  for (int i = 0; i < 1000; ++i) many.emplace_back("x-name", std::string(90, 'v'));

  const auto at = Read(Get({{"x", std::string(1000, 'v')}}), true, 1100);
  const auto one = Read(Get({{"x", std::string(60000, 'v')}}), true, 1000);
  const auto cut = Read(Get(many), true, 1000);

  EXPECT_THAT(at->head, EndsWith("\r\n\r\n"));
  for (const auto& text : {one, cut}) {
    EXPECT_TRUE(text->cut);
    EXPECT_GT(text->head.size(), 1000u);
    EXPECT_THAT(text->head, Not(HasSubstr("\r\n\r\n")));
  }
  EXPECT_LT(cut->head.size(), 1300u) << "what nobody will read is not kept";
}

}  // namespace
}  // namespace lmgate::http2

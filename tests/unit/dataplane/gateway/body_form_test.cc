#include "dataplane/gateway/body_form.h"

#include <gmock/gmock.h>

#include <string_view>

namespace lmgate::gateway {
namespace {

TEST(FindBodyForm, GoesByTheContentType) {
  EXPECT_EQ(FindBodyForm("application/json", "[]"), BodyForm::kJson);
  EXPECT_EQ(FindBodyForm("Application/JSON; charset=utf-8", "[]"), BodyForm::kJson);
  EXPECT_EQ(FindBodyForm("application/vnd.api+json", "x"), BodyForm::kJson);
  EXPECT_EQ(FindBodyForm("multipart/form-data; boundary=b", "--b"), BodyForm::kMultipart);
  EXPECT_EQ(FindBodyForm("application/X-WWW-form-urlencoded", "a=b"), BodyForm::kUrlEncoded);
  EXPECT_EQ(FindBodyForm("audio/wav", "RIFF"), BodyForm::kOpaque);
  EXPECT_EQ(FindBodyForm("", "a"), BodyForm::kOpaque);
}

TEST(FindBodyForm, NoBodyHasNone) {
  EXPECT_EQ(FindBodyForm("application/json", ""), BodyForm::kEmpty);
  EXPECT_EQ(FindBodyForm("multipart/form-data; boundary=b", ""), BodyForm::kEmpty);
}

// Ollama and others read JSON whatever the Content-Type says.
TEST(FindBodyForm, WhatBeginsLikeAnObjectIsJson) {
  for (const std::string_view type :
       {"", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded"}) {
    EXPECT_EQ(FindBodyForm(type, "{"), BodyForm::kJson) << type;
    EXPECT_EQ(FindBodyForm(type, " \r\n\t{"), BodyForm::kJson) << type;
  }
}

TEST(FindBodyForm, OtherEncodingsOfAnObjectAreJsonAsWell) {
  using namespace std::string_view_literals;
  for (const std::string_view body :
       {"\xef\xbb\xbf{"sv, "\xff\xfe{\0"sv, "\xfe\xff\0{"sv, "\0{"sv, "\0\0\0{"sv, "{\0"sv}) {
    EXPECT_EQ(FindBodyForm("text/plain", body), BodyForm::kJson);
  }
}

}  // namespace
}  // namespace lmgate::gateway

#include "dataplane/dialect/gemini_field.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "common/base/error_detail.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using ::lmgate::testing::IsOkAndHolds;
using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::SizeIs;

TEST(GeminiField, IsFoundInEitherSpelling) {
  EXPECT_EQ(FindTextField(Json{{"responseMimeType", "a"}}, "responseMimeType"), "a");
  EXPECT_EQ(FindTextField(Json{{"response_mime_type", "a"}}, "responseMimeType"), "a");
  EXPECT_EQ(FindField(Json{{"responseMimeType", nullptr}}, "responseMimeType"), nullptr);
}

TEST(GeminiField, NameIsCamelCase) {
  EXPECT_EQ(FieldName("system_instruction"), "systemInstruction");
  EXPECT_EQ(FieldName("systemInstruction"), "systemInstruction");
  EXPECT_EQ(FieldName("_responseJsonSchema"), "responseJsonSchema");
  EXPECT_EQ(FieldName("top_p"), "topP");
}

TEST(GeminiField, IntegersMayBeText) {
  EXPECT_THAT(ReadIntegerField(Json{{"top_k", "40"}}, "topK", "g"), IsOkAndHolds(Optional(40)));
  EXPECT_THAT(ReadIntegerField(Json{{"topK", 40.0}}, "topK", "g"), IsOkAndHolds(Optional(40)));
}

TEST(GeminiField, WrongTypeNamesThePath) {
  const auto read = ReadIntegerField(Json{{"top_k", "forty"}}, "topK", "generationConfig");

  EXPECT_THAT(read, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("integer")));
  EXPECT_EQ(GetFieldHint(read.status())->field, "generationConfig.topK");
  EXPECT_FALSE(ReadBoolField(Json{{"a", 1}}, "a", "").ok());
  EXPECT_FALSE(ReadTextField(Json{{"a", 1}}, "a", "").ok());
  EXPECT_FALSE(ReadNumberField(Json{{"a", "1"}}, "a", "").ok());
}

TEST(GeminiField, ListMayBeOneElement) {
  const Json list = Json::array({1, 2});
  const Json one = {{"a", 1}};

  EXPECT_THAT(ListOf(&list), SizeIs(2));
  EXPECT_THAT(ListOf(&one), SizeIs(1));
  EXPECT_THAT(ListOf(nullptr), SizeIs(0));
}

}  // namespace
}  // namespace lmgate::dialect

#include "controlplane/admin/field_mask.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/error_detail.h"
#include "lmgate/v1/resources.pb.h"
#include "tests/support/status_matchers.h"

namespace lmgate::admin {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::string_view kFixed[] = {"name", "revision"};

class FieldMaskTest : public ::testing::Test {
 protected:
  static v1::Connection Parse(const std::string& text) {
    v1::Connection connection;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &connection)) << text;
    return connection;
  }
  absl::Status Copy(const std::vector<std::string>& paths, const std::string& from) {
    google::protobuf::FieldMask mask;
    for (const std::string& path : paths) mask.add_paths(path);
    return CopyFields(mask, Parse(from), &to_, kFixed);
  }
  void ExpectResult(const std::string& text) {
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(to_, Parse(text)))
        << to_.DebugString();
  }

  v1::Connection to_ = Parse(
      "name: 'c' api_key: 'env:A' timeouts { connect { seconds: 1 } idle { seconds: 2 } } "
      "headers { key: 'a' value: '1' } headers { key: 'b.c' value: '2' }");
};

TEST_F(FieldMaskTest, CopiesOnlyTheNamedFields) {
  ASSERT_THAT(Copy({"api_key"}, "api_key: 'env:B' provider: 'openai'"), IsOk());

  EXPECT_EQ(to_.api_key(), "env:B");
  EXPECT_EQ(to_.provider(), "");
  EXPECT_EQ(to_.headers_size(), 2);
}

TEST_F(FieldMaskTest, AbsentFieldBecomesAbsent) {
  ASSERT_THAT(Copy({"api_key", "timeouts"}, ""), IsOk());

  ExpectResult("name: 'c' headers { key: 'a' value: '1' } headers { key: 'b.c' value: '2' }");
}

TEST_F(FieldMaskTest, PathMayGoOneLevelDown) {
  ASSERT_THAT(Copy({"timeouts.idle"}, "timeouts { idle { seconds: 9 } total { seconds: 8 } }"),
              IsOk());

  EXPECT_EQ(to_.timeouts().idle().seconds(), 9);
  EXPECT_EQ(to_.timeouts().connect().seconds(), 1);
  EXPECT_FALSE(to_.timeouts().has_total());
}

TEST_F(FieldMaskTest, PartThatBecomesEmptyIsAbsent) {
  ASSERT_THAT(Copy({"timeouts.idle"}, ""), IsOk());
  EXPECT_TRUE(to_.has_timeouts());

  ASSERT_THAT(Copy({"timeouts.connect"}, ""), IsOk());
  EXPECT_FALSE(to_.has_timeouts());
}

TEST_F(FieldMaskTest, OptionalFieldMayBeSetToItsDefault) {
  ASSERT_THAT(Copy({"auth.scheme"}, "auth { scheme: '' }"), IsOk());

  EXPECT_TRUE(to_.auth().has_scheme());
}

TEST_F(FieldMaskTest, MapIsReplacedAsAWhole) {
  ASSERT_THAT(Copy({"headers"}, "headers { key: 'z' value: '3' }"), IsOk());

  EXPECT_EQ(to_.headers_size(), 1);
  EXPECT_EQ(to_.headers().at("z"), "3");
}

TEST_F(FieldMaskTest, OneEntryOfAMapMayBeSetOrTakenAway) {
  ASSERT_THAT(Copy({"headers.b.c", "headers.z", "headers.a"},
                   "headers { key: 'b.c' value: '7' } headers { key: 'z' value: '8' }"),
              IsOk());

  EXPECT_EQ(to_.headers_size(), 2);
  EXPECT_EQ(to_.headers().at("b.c"), "7");
  EXPECT_EQ(to_.headers().at("z"), "8");
}

TEST_F(FieldMaskTest, UnknownFieldIsRefusedWithTheKnownOnesAndAHint) {
  const absl::Status status = Copy({"api_kee"}, "");

  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("api_kee"), HasSubstr("base_url"), HasSubstr("timeouts"))));
  EXPECT_EQ(GetFieldHint(status)->hint, "did you mean \"api_key\"?");
}

TEST_F(FieldMaskTest, UnknownFieldOneLevelDownIsRefused) {
  EXPECT_THAT(Copy({"timeouts.idel"}, ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("timeouts.idle")));
  EXPECT_FALSE(Copy({"timeouts.idle.seconds"}, "").ok());
  EXPECT_FALSE(Copy({"api_key.x"}, "").ok());
  EXPECT_FALSE(Copy({"headers."}, "").ok());
  EXPECT_FALSE(Copy({""}, "").ok());
}

TEST_F(FieldMaskTest, FixedFieldIsRefused) {
  EXPECT_THAT(Copy({"revision"}, "revision: 7"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"revision\"")));
}

TEST_F(FieldMaskTest, RefusalChangesNothing) {
  const std::string before = to_.DebugString();

  EXPECT_FALSE(Copy({"api_key", "nonsense"}, "api_key: 'env:B'").ok());

  EXPECT_EQ(to_.DebugString(), before);
}

TEST_F(FieldMaskTest, HasAtMostAThousandPaths) {
  EXPECT_THAT(Copy(std::vector<std::string>(1000, "api_key"), ""), IsOk());
  EXPECT_THAT(Copy(std::vector<std::string>(1001, "api_key"), ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1000")));
}

}  // namespace
}  // namespace lmgate::admin

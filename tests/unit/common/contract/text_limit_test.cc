#include "common/contract/text_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/contract/config_check.h"
#include "lmgate/v1/resources.pb.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/contract/refusal_matcher.h"

namespace lmgate::contract {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::Refuses;

TEST(CheckTextLimits, AStringEndsAt4096Bytes) {
  v1::Route route;
  route.set_strip_prefix(std::string(kTextBytesMax, 'a'));
  EXPECT_THAT(CheckTextLimits(route), IsOk());

  route.mutable_strip_prefix()->push_back('a');
  EXPECT_THAT(CheckTextLimits(route), Refuses("strip_prefix"));
}

TEST(CheckTextLimits, AListEndsAt1000Entries) {
  v1::Group group;
  for (int i = 0; i < kListEntriesMax; ++i) group.add_connections("c");
  EXPECT_THAT(CheckTextLimits(group), IsOk());

  group.add_connections("c");
  EXPECT_THAT(CheckTextLimits(group), Refuses("connections"));
}

TEST(CheckTextLimits, LooksIntoListsAndMessages) {
  v1::Route route;
  route.add_to()->set_model("fine");
  route.add_to()->set_model(std::string(kTextBytesMax + 1, 'a'));
  v1::Connection connection;
  connection.mutable_tls()->set_server_name(std::string(kTextBytesMax + 1, 'a'));

  EXPECT_THAT(CheckTextLimits(route), Refuses("to[1].model"));
  EXPECT_THAT(CheckTextLimits(connection), Refuses("tls.server_name"));
}

TEST(CheckTextLimits, RefusesControlCharactersInTextButNotInBytes) {
  v1::Route route;
  route.add_forward_headers("x\r\ny");
  v1::Key key;
  key.set_digest(std::string(32, '\0'));

  EXPECT_THAT(CheckTextLimits(route), Refuses("forward_headers[0]"));
  EXPECT_THAT(CheckTextLimits(key), IsOk());
}

TEST(CheckMapLimits, HoldsForKeysValuesAndTheirNumber) {
  google::protobuf::Map<std::string, std::string> map;
  for (int i = 0; i < kListEntriesMax; ++i) map[std::to_string(i)] = "x";
  EXPECT_THAT(CheckMapLimits("metadata", map), IsOk());
  map["one more"] = "x";
  EXPECT_THAT(CheckMapLimits("metadata", map), Refuses("metadata"));

  map.clear();
  map["k"] = std::string(kTextBytesMax + 1, 'a');
  EXPECT_THAT(CheckMapLimits("metadata", map), Refuses("metadata[\"k\"]"));
  map["k"] = "a\nb";
  EXPECT_THAT(CheckMapLimits("metadata", map), Refuses("metadata[\"k\"]"));
}

TEST(CheckName, TakesLettersDigitsAndTheMarks) {
  EXPECT_THAT(CheckName("name", "team-A_9", "_-"), IsOk());
  EXPECT_THAT(CheckName("name", "team.a", "_-"), Refuses("name"));
  EXPECT_THAT(CheckName("name", "team.a", "_-."), IsOk());
  EXPECT_THAT(CheckName("name", "größe", "_-"), Refuses("name"));
  EXPECT_THAT(CheckName("name", "", "_-"), Refuses("name"));
}

TEST(CheckName, EndsAt64Bytes) {
  EXPECT_THAT(CheckName("name", std::string(64, 'a'), ""), IsOk());
  EXPECT_THAT(CheckName("name", std::string(65, 'a'), ""), Refuses("name"));
}

}  // namespace
}  // namespace lmgate::contract

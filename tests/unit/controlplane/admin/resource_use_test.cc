#include "controlplane/admin/resource_use.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/error_detail.h"
#include "tests/support/status_matchers.h"

namespace lmgate::admin {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;

constexpr char kConfig[] = R"(
  connections { name: "openai" }
  connections { name: "claude" }
  connections { name: "spare" }
  groups { name: "all" connections: "*" }
  groups { name: "free" connections: "openai" }
  groups { name: "files" connections: "*" default_connection: "claude" }
  routes { name: "gpt" to { connection: "openai" } group: "free" }
  routes { name: "smart" to { connection: "claude" } to { connection: "openai" } }
)";

absl::Status Check(v1::ResourceKind kind, std::string_view name,
                   const std::string& config_text = kConfig) {
  v1::ConfigSet config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(config_text, &config));
  return CheckUnused(config, kind, name);
}

TEST(ResourceUse, ConnectionNamesItsRoutesAndGroups) {
  const absl::Status status = Check(v1::RESOURCE_KIND_CONNECTION, "openai");

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               "connection \"openai\" is used by routes \"gpt\", \"smart\" and by "
                               "group \"free\""));
  EXPECT_EQ(GetFieldHint(status)->hint, "remove it there first");
}

TEST(ResourceUse, DefaultConnectionIsAUse) {
  EXPECT_THAT(Check(v1::RESOURCE_KIND_CONNECTION, "claude"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "connection \"claude\" is used by route \"smart\" and by group \"files\""));
}

TEST(ResourceUse, GroupNamesItsRoutes) {
  EXPECT_THAT(
      Check(v1::RESOURCE_KIND_GROUP, "free"),
      StatusIs(absl::StatusCode::kFailedPrecondition, "group \"free\" is used by route \"gpt\""));
}

TEST(ResourceUse, WhatNobodyNamesMayGo) {
  EXPECT_THAT(Check(v1::RESOURCE_KIND_CONNECTION, "spare"), IsOk());
  EXPECT_THAT(Check(v1::RESOURCE_KIND_GROUP, "all"), IsOk());
  EXPECT_THAT(Check(v1::RESOURCE_KIND_ROUTE, "gpt"), IsOk());
  EXPECT_THAT(Check(v1::RESOURCE_KIND_KEY, "openai"), IsOk());
}

TEST(ResourceUse, FiveUsersAreNamedAndTheRestCounted) {
  std::string five = "connections { name: \"c\" } ";
  for (const char* name : {"1", "2", "3", "4", "5"}) {
    five += std::string("routes { name: \"") + name + "\" to { connection: \"c\" } } ";
  }
  const std::string six = five + "routes { name: \"6\" to { connection: \"c\" } }";

  EXPECT_THAT(Check(v1::RESOURCE_KIND_CONNECTION, "c", five),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "connection \"c\" is used by routes \"1\", \"2\", \"3\", \"4\", \"5\""));
  EXPECT_THAT(
      Check(v1::RESOURCE_KIND_CONNECTION, "c", six),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               "connection \"c\" is used by routes \"1\", \"2\", \"3\", \"4\", \"5\" and 1 more"));
}

}  // namespace
}  // namespace lmgate::admin

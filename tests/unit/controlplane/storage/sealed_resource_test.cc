#include "controlplane/storage/sealed_resource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/contract/resource.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/controlplane/storage/test_resources.h"

namespace lmgate::storage {
namespace {

using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

class SealedResourceTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::Resource> Unseal(std::string_view body, std::string_view name) {
    return UnsealResource(body, v1::RESOURCE_KIND_CONNECTION, name, box_);
  }

  testing::TempDir dir_;
  SecretBox box_ = *SecretBox::Create(dir_.File("secret.key"));
};

TEST_F(SealedResourceTest, ComesBackAsItWas) {
  v1::Connection connection = TestConnection("openai", "sk-literal");
  (*connection.mutable_headers())["x-a"] = "literal header";
  (*connection.mutable_headers())["x-b"] = "env:B";
  const v1::Resource resource = contract::MakeResource(connection);

  const auto back = Unseal(SealResource(resource, box_), "openai");

  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->hash(), resource.hash());
  EXPECT_EQ(back->DebugString(), resource.DebugString());
}

TEST_F(SealedResourceTest, HidesLiteralsAndKeepsReferences) {
  v1::Connection connection = TestConnection("openai", "sk-literal");
  (*connection.mutable_headers())["x-a"] = "literal header";
  (*connection.mutable_headers())["x-b"] = "env:B";

  const std::string body = SealResource(contract::MakeResource(connection), box_);

  EXPECT_THAT(body, Not(HasSubstr("sk-literal")));
  EXPECT_THAT(body, Not(HasSubstr("literal header")));
  EXPECT_THAT(body, HasSubstr("env:B"));
}

TEST_F(SealedResourceTest, HidesTheSecretsOfTheCloudsAndGivesThemBack) {
  v1::Connection connection = TestConnection("cloud", "");
  connection.mutable_aws()->set_secret_access_key("lit-1");
  connection.mutable_aws()->set_session_token("lit-2");
  connection.mutable_google()->set_service_account("lit-3");
  connection.mutable_azure()->set_client_secret("lit-4");
  const v1::Resource resource = contract::MakeResource(connection);

  const std::string body = SealResource(resource, box_);
  const auto back = Unseal(body, "cloud");

  EXPECT_THAT(body, Not(HasSubstr("lit-")));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->DebugString(), resource.DebugString());
}

TEST_F(SealedResourceTest, LiteralThatLooksSealedIsSealedLikeAnyOther) {
  const v1::Resource resource = contract::MakeResource(TestConnection("openai", "sealed:AAAA"));

  const auto back = Unseal(SealResource(resource, box_), "openai");

  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->connection().api_key(), "sealed:AAAA");
}

TEST_F(SealedResourceTest, SecretMovedToAnotherConnectionDoesNotOpen) {
  v1::Resource stolen;
  ASSERT_TRUE(stolen.ParseFromString(
      SealResource(contract::MakeResource(TestConnection("openai", "sk-literal")), box_)));
  stolen.mutable_connection()->set_name("mine");

  EXPECT_THAT(Unseal(stolen.SerializeAsString(), "mine"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("connection/mine")));
}

TEST_F(SealedResourceTest, ClearLiteralInARowIsRefused) {
  v1::Resource clear;
  *clear.mutable_connection() = TestConnection("openai", "sk-literal");

  EXPECT_THAT(Unseal(clear.SerializeAsString(), "openai"),
              StatusIs(absl::StatusCode::kDataLoss, Not(HasSubstr("sk-literal"))));
}

TEST_F(SealedResourceTest, RowOfAnotherNameOrKindOrNoneIsDamaged) {
  const std::string body = SealResource(contract::MakeResource(TestConnection("a", "")), box_);

  EXPECT_THAT(Unseal(body, "b"), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("\"b\"")));
  EXPECT_FALSE(UnsealResource(body, v1::RESOURCE_KIND_GROUP, "a", box_).ok());
  EXPECT_FALSE(Unseal("\xff", "a").ok());
}

}  // namespace
}  // namespace lmgate::storage

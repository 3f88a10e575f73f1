#include "controlplane/admin/connection_service.h"

#include <thread>

#include "common/base/error_detail.h"
#include "tests/unit/controlplane/admin/admin_fixture.h"

namespace lmgate::admin {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Stub = v1::ConnectionService::Stub;

class ConnectionServiceTest : public AdminFixture {
 protected:
  absl::StatusOr<v1::ConnectionReply> Create(const std::string& text) {
    v1::CreateConnectionRequest request;
    *request.mutable_connection() = Text<v1::Connection>(text);
    return Call(&Stub::CreateConnection, request);
  }
  absl::StatusOr<v1::ConnectionReply> Update(const std::string& text) {
    return Call(&Stub::UpdateConnection, Text<v1::UpdateConnectionRequest>(text));
  }
  absl::StatusOr<v1::Connection> Get(const std::string& name) {
    v1::GetRequest request;
    request.set_name(name);
    return Call(&Stub::GetConnection, request);
  }
  absl::StatusOr<v1::DeleteReply> Delete(const std::string& text) {
    return Call(&Stub::DeleteConnection, Text<v1::DeleteRequest>(text));
  }
  std::string StoredApiKey(const std::string& name) {
    return (*FindResource(*store_, v1::RESOURCE_KIND_CONNECTION, name))->connection().api_key();
  }
};

TEST_F(ConnectionServiceTest, CreatedOneIsThere) {
  const auto created = Create("name: 'openai' provider: 'openai' api_key: 'env:KEY'");

  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->revision(), 1u);
  EXPECT_EQ(created->connection().revision(), 1u);
  const auto got = Get("openai");
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->api_key(), "env:KEY");
  EXPECT_EQ(store_->ListChanges(0, 1)->at(0).actor, "ann");
  EXPECT_EQ(store_->ListChanges(0, 1)->at(0).operation, "connections add");
}

TEST_F(ConnectionServiceTest, CreatingItTwiceIsAlreadyExists) {
  ASSERT_THAT(Create("name: 'openai' provider: 'openai' api_key: 'env:K'"), IsOk());

  EXPECT_THAT(Create("name: 'openai' provider: 'openai' api_key: 'env:OTHER'"),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("openai")));
}

TEST_F(ConnectionServiceTest, UnlawfulOneIsRefusedWithThePath) {
  const auto refused = Create("name: 'openai' provider: 'opanai'");

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("connections[\"openai\"].provider")));
  EXPECT_EQ(GetFieldHint(refused.status())->field, "connections[\"openai\"].provider");
  EXPECT_EQ(Revision(), 0u);
}

TEST_F(ConnectionServiceTest, LiteralGoesInAndNeverComesOut) {
  const auto created = Create(
      "name: 'openai' provider: 'openai' api_key: 'sk-literal' "
      "headers { key: 'x-team' value: 'literal too' }");

  ASSERT_THAT(created, IsOk());
  EXPECT_THAT(created->connection().api_key(), StartsWith("stored:"));
  EXPECT_THAT(created->DebugString(), AllOf(Not(HasSubstr("sk-literal")), Not(HasSubstr("too"))));
  EXPECT_THAT(Get("openai")->DebugString(), Not(HasSubstr("sk-literal")));
  const auto list = Call(&Stub::ListConnections, v1::ListRequest());
  EXPECT_THAT(list->DebugString(), AllOf(HasSubstr("stored:"), Not(HasSubstr("sk-literal"))));
  EXPECT_EQ(StoredApiKey("openai"), "sk-literal");
}

TEST_F(ConnectionServiceTest, StoredFingerprintKeepsWhatIsStored) {
  const auto created = Create("name: 'openai' provider: 'openai' api_key: 'sk-literal'");
  ASSERT_THAT(created, IsOk());

  v1::UpdateConnectionRequest request;
  *request.mutable_connection() = created->connection();
  request.mutable_connection()->mutable_timeouts()->mutable_idle()->set_seconds(9);
  request.mutable_update_mask()->add_paths("api_key");
  request.mutable_update_mask()->add_paths("timeouts");
  EXPECT_THAT(Call(&Stub::UpdateConnection, request), IsOk());
  EXPECT_EQ(StoredApiKey("openai"), "sk-literal");

  EXPECT_THAT(Update("connection { name: 'openai' api_key: 'stored:000000000000' } "
                     "update_mask { paths: 'api_key' }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("api_key")));
  EXPECT_THAT(Create("name: 'other' provider: 'openai' api_key: 'stored:000000000000'"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("api_key")));
}

TEST_F(ConnectionServiceTest, UpdateChangesOnlyTheFieldsOfItsMask) {
  ASSERT_THAT(Create("name: 'openai' provider: 'openai' api_key: 'env:A' "
                     "timeouts { connect { seconds: 1 } idle { seconds: 2 } }"),
              IsOk());

  const auto updated = Update(
      "connection { name: 'openai' timeouts { idle { seconds: 9 } } } "
      "update_mask { paths: 'timeouts.idle' }");

  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->connection().timeouts().idle().seconds(), 9);
  EXPECT_EQ(updated->connection().timeouts().connect().seconds(), 1);
  EXPECT_EQ(updated->connection().api_key(), "env:A");
  EXPECT_EQ(updated->connection().revision(), 2u);
}

TEST_F(ConnectionServiceTest, UpdateNeedsAMaskAndKnowsItsFields) {
  ASSERT_THAT(Create("name: 'openai' provider: 'openai' api_key: 'env:K'"), IsOk());

  EXPECT_THAT(Update("connection { name: 'openai' }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("update_mask")));
  EXPECT_THAT(Update("connection { name: 'openai' } update_mask { paths: 'timeout' }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("timeouts")));
  EXPECT_THAT(Update("connection { name: 'openai' } update_mask { paths: 'name' }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"name\"")));
}

TEST_F(ConnectionServiceTest, UpdateOfNothingMakesNoRevision) {
  ASSERT_THAT(Create("name: 'openai' provider: 'openai' api_key: 'env:A'"), IsOk());

  const auto same =
      Update("connection { name: 'openai' api_key: 'env:A' } update_mask { paths: 'api_key' }");

  ASSERT_THAT(same, IsOk());
  EXPECT_EQ(same->revision(), 1u);
  EXPECT_EQ(same->connection().revision(), 1u);
}

TEST_F(ConnectionServiceTest, ExpectedRevisionGuardsUpdateAndDelete) {
  ASSERT_THAT(Create("name: 'openai' provider: 'openai' api_key: 'env:K'"), IsOk());
  ASSERT_THAT(Update("connection { name: 'openai' api_key: 'env:B' } expected_revision: 1 "
                     "update_mask { paths: 'api_key' }"),
              IsOk());

  EXPECT_THAT(Update("connection { name: 'openai' api_key: 'env:C' } expected_revision: 1 "
                     "update_mask { paths: 'api_key' }"),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("revision 2, not at 1")));
  EXPECT_THAT(Delete("name: 'openai' expected_revision: 1"),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("openai")));
  EXPECT_THAT(Delete("name: 'openai' expected_revision: 2"), IsOk());
}

TEST_F(ConnectionServiceTest, MissingOneIsNotFoundWithASuggestion) {
  ASSERT_THAT(Create("name: 'openai' provider: 'openai' api_key: 'env:K'"), IsOk());

  const auto missing = Get("opena1");

  EXPECT_THAT(missing, StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"opena1\"")));
  EXPECT_EQ(GetFieldHint(missing.status())->hint, "did you mean \"openai\"?");
  EXPECT_EQ(Delete("name: 'opena1'").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Get("").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ConnectionServiceTest, OneInUseCannotBeDeleted) {
  AddBasics();

  EXPECT_THAT(Delete("name: 'openai'"), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                 HasSubstr("\"openai\" is used by route \"*\"")));
  EXPECT_THAT(Get("openai"), IsOk());
}

TEST_F(ConnectionServiceTest, ListComesInPagesByName) {
  for (const char* name : {"c", "a", "e", "b", "d"}) {
    ASSERT_THAT(Create(std::string("name: '") + name + "' provider: 'openai' api_key: 'env:K'"),
                IsOk());
  }
  std::vector<std::string> names;
  std::vector<int> sizes;
  v1::ListRequest request;
  request.set_page_size(2);

  do {
    const auto page = Call(&Stub::ListConnections, request);
    ASSERT_THAT(page, IsOk());
    sizes.push_back(page->connections_size());
    for (const auto& connection : page->connections()) names.push_back(connection.name());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());

  EXPECT_THAT(names, ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(sizes, ElementsAre(2, 2, 1));
}

TEST_F(ConnectionServiceTest, ListIsFilteredByAPattern) {
  for (const char* name : {"eu-1", "eu-2", "us-1"}) {
    ASSERT_THAT(Create(std::string("name: '") + name + "' provider: 'openai' api_key: 'env:K'"),
                IsOk());
  }

  const auto list = Call(&Stub::ListConnections, Text<v1::ListRequest>("filter: 'eu-*'"));

  ASSERT_THAT(list, IsOk());
  EXPECT_EQ(list->connections_size(), 2);
  EXPECT_EQ(list->next_page_token(), "");
}

TEST_F(ConnectionServiceTest, ForeignPageTokenIsRefused) {
  EXPECT_THAT(Call(&Stub::ListConnections, Text<v1::ListRequest>("page_token: '!'")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_token")));
}

TEST_F(ConnectionServiceTest, ConcurrentUpdatesLoseNothing) {
  ASSERT_THAT(Create("name: 'c' provider: 'openai' api_key: 'env:K'"), IsOk());
  constexpr int kWriters = 4;
  constexpr int kUpdates = 10;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([this, w] {
      for (int i = 0; i < kUpdates; ++i) {
        const std::string header = "x-" + std::to_string(w) + "-" + std::to_string(i);
        EXPECT_THAT(Update("connection { name: 'c' headers { key: '" + header +
                           "' value: 'env:V' } } update_mask { paths: 'headers." + header + "' }"),
                    IsOk());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();

  EXPECT_EQ(Get("c")->headers_size(), kWriters * kUpdates);
  EXPECT_EQ(Revision(), 1u + kWriters * kUpdates);
}

}  // namespace
}  // namespace lmgate::admin

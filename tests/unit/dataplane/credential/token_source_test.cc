#include "dataplane/credential/token_source.h"

#include <absl/random/random.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "common/base/strings.h"
#include "tests/support/fake_clock.h"
#include "tests/support/scripted_upstream.h"

namespace lmgate::credential {
namespace {

using ::lmgate::testing::FakeClock;
using ::lmgate::testing::ScriptedUpstream;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using AuthMode = contract::EffectiveConnection::AuthMode;

ScriptedUpstream::Answer Token(std::string_view token) {
  const std::string body = StrCat(R"({"access_token":")", token, R"(","expires_in":3600})");
  return {.bytes = StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", body.size(), "\r\n\r\n", body)};
}
ScriptedUpstream::Answer Failure() {
  return {.bytes = "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}"};
}

class TokenSourceTest : public ::testing::Test {
 protected:
  using ConnectionPtr = std::shared_ptr<const snapshot::UpstreamConnection>;

  // An Azure connection whose tokens the endpoint gives.
  ConnectionPtr Entra(const std::string& name, const std::string& client_id = "c") {
    auto connection = std::make_shared<snapshot::UpstreamConnection>();
    connection->name = name;
    connection->config.auth_mode = AuthMode::kEntra;
    const std::string url = endpoint_->base_url();
    connection->account = {.entra_tenant_id = "t",
                           .entra_client_id = client_id,
                           .entra_client_secret = "s",
                           .entra_authority = url.substr(0, url.size() - 3),
                           .entra_scope = "s"};
    return connection;
  }
  void Answer(std::vector<ScriptedUpstream::Answer> answers) {
    endpoint_ = std::make_unique<ScriptedUpstream>(std::move(answers));
  }
  size_t calls() const { return endpoint_->requests().size(); }
  Credential Current(const ConnectionPtr& connection) {
    return *source_.FindSlot(*connection)->Get();
  }

  FakeClock clock_;
  absl::BitGen random_;
  std::unique_ptr<ScriptedUpstream> endpoint_;
  TokenSource source_{{},
                      [](std::string_view reference) -> absl::StatusOr<std::string> {
                        if (reference == "env:AWS_EC2_METADATA_DISABLED") return "true";
                        return absl::NotFoundError(StrCat(reference, " is not there"));
                      },
                      clock_,
                      random_};
};

TEST_F(TokenSourceTest, FetchesWhatAConnectionNeeds) {
  Answer({Token("one")});
  const ConnectionPtr connection = Entra("azure");

  source_.Use({connection});
  EXPECT_THAT(Current(connection).problem, HasSubstr("not been fetched yet"));
  const absl::Time next = source_.FetchDue();

  EXPECT_EQ(Current(connection).header_line, "Authorization: Bearer one\r\n");
  EXPECT_EQ(Current(connection).problem, "");
  EXPECT_LT(next, clock_.Now() + absl::Minutes(55.1));
  EXPECT_GT(next, clock_.Now() + absl::Minutes(53));
}

TEST_F(TokenSourceTest, RefreshesBeforeTheEnd) {
  Answer({Token("one"), Token("two")});
  const ConnectionPtr connection = Entra("azure");
  source_.Use({connection});
  source_.FetchDue();

  clock_.Advance(absl::Minutes(53));
  source_.FetchDue();
  EXPECT_EQ(calls(), 1U);
  clock_.Advance(absl::Minutes(3));
  source_.FetchDue();

  EXPECT_EQ(Current(connection).header_line, "Authorization: Bearer two\r\n");
}

TEST_F(TokenSourceTest, AFailureKeepsTheOldTokenUntilItsEnd) {
  Answer({Token("one"), Failure()});
  const ConnectionPtr connection = Entra("azure");
  source_.Use({connection});
  source_.FetchDue();

  clock_.Advance(absl::Minutes(59));
  source_.FetchDue();
  EXPECT_EQ(Current(connection).header_line, "Authorization: Bearer one\r\n");
  EXPECT_THAT(source_.FindProblems(), IsEmpty());
  clock_.Advance(absl::Minutes(1));
  source_.FetchDue();

  EXPECT_EQ(Current(connection).header_line, "");
  EXPECT_EQ(Current(connection).problem, "the token endpoint 127.0.0.1: answered 503");
}

TEST_F(TokenSourceTest, TheEndOfAnOldTokenIsNotSleptThrough) {
  Answer({Token("one"), Failure()});
  source_.Use({Entra("azure")});
  source_.FetchDue();
  const absl::Time end = clock_.Now() + absl::Hours(1);

  clock_.Advance(absl::Minutes(59));
  absl::Time next = source_.FetchDue();
  while (next < end) {
    clock_.Advance(next - clock_.Now());
    next = source_.FetchDue();
    ASSERT_LT(calls(), 100U);
  }

  EXPECT_EQ(next, end);
}

TEST_F(TokenSourceTest, BacksOffAndComesBack) {
  Answer({Failure(), Failure(), Failure(), Token("one")});
  const ConnectionPtr connection = Entra("azure");
  source_.Use({connection});

  std::vector<absl::Duration> waits;
  for (int i = 0; i < 3; ++i) {
    const absl::Time next = source_.FetchDue();
    waits.push_back(next - clock_.Now());
    EXPECT_THAT(Current(connection).problem, HasSubstr("answered 503"));
    clock_.Advance(waits.back());
  }
  source_.FetchDue();

  EXPECT_LE(waits[0], absl::Seconds(1));
  EXPECT_LE(waits[1], absl::Seconds(2));
  EXPECT_GE(waits[2], absl::Seconds(2));
  EXPECT_EQ(Current(connection).header_line, "Authorization: Bearer one\r\n");
}

TEST_F(TokenSourceTest, ConnectionsOfOneAccountShareAToken) {
  Answer({Token("one"), Token("two")});
  const ConnectionPtr a = Entra("a");
  const ConnectionPtr b = Entra("b");
  const ConnectionPtr other = Entra("c", "other-client");

  source_.Use({a, b, other});
  source_.FetchDue();

  EXPECT_EQ(calls(), 2U);
  EXPECT_EQ(source_.FindSlot(*a), source_.FindSlot(*b));
  EXPECT_NE(source_.FindSlot(*a), source_.FindSlot(*other));
}

TEST_F(TokenSourceTest, AnotherConfigurationKeepsWhatItStillNeeds) {
  Answer({Token("one"), Token("two")});
  const ConnectionPtr a = Entra("a");
  const ConnectionPtr b = Entra("b", "other-client");
  source_.Use({a});
  source_.FetchDue();
  const auto slot = source_.FindSlot(*a);

  source_.Use({Entra("a-renamed"), b});
  source_.FetchDue();
  source_.Use({b});

  EXPECT_EQ(calls(), 2U);
  EXPECT_EQ(slot->Get()->header_line, "Authorization: Bearer one\r\n");
  EXPECT_EQ(source_.FindSlot(*a), nullptr);
}

TEST_F(TokenSourceTest, NamesTheConnectionsThatHaveNone) {
  Answer({Failure()});
  source_.Use({Entra("b"), Entra("a")});
  EXPECT_THAT(source_.FindProblems(), IsEmpty());

  source_.FetchDue();

  const std::string message = "the token endpoint 127.0.0.1: answered 503";
  EXPECT_THAT(source_.FindProblems(),
              ElementsAre(TokenSource::Problem{.connection = "a", .message = message},
                          TokenSource::Problem{.connection = "b", .message = message}));
}

TEST_F(TokenSourceTest, TellsWhenItsProblemsChange) {
  Answer({Failure(), Failure(), Token("one")});
  std::vector<size_t> told;
  TokenSource source(
      {}, [](std::string_view) { return absl::NotFoundError("no"); }, clock_, random_,
      [&told](const auto& problems) { told.push_back(problems.size()); });
  source.Use({Entra("azure")});

  for (int i = 0; i < 3; ++i) {
    source.FetchDue();
    clock_.Advance(absl::Seconds(5));
  }

  EXPECT_THAT(told, ElementsAre(1, 0));
}

TEST_F(TokenSourceTest, KeysOfTheConfigurationAreThereAtOnce) {
  auto connection = std::make_shared<snapshot::UpstreamConnection>();
  connection->config.auth_mode = AuthMode::kAwsSigV4;
  connection->account = {.aws_access_key_id = "AKI", .aws_secret_access_key = "s"};

  source_.Use({connection});

  EXPECT_EQ(Current(connection).aws_keys,
            (AwsKeys{.access_key_id = "AKI", .secret_access_key = "s"}));
  EXPECT_EQ(source_.FetchDue(), absl::InfiniteFuture());
}

TEST_F(TokenSourceTest, ARefusedTokenIsFetchedAnewAtOnce) {
  Answer({Token("one"), Token("two")});
  const ConnectionPtr connection = Entra("azure");
  source_.Use({connection});
  source_.FetchDue();

  source_.Renew(*connection);
  const absl::Time next = source_.FetchDue();

  EXPECT_EQ(Current(connection).header_line, "Authorization: Bearer two\r\n");
  EXPECT_GT(next, clock_.Now() + absl::Minutes(53));
}

TEST_F(TokenSourceTest, RefusalsRenewOnceAMinute) {
  Answer({Token("one")});
  const ConnectionPtr connection = Entra("azure");
  source_.Use({connection});
  std::vector<size_t> calls_after;

  for (int i = 0; i < 5; ++i) {
    source_.FetchDue();
    calls_after.push_back(calls());
    // The connections of an account share its token.
    source_.Renew(i % 2 == 0 ? *connection : *Entra("another"));
    clock_.Advance(absl::Seconds(30));
  }

  EXPECT_THAT(calls_after, ElementsAre(1, 2, 2, 3, 3));
}

TEST_F(TokenSourceTest, ARenewalThatFailsKeepsTheRefusedToken) {
  // Most refusals are not about the token.
  Answer({Token("one"), Failure()});
  const ConnectionPtr connection = Entra("azure");
  source_.Use({connection});
  source_.FetchDue();

  source_.Renew(*connection);
  source_.FetchDue();

  EXPECT_EQ(calls(), 2U);
  EXPECT_EQ(Current(connection).header_line, "Authorization: Bearer one\r\n");
}

TEST_F(TokenSourceTest, RefusedKeysOfTheConfigurationStay) {
  auto connection = std::make_shared<snapshot::UpstreamConnection>();
  connection->config.auth_mode = AuthMode::kAwsSigV4;
  connection->account = {.aws_access_key_id = "AKI", .aws_secret_access_key = "s"};
  source_.Use({connection});

  source_.Renew(*connection);

  EXPECT_EQ(source_.FetchDue(), absl::InfiniteFuture());
  EXPECT_EQ(Current(connection).problem, "");
}

TEST_F(TokenSourceTest, HasNothingForOtherConnections) {
  auto with_key = std::make_shared<snapshot::UpstreamConnection>();
  auto unavailable = std::make_shared<snapshot::UpstreamConnection>();
  unavailable->config.auth_mode = AuthMode::kEntra;
  unavailable->unavailable_reason = "environment variable X is not set";

  source_.Use({with_key, unavailable});

  EXPECT_EQ(source_.FindSlot(*with_key), nullptr);
  EXPECT_EQ(source_.FindSlot(*unavailable), nullptr);
}

TEST_F(TokenSourceTest, ATokenThatHasExpiredAlreadyIsNone) {
  const std::string keys =
      R"({"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"2001-01-01T00:00:00Z"})";
  Answer({{.bytes = StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", keys.size(), "\r\n\r\n", keys)}});
  const std::string url = endpoint_->base_url();
  TokenSource source(
      {},
      [&url](std::string_view reference) -> absl::StatusOr<std::string> {
        if (reference == "env:AWS_CONTAINER_CREDENTIALS_FULL_URI") return url;
        return absl::NotFoundError("no");
      },
      clock_, random_);
  auto connection = std::make_shared<snapshot::UpstreamConnection>();
  connection->config.auth_mode = AuthMode::kAwsSigV4;

  source.Use({connection});
  source.FetchDue();

  EXPECT_THAT(source.FindSlot(*connection)->Get()->problem, HasSubstr("expired already"));
}

TEST_F(TokenSourceTest, RunFetchesAsSoonAsAConnectionComes) {
  Answer({Token("one")});
  std::thread thread([this] { source_.Run(); });
  const ConnectionPtr connection = Entra("azure");

  source_.Use({connection});

  EXPECT_TRUE(source_.AwaitFirstTries(absl::Seconds(10)));
  EXPECT_EQ(Current(connection).header_line, "Authorization: Bearer one\r\n");
  source_.Stop();
  thread.join();
}

TEST_F(TokenSourceTest, RunFetchesAsSoonAsATokenIsRefused) {
  Answer({Token("one"), Token("two")});
  std::thread thread([this] { source_.Run(); });
  const ConnectionPtr connection = Entra("azure");
  source_.Use({connection});
  EXPECT_TRUE(source_.AwaitFirstTries(absl::Seconds(10)));

  source_.Renew(*connection);

  // Run itself would look again after 30 seconds.
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (calls() < 2 && absl::Now() < deadline) std::this_thread::yield();
  EXPECT_EQ(calls(), 2U);
  source_.Stop();
  thread.join();
}

TEST_F(TokenSourceTest, StopEndsACallThatHangs) {
  // Answers nothing.
  Answer({{.bytes = ""}});
  std::thread thread([this] { source_.Run(); });
  const ConnectionPtr connection = Entra("azure");
  source_.Use({connection});
  EXPECT_FALSE(source_.AwaitFirstTries(absl::Milliseconds(20)));

  source_.Stop();
  thread.join();

  EXPECT_THAT(source_.FindProblems(), SizeIs(0));
}

}  // namespace
}  // namespace lmgate::credential

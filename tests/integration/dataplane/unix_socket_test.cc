#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/base/strings.h"
#include "tests/fakeprovider/fake_provider.h"
#include "tests/fakeprovider/test_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_dataplane.h"
#include "tests/support/unix_relay.h"

namespace lmgate {
namespace {

using fakeprovider::FakeProvider;
using fakeprovider::JournalEntry;
using fakeprovider::ReadEnd;
using fakeprovider::TestClient;
using fakeprovider::TestResponse;
using testing::BasicSource;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::kTestKey;
using testing::TestDataplane;

// A provider that is reached by `base_url: unix:/…/llm.sock:/v1`.
class UnixSocket : public ::testing::Test {
 protected:
  UnixSocket() {
    auto provider = FakeProvider::Create({});
    EXPECT_TRUE(provider.ok()) << provider.status();
    provider_ = *std::move(provider);
    dataplane_ = std::make_unique<TestDataplane>(BasicSource(StrCat("unix:", Path(), ":/v1")));
    client_ = std::make_unique<TestClient>(dataplane_->port());
  }

  void StartRelay() { relay_ = std::make_unique<testing::UnixRelay>(Path(), provider_->port()); }
  std::string Path() const { return directory_.File("llm.sock"); }

  TestResponse Chat(std::string_view model, bool stream) {
    return client_->Post("/v1/chat/completions",
                         StrCat("{\"model\":\"", model, "\",\"stream\":", stream ? "true" : "false",
                                ",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}"),
                         StrCat("Authorization: Bearer ", kTestKey, "\r\n"));
  }

  testing::TempDir directory_;
  std::unique_ptr<FakeProvider> provider_;
  std::unique_ptr<testing::UnixRelay> relay_;
  std::unique_ptr<TestDataplane> dataplane_;
  std::unique_ptr<TestClient> client_;
};

TEST_F(UnixSocket, CarriesPlainAndStreamedAnswersOnOneConnection) {
  StartRelay();

  for (int i = 0; i < 5; ++i) {
    const TestResponse plain = Chat("size-200000", /*stream=*/false);
    ASSERT_EQ(plain.status, 200) << plain.body;
    ASSERT_EQ(plain.end, ReadEnd::kComplete);
    EXPECT_GT(plain.body.size(), 200000u);
    const TestResponse streamed = Chat("stream-20-100-0", /*stream=*/true);
    ASSERT_EQ(streamed.status, 200) << streamed.body;
    EXPECT_EQ(streamed.end, ReadEnd::kComplete);
    EXPECT_THAT(streamed.body, EndsWith("data: [DONE]\n\n"));
    EXPECT_EQ(streamed.chunks.size(), provider_->Journal().back().chunks_sent);
  }

  const JournalEntry entry = provider_->Journal().front();
  EXPECT_EQ(entry.target, "/v1/chat/completions");
  EXPECT_EQ(entry.FindHeader("host"), "localhost");
  EXPECT_EQ(entry.FindHeader("authorization"), "Bearer provider-secret");
  EXPECT_EQ(provider_->Stats().total_connections, 1u);
}

TEST_F(UnixSocket, MissingOneIsAConnectErrorUntilItIsThere) {
  const TestResponse none = Chat("gpt-4o", /*stream=*/false);
  StartRelay();
  const TestResponse there = Chat("gpt-4o", /*stream=*/false);

  EXPECT_EQ(none.status, 502);
  EXPECT_THAT(none.body, HasSubstr("upstream_connect_failed"));
  EXPECT_EQ(there.status, 200) << there.body;
}

}  // namespace
}  // namespace lmgate

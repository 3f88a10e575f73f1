#include "dataplane/dialect/response_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
const absl::Time kNow = absl::FromUnixSeconds(1730000000);

std::string Response(std::string_view id, std::string_view item_id, std::string_view text) {
  return StrCat(
      R"({"id":")", id, R"(","status":"completed","output":[{"id":")", item_id,
      R"(","type":"message","role":"assistant","content":[{"type":"output_text","text":")", text,
      R"("}]}]})");
}

class ResponseStoreTest : public ::testing::Test {
 protected:
  void Make(const ResponseStore::Options& options) {
    store_ = std::make_unique<ResponseStore>(options);
  }
  void Remember(std::string_view owner, std::string_view request, std::string_view response) {
    store_->Remember(owner, request, response, now_);
  }
  absl::StatusOr<std::string> Resolve(std::string_view owner, std::string_view body) {
    return store_->ResolveState(owner, body, now_);
  }
  void RememberCall(std::string_view owner, std::string_view id, std::string_view text) {
    store_->RememberCall(owner, id, Json(text), now_);
  }
  // Empty = not known.
  std::string FindCall(std::string_view owner, std::string_view id) {
    size_t bytes_left = 1000;
    const absl::StatusOr<Json> call = store_->FindCall(owner, id, now_, &bytes_left);
    return call.ok() ? DumpJson(*call) : std::string();
  }
  // The texts of the resolved input, joined.
  std::string Texts(std::string_view owner, std::string_view body) {
    const absl::StatusOr<std::string> resolved = Resolve(owner, body);
    if (!resolved.ok()) return std::string(resolved.status().message());
    const absl::StatusOr<Json> json = ParseJson(*resolved);
    std::string texts;
    for (const Json& item : (*json)["input"]) {
      const Json& content = item["content"];
      StrAppend(
          &texts, item["role"].get<std::string>(), ":",
          content.is_string() ? content.get<std::string>() : content[0]["text"].get<std::string>(),
          " ");
    }
    return texts;
  }
  std::string FieldOf(const absl::StatusOr<std::string>& result) {
    return GetFieldHint(result.status()).value_or(FieldHint{}).field;
  }

  absl::Time now_ = kNow;
  std::unique_ptr<ResponseStore> store_ = std::make_unique<ResponseStore>(ResponseStore::Options{});
};

TEST_F(ResponseStoreTest, PutsTheEarlierItemsBeforeTheInput) {
  Remember("k1", R"({"input":"one"})", Response("resp_1", "msg_1", "two"));

  EXPECT_EQ(Texts("k1", R"({"model":"m","previous_response_id":"resp_1","input":"three"})"),
            "user:one assistant:two user:three ");
}

TEST_F(ResponseStoreTest, ResolvesWholeChains) {
  Remember("k1", R"({"input":[{"role":"user","content":"one"}]})",
           Response("resp_1", "msg_1", "two"));
  const auto second = Resolve("k1", R"({"previous_response_id":"resp_1","input":"three"})");
  ASSERT_TRUE(second.ok());
  Remember("k1", *second, Response("resp_2", "msg_2", "four"));

  EXPECT_EQ(Texts("k1", R"({"previous_response_id":"resp_2","input":"five"})"),
            "user:one assistant:two user:three assistant:four user:five ");
}

TEST_F(ResponseStoreTest, KeepsTheOtherMembersAndDropsTheReference) {
  Remember("k1", R"({"input":"one"})", Response("resp_1", "msg_1", "two"));

  const auto resolved =
      Resolve("k1", R"({"temperature":0,"previous_response_id":"resp_1","input":[]})");

  ASSERT_TRUE(resolved.ok());
  EXPECT_THAT(*resolved, HasSubstr(R"("temperature":0)"));
  EXPECT_THAT(*resolved, ::testing::Not(HasSubstr("previous_response_id")));
}

TEST_F(ResponseStoreTest, ReplacesReferencesInPlace) {
  Remember("k1", R"({"input":"one"})", Response("resp_1", "msg_1", "two"));

  EXPECT_EQ(Texts("k1", R"({"input":[{"role":"user","content":"one"},
      {"type":"item_reference","id":"msg_1"},{"role":"user","content":"three"}]})"),
            "user:one assistant:two user:three ");
}

TEST_F(ResponseStoreTest, NamesWhatItDoesNotKnow) {
  const auto response = Resolve("k1", R"({"previous_response_id":"resp_9","input":"x"})");
  const auto item = Resolve("k1", R"({"input":["x",{"type":"item_reference","id":"msg_9"}]})");

  EXPECT_THAT(response,
              StatusIs(kInvalid, HasSubstr("Previous response with id 'resp_9' not found.")));
  EXPECT_EQ(FieldOf(response), "previous_response_id");
  EXPECT_THAT(item, StatusIs(kInvalid, HasSubstr("Item with id 'msg_9' not found.")));
  EXPECT_EQ(FieldOf(item), "input[1]");
}

TEST_F(ResponseStoreTest, RefusesAReferenceOfAnotherType) {
  EXPECT_EQ(FieldOf(Resolve("k1", R"({"previous_response_id":5,"input":"x"})")),
            "previous_response_id");
}

TEST_F(ResponseStoreTest, ShowsNothingToAnotherOwner) {
  Remember("k1", R"({"input":"one"})", Response("resp_1", "msg_1", "two"));

  EXPECT_THAT(Resolve("k2", R"({"previous_response_id":"resp_1"})"),
              StatusIs(kInvalid, ::testing::_));
  EXPECT_THAT(Resolve("k2", R"({"input":[{"type":"item_reference","id":"msg_1"}]})"),
              StatusIs(kInvalid, ::testing::_));
}

TEST_F(ResponseStoreTest, LeavesOtherBodiesAsTheyAre) {
  for (const std::string_view body :
       {R"({ "input": "x" })", R"({ "previous_response_id": null, "input":"x" })",
        "previous_response_id", R"({"input":[ {"role":"user","content":"item_reference"} ]})"}) {
    const auto resolved = Resolve("k1", body);
    ASSERT_TRUE(resolved.ok());
    EXPECT_EQ(*resolved, body);
  }
}

TEST_F(ResponseStoreTest, KeepsNothingOfRequestsThatSayStoreFalse) {
  Remember("k1", R"({"input":"one","store":false})", Response("resp_1", "msg_1", "two"));

  EXPECT_EQ(store_->entries(), 0U);
}

TEST_F(ResponseStoreTest, KeepsNothingOfFailedAnswers) {
  Remember("k1", R"({"input":"one"})", R"({"id":"resp_1","status":"failed","output":[]})");
  Remember("k1", R"({"input":"one"})", "no json");

  EXPECT_EQ(store_->entries(), 0U);
}

TEST_F(ResponseStoreTest, ForgetsAtTheEndOfItsTime) {
  Make({.ttl = absl::Minutes(1)});
  Remember("k1", R"({"input":"one"})", Response("resp_1", "msg_1", "two"));

  now_ = kNow + absl::Minutes(1) - absl::Nanoseconds(1);
  EXPECT_TRUE(Resolve("k1", R"({"previous_response_id":"resp_1"})").ok());
  now_ += absl::Minutes(1);
  EXPECT_FALSE(Resolve("k1", R"({"previous_response_id":"resp_1"})").ok());
}

TEST_F(ResponseStoreTest, UseProlongsTheTime) {
  Make({.ttl = absl::Minutes(1)});
  Remember("k1", R"({"input":"one"})", Response("resp_1", "msg_1", "two"));

  for (int i = 0; i < 5; ++i) {
    now_ += absl::Seconds(40);
    EXPECT_TRUE(Resolve("k1", R"({"previous_response_id":"resp_1"})").ok());
  }
}

TEST_F(ResponseStoreTest, DropsTheLeastUsedAtTheMostEntries) {
  Make({.entries_max = 4});
  Remember("k1", R"({"input":"one"})", Response("resp_1", "msg_1", "two"));
  Remember("k1", R"({"input":"one"})", Response("resp_2", "msg_2", "two"));
  EXPECT_EQ(store_->entries(), 4U);
  EXPECT_TRUE(Resolve("k1", R"({"previous_response_id":"resp_1"})").ok());

  Remember("k1", R"({"input":"one"})", Response("resp_3", "msg_3", "two"));

  EXPECT_EQ(store_->entries(), 4U);
  EXPECT_TRUE(Resolve("k1", R"({"previous_response_id":"resp_1"})").ok());
  EXPECT_TRUE(Resolve("k1", R"({"previous_response_id":"resp_3"})").ok());
  EXPECT_FALSE(Resolve("k1", R"({"input":[{"type":"item_reference","id":"msg_1"}]})").ok());
}

TEST_F(ResponseStoreTest, DropsTheLeastUsedAtTheMostBytes) {
  Remember("k1", R"({"input":"one"})", Response("resp_1", "msg_1", "two"));
  const size_t bytes = store_->bytes();

  for (const size_t bytes_max : {2 * bytes, 2 * bytes - 1}) {
    Make({.bytes_max = bytes_max});
    Remember("k1", R"({"input":"one"})", Response("resp_1", "msg_1", "two"));
    Remember("k1", R"({"input":"one"})", Response("resp_2", "msg_2", "two"));
    EXPECT_LE(store_->bytes(), bytes_max);
    EXPECT_EQ(store_->entries(), bytes_max == 2 * bytes ? 4U : 3U);
  }
}

TEST_F(ResponseStoreTest, KeepsNoEntryThatIsTooLong) {
  const std::string history = R"([{"type":"message","role":"user","content":"one"},)"
                              R"({"id":"msg_1","type":"message","role":"assistant",)"
                              R"("content":[{"type":"output_text","text":"two"}]}])";
  for (const size_t entry_bytes_max : {history.size(), history.size() - 1}) {
    Make({.entry_bytes_max = entry_bytes_max});
    Remember("k1", R"({"input":"one"})", Response("resp_1", "msg_1", "two"));
    EXPECT_EQ(store_->entries(), entry_bytes_max == history.size() ? 2U : 1U);
  }
}

TEST_F(ResponseStoreTest, RefusesARequestThatGrowsTooLong) {
  Make({.request_bytes_max = 1000});
  Remember("k1", R"({"input":"one"})", Response("resp_1", "msg_1", std::string(250, 'x')));
  constexpr std::string_view kReference = R"({"type":"item_reference","id":"msg_1"})";

  EXPECT_TRUE(Resolve("k1", StrCat("{\"input\":[", kReference, "]}")).ok());
  EXPECT_TRUE(Resolve("k1", StrCat("{\"input\":[", kReference, ",", kReference, "]}")).ok());
  const auto three =
      Resolve("k1", StrCat("{\"input\":[", kReference, ",", kReference, ",", kReference, "]}"));
  EXPECT_THAT(three, StatusIs(kInvalid, HasSubstr("longer than 1000")));
  EXPECT_EQ(FieldOf(three), "input[2]");
}

TEST_F(ResponseStoreTest, TheSameIdAgainReplaces) {
  Remember("k1", R"({"input":"one"})", Response("resp_1", "msg_1", "two"));
  const size_t bytes = store_->bytes();
  Remember("k1", R"({"input":"one"})", Response("resp_1", "msg_1", "TWO"));

  EXPECT_EQ(store_->entries(), 2U);
  EXPECT_EQ(store_->bytes(), bytes);
  EXPECT_EQ(Texts("k1", R"({"previous_response_id":"resp_1"})"), "user:one assistant:TWO ");
}

TEST_F(ResponseStoreTest, ACallIsKnownToItsOwnerForItsTime) {
  Make({.ttl = absl::Minutes(1)});
  RememberCall("k1", "call_1", "one");

  EXPECT_EQ(FindCall("k1", "call_1"), R"("one")");
  EXPECT_EQ(FindCall("k2", "call_1"), "");
  EXPECT_EQ(FindCall("k1", "call_2"), "");
  now_ += absl::Minutes(1);
  EXPECT_EQ(FindCall("k1", "call_1"), "");
}

TEST_F(ResponseStoreTest, CallsAndItemsDoNotMeet) {
  Remember("k1", R"({"input":"one"})", Response("resp_1", "msg_1", "two"));
  RememberCall("k1", "call_1", "one");

  EXPECT_EQ(FindCall("k1", "msg_1"), "");
  for (const std::string_view id : {"call_1", R"(call\nk1\ncall_1)", R"(\ncall_1)"}) {
    const auto resolved =
        Resolve("k1", StrCat(R"({"input":[{"type":"item_reference","id":")", id, R"("}]})"));
    EXPECT_THAT(resolved, StatusIs(kInvalid, HasSubstr("not found")));
  }
}

TEST_F(ResponseStoreTest, CallsCountLikeAnswers) {
  Make({.entries_max = 2, .entry_bytes_max = 12});
  for (const std::string_view id : {"call_1", "call_2", "call_3"}) RememberCall("k1", id, "one");
  EXPECT_EQ(store_->entries(), 2U);
  EXPECT_EQ(FindCall("k1", "call_1"), "");
  EXPECT_EQ(FindCall("k1", "call_3"), R"("one")");

  RememberCall("k1", "call_4", std::string(10, 'x'));
  EXPECT_NE(FindCall("k1", "call_4"), "");
  RememberCall("k1", "call_5", std::string(11, 'x'));
  EXPECT_EQ(FindCall("k1", "call_5"), "");
}

TEST_F(ResponseStoreTest, ACallOfALongerIdIsNobodys) {
  for (const size_t bytes : {256U, 257U}) {
    const std::string id(bytes, 'i');
    RememberCall("k1", id, "one");
    EXPECT_EQ(FindCall("k1", id), bytes == 256 ? R"("one")" : "");
  }
}

TEST_F(ResponseStoreTest, CallsTakeFromWhatARequestMayGrowBy) {
  RememberCall("k1", "call_1", "one");

  size_t bytes_left = 9;
  EXPECT_TRUE(store_->FindCall("k1", "call_1", now_, &bytes_left).ok());
  EXPECT_EQ(bytes_left, 4U);
  EXPECT_THAT(store_->FindCall("k1", "call_1", now_, &bytes_left),
              StatusIs(kInvalid, ::testing::_));
}

TEST(ResponseStoreIsKept, UnlessTheRequestSaysOtherwise) {
  EXPECT_TRUE(ResponseStore::IsKept(R"({"input":"hi"})"));
  EXPECT_TRUE(ResponseStore::IsKept(R"({"store":null,"metadata":{"store":false}})"));
  EXPECT_TRUE(ResponseStore::IsKept(R"({"store":true})"));
  EXPECT_FALSE(ResponseStore::IsKept(R"({"store":false})"));
}

}  // namespace
}  // namespace lmgate::dialect

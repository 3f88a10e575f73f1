#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "common/contract/config_check.h"

namespace lmgate::contract {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Two connections and a group that may use them, and `more`.
std::vector<std::string> Warnings(const std::string& more) {
  v1::ConfigSet config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(connections { name: 'a' provider: 'ollama' }
         connections { name: 'b' provider: 'ollama' base_url: 'https://h/v1' }
         groups { name: 'all' connections: '*' })" +
          more,
      &config))
      << more;
  EXPECT_TRUE(CheckConfig(config).ok()) << CheckConfig(config);
  return FindConfigWarnings(config);
}

// Routes in this order; each is "<patterns>" or more of a route's text format.
std::vector<std::string> RouteWarnings(const std::string& first, const std::string& second) {
  return Warnings("routes { name: 'first' order: 1 to { connection: 'a' } " + first + " }" +
                  "routes { name: 'second' order: 2 to { connection: 'b' } " + second + " }");
}

TEST(FindConfigWarnings, HasNothingToSayOfAGoodOne) {
  EXPECT_THAT(RouteWarnings("model: 'gpt-*'", "model: '*'"), IsEmpty());
}

TEST(FindConfigWarnings, NamesARouteThatAnEarlierOneHides) {
  const auto hidden = ElementsAre(AllOf(HasSubstr("\"second\""), HasSubstr("\"first\"")));
  EXPECT_THAT(RouteWarnings("model: '*'", "model: 'gpt-*'"), hidden);
  EXPECT_THAT(RouteWarnings("model: 'gpt-*'", "model: 'gpt-4o'"), hidden);
  EXPECT_THAT(RouteWarnings("model: 'gpt-*'", "model: 'gpt-4*'"), hidden);
  EXPECT_THAT(RouteWarnings("model: 're:gpt-.*'", "model: 'gpt-4o'"), hidden);
  EXPECT_THAT(RouteWarnings("model: 'x' model: 'y'", "model: 'y' model: 'x'"), hidden);
  EXPECT_THAT(RouteWarnings("model: '*'", "model: 'x' group: 'all' dialect: 'anthropic'"), hidden);
  EXPECT_THAT(RouteWarnings("model: '*' headers { key: 'X-A' value: '1' }",
                            "model: 'x' headers { key: 'x-a' value: '1' }"),
              hidden);
}

TEST(FindConfigWarnings, GoesByOrderNotByPosition) {
  EXPECT_THAT(Warnings("routes { name: 'wide' order: 9 model: '*' to { connection: 'a' } }"
                       "routes { name: 'narrow' order: 1 model: 'x' to { connection: 'a' } }"),
              IsEmpty());
}

TEST(FindConfigWarnings, IsSilentWhenTheLaterRouteCanMatch) {
  EXPECT_THAT(RouteWarnings("model: 'gpt-4*'", "model: 'gpt-*'"), IsEmpty());
  EXPECT_THAT(RouteWarnings("model: 'x'", "model: 'x' model: 'y'"), IsEmpty());
  EXPECT_THAT(RouteWarnings("model: '*' dialect: 'anthropic'", "model: 'x'"), IsEmpty());
  EXPECT_THAT(RouteWarnings("model: '*' group: 'all'", "model: 'x'"), IsEmpty());
  EXPECT_THAT(RouteWarnings("model: '*' path_prefix: '/a'", "model: 'x'"), IsEmpty());
  EXPECT_THAT(RouteWarnings("model: '*'", "model: 'x' path_prefix: '/a'"), IsEmpty());
  EXPECT_THAT(RouteWarnings("model: '*' headers { key: 'x-a' value: '1' }",
                            "model: 'x' headers { key: 'x-a' value: '2' }"),
              IsEmpty());
  EXPECT_THAT(RouteWarnings("model: '*a*'", "model: '*ab*'"), IsEmpty());
}

TEST(FindConfigWarnings, NamesAGroupThatGrantsNothing) {
  EXPECT_THAT(Warnings("groups { name: 'poor' }"),
              ElementsAre(AllOf(HasSubstr("\"poor\""), HasSubstr("grants nothing"))));
}

TEST(FindConfigWarnings, NamesARouteThatNobodyMayUse) {
  EXPECT_THAT(Warnings("groups { name: 'b-only' connections: 'b' }"
                       "routes { name: 'r' model: 'x' group: 'b-only' to { connection: 'a' } }"),
              ElementsAre(AllOf(HasSubstr("\"r\""), HasSubstr("\"b-only\""))));
  EXPECT_THAT(Warnings("groups { name: 'b-only' connections: 'b' }"
                       "routes { name: 'r' model: 'x' group: 'b-only' to { connection: 'a' } "
                       "to { connection: 'b' } }"),
              IsEmpty());
}

TEST(FindConfigWarnings, NamesTlsThatProtectsNothing) {
  EXPECT_THAT(Warnings("connections { name: 'c' provider: 'vllm' base_url: 'https://h' "
                       "tls { insecure_skip_verify: true } }"),
              ElementsAre(HasSubstr("accepts any TLS certificate")));
  EXPECT_THAT(Warnings("connections { name: 'c' provider: 'vllm' base_url: 'http://h' "
                       "tls { server_name: 'h' } }"),
              ElementsAre(HasSubstr("not https")));
}

TEST(FindConfigWarnings, SaysAtMost100AndHowManyMore) {
  std::string groups;
  for (int i = 0; i < 150; ++i) groups += "groups { name: 'g" + std::to_string(i) + "' }";

  const auto warnings = Warnings(groups);

  ASSERT_EQ(warnings.size(), 101u);
  EXPECT_EQ(warnings.back(), "and 50 more");
}

// Each pair of 10000 routes with wildcards would be 50 million comparisons.
TEST(FindConfigWarnings, IsBoundedForTheLargestConfiguration) {
  v1::ConfigSet config;
  for (int i = 0; i < kRoutesMax; ++i) {
    v1::Route& route = *config.add_routes();
    route.set_name("r" + std::to_string(i));
    route.set_order(i);
    route.add_model("*-" + std::to_string(i) + "-*");
  }
  const auto start = std::chrono::steady_clock::now();

  (void)FindConfigWarnings(config);

  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

}  // namespace
}  // namespace lmgate::contract

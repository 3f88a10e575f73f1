#include "dataplane/dialect/openai_request.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lmgate::dialect {
namespace {

using Mode = chat::ReasoningRequest::Mode;

std::string Effort(const chat::ReasoningRequest& reasoning, std::string_view model) {
  return OpenAiEffort(reasoning, OpenAiModelOf(model));
}

TEST(OpenAiEffort, IsTheClientsWordOrThatOfItsBudget) {
  EXPECT_EQ(Effort({}, "gpt-5.1"), "");
  EXPECT_EQ(Effort({.mode = Mode::kEffort, .effort = "xhigh"}, "gpt-5.2"), "xhigh");
  EXPECT_EQ(Effort({.mode = Mode::kAdaptive, .effort = "high"}, "gpt-5.2"), "high");
  EXPECT_EQ(Effort({.mode = Mode::kAdaptive}, "gpt-5.2"), "");
  EXPECT_EQ(Effort({.mode = Mode::kBudget, .budget_tokens = 8192}, "m"), "medium");
  EXPECT_EQ(Effort({.mode = Mode::kBudget, .budget_tokens = 31999}, "m"), "high");
  EXPECT_EQ(Effort({.mode = Mode::kBudget, .budget_tokens = 0}, "m"), "none");
}

TEST(OpenAiEffort, OffIsNone) {
  for (const char* const model : {"gpt-5.1", "gpt-5", "gpt-4o", "o3", "qwen3"}) {
    EXPECT_EQ(Effort({.mode = Mode::kOff}, model), EffortFor(OpenAiModelOf(model), "none"));
    EXPECT_EQ(Effort({.mode = Mode::kEffort, .effort = "none"}, model),
              EffortFor(OpenAiModelOf(model), "none"));
  }
}

TEST(SetOpenAiFields, ACompatibleServerIsToldTheEndUserOnly) {
  chat::ChatRequest request;
  request.end_user = "u";
  request.openai_fields = R"({"user":"u","prompt_cache_key":"k","service_tier":"flex"})";
  const auto set = [&request](std::string_view model) {
    Json body = Json::object();
    SetOpenAiFields(request, OpenAiModelOf(model), "openai-chat", &body);
    return DumpJson(body);
  };

  EXPECT_EQ(set("mistral-large"), R"({"user":"u"})");
  EXPECT_EQ(set("gpt-5"), R"({"user":"u","prompt_cache_key":"k","service_tier":"flex"})");
}

TEST(SetOpenAiFields, AnEndUserIsNamedOnce) {
  chat::ChatRequest request;
  request.end_user = "si";
  request.openai_fields = ReadOpenAiFields(*ParseJson(R"({"safety_identifier":"si","x":1})"));
  EXPECT_EQ(request.openai_fields, R"({"safety_identifier":"si"})");
  EXPECT_EQ(ReadOpenAiFields(*ParseJson(R"({"user":null,"model":"m"})")), "");

  Json body = Json::object();
  SetOpenAiFields(request, OpenAiModelOf("gpt-5"), "openai-responses", &body);
  EXPECT_EQ(DumpJson(body), R"({"safety_identifier":"si"})");
}

TEST(OpenAiEndUser, ThatIsLongIsNamedByItsHash) {
  EXPECT_EQ(OpenAiEndUser(std::string(64, 'u')), std::string(64, 'u'));
  const std::string hashed = OpenAiEndUser(std::string(65, 'u'));
  EXPECT_TRUE(hashed.starts_with("user_"));
  EXPECT_LE(hashed.size(), 64u);
}

}  // namespace
}  // namespace lmgate::dialect

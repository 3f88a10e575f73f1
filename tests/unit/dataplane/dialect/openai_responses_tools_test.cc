#include "dataplane/dialect/openai_responses_tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/error_detail.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

ChatRequest Read(std::string_view tools) {
  ChatRequest request;
  const absl::Status status = ReadResponsesTools(*ParseJson(tools), "tools", &request);
  EXPECT_TRUE(status.ok()) << status;
  return request;
}

std::vector<std::string> NamesOf(const ChatRequest& request) {
  std::vector<std::string> names;
  for (const chat::Tool& tool : request.tools) names.push_back(tool.name);
  return names;
}

TEST(ReadResponsesTools, ReadsFunctionsCustomToolsAndNamespaces) {
  const ChatRequest request = Read(R"([
      {"type":"function","name":"f"},
      {"type":"custom","name":"apply_patch"},
      {"type":"namespace","name":"crm","tools":[{"type":"function","name":"find"}]}])");

  EXPECT_THAT(NamesOf(request), ElementsAre("f", "apply_patch", "crm/find"));
  EXPECT_TRUE(request.tools[1].freeform);
  EXPECT_THAT(request.own_fields, IsEmpty());
}

TEST(ReadResponsesTools, NamesTheListInErrors) {
  ChatRequest request;

  const absl::Status status =
      ReadResponsesTools(*ParseJson(R"([{"type":"function"}])"), "input[0].tools", &request);

  EXPECT_EQ(GetFieldHint(status)->field, "input[0].tools[0].name");
}

// Codex offers it in every request.
TEST(ReadResponsesTools, ASearchBesideOtherToolsThatSaysFromWhereIsLeftOut) {
  const ChatRequest request = Read(R"([
      {"type":"function","name":"exec_command"},
      {"type":"web_search","external_web_access":false}])");

  EXPECT_THAT(NamesOf(request), ElementsAre("exec_command"));
  EXPECT_THAT(request.own_fields, IsEmpty());
}

TEST(ReadResponsesTools, ASearchThatIsWhatTheClientCameForIsNotLeftOut) {
  EXPECT_THAT(Read(R"([{"type":"web_search","external_web_access":true}])").own_fields,
              ElementsAre("tools[0]"));
  EXPECT_THAT(Read(R"([{"type":"function","name":"f"},{"type":"web_search"}])").own_fields,
              ElementsAre("tools[1]"));
}

TEST(DropReplacedTools, TheLastOfANameStays) {
  ChatRequest request = Read(R"([
      {"type":"function","name":"a","description":"old"},
      {"type":"function","name":"b"},
      {"type":"function","name":"a","description":"new"}])");

  DropReplacedTools(&request);

  EXPECT_THAT(NamesOf(request), ElementsAre("b", "a"));
  EXPECT_EQ(request.tools[1].description, "new");
}

TEST(NameInNamespace, IsTheNameAloneWithoutOne) {
  EXPECT_EQ(NameInNamespace("", "find"), "find");
  EXPECT_EQ(NameInNamespace("crm", "find"), "crm/find");
}

}  // namespace
}  // namespace lmgate::dialect

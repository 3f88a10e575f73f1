#include "dataplane/dialect/openai_request.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/strings.h"
#include "common/contract/dialect_name.h"
#include "dataplane/dialect/reasoning_effort.h"
#include "dataplane/dialect/tool_id.h"

namespace lmgate::dialect {
namespace {

using Mode = chat::ReasoningRequest::Mode;

constexpr std::string_view kUser = "user";
constexpr std::string_view kSafetyIdentifier = "safety_identifier";
constexpr std::string_view kMetadata = "metadata";
constexpr std::string_view kStore = "store";

// Hints that both dialects have.
constexpr std::string_view kShared[] = {kUser,
                                        kSafetyIdentifier,
                                        "prompt_cache_key",
                                        "prompt_cache_options",
                                        "prompt_cache_retention",
                                        kMetadata,
                                        "service_tier"};
// Those of which an answer of openai-responses says what was asked.
constexpr std::string_view kEchoed[] = {kStore, "truncation"};

// Streams of openai-responses leave out the bytes, which clients of openai-chat's types require.
Json ReadLogprob(const Json& entry) {
  const Json* const bytes = Find(entry, "bytes");
  Json read = Json::object();
  read["token"] = FindString(entry, "token");
  read["logprob"] = FindNumber(entry, "logprob").value_or(0);
  read["bytes"] = bytes == nullptr ? Json() : *bytes;
  return read;
}

bool IsPerson(std::string_view name) { return name == kUser || name == kSafetyIdentifier; }

}  // namespace

std::string OpenAiEffort(const chat::ReasoningRequest& reasoning, const OpenAiModel& model) {
  std::string_view effort = reasoning.effort;
  if (reasoning.mode == Mode::kDefault) return {};
  if (reasoning.mode == Mode::kBudget) {
    effort = reasoning.budget_tokens > 0 ? EffortOfBudget(reasoning.budget_tokens) : "none";
  }
  return EffortFor(model, reasoning.mode == Mode::kOff ? "none" : effort);
}

std::string ReadOpenAiFields(const Json& body) {
  Json fields = Json::object();
  const auto read = [&](std::string_view name) {
    const Json* const value = Find(body, name);
    if (value != nullptr) fields[std::string(name)] = *value;
  };
  for (const std::string_view name : kShared) read(name);
  for (const std::string_view name : kEchoed) read(name);
  return fields.empty() ? std::string() : DumpJson(fields);
}

void SetOpenAiFields(const chat::ChatRequest& request, const OpenAiModel& model,
                     std::string_view dialect, Json* body) {
  const absl::StatusOr<Json> fields =
      ParseObject(request.openai_fields.empty() ? "{}" : std::string_view(request.openai_fields));
  bool has_person = false;
  if (fields.ok() && model.is_openai) {
    const bool chat = dialect == contract::kDialectOpenAiChat;
    const bool stores = chat && FindBool(*fields, kStore) == true;
    for (const std::string_view name : kShared) {
      const Json* const value = Find(*fields, name);
      if (value == nullptr || (name == kMetadata && chat && !stores)) continue;
      has_person = has_person || IsPerson(name);
      const bool shortens = IsPerson(name) && value->is_string();
      (*body)[std::string(name)] =
          shortens ? Json(OpenAiEndUser(value->get<std::string>())) : *value;
    }
    if (stores) (*body)[std::string(kStore)] = true;
  }
  if (!has_person && !request.end_user.empty()) {
    (*body)[std::string(kUser)] = OpenAiEndUser(request.end_user);
  }
}

std::string ReadLogprobs(const Json* entries, size_t from) {
  std::string text;
  if (entries == nullptr || !entries->is_array()) return text;
  for (size_t i = from; i < entries->size(); ++i) {
    Json read = ReadLogprob((*entries)[i]);
    Json others = Json::array();
    const Json* const list = Find((*entries)[i], "top_logprobs");
    if (list != nullptr && list->is_array()) {
      for (const Json& other : *list) others.push_back(ReadLogprob(other));
    }
    read["top_logprobs"] = std::move(others);
    if (!text.empty()) text.push_back(',');
    text.append(DumpJson(read));
  }
  return text;
}

Json LogprobsList(std::string_view logprobs) {
  const absl::StatusOr<Json> list = ParseJson(StrCat("[", logprobs, "]"));
  return list.ok() ? *list : Json::array();
}

std::string OpenAiEndUser(const std::string& end_user) {
  constexpr size_t kBytesMax = 64;
  return end_user.size() > kBytesMax ? ToolIdFor(end_user, "user_", kBytesMax) : end_user;
}

}  // namespace lmgate::dialect

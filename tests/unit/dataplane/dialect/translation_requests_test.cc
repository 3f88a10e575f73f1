// Random conversations from a chat client and from an Anthropic client to every provider: what goes
// out is lawful by the readers of lmgate-fakeprovider, which share no code with ours, and says what
// came in.

#include <absl/strings/match.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/strings.h"
#include "common/contract/dialect_feature.h"
#include "dataplane/dialect/dialects.h"
#include "dataplane/dialect/seal.h"
#include "dataplane/dialect/translation.h"
#include "tests/fakeprovider/anthropic_request.h"
#include "tests/fakeprovider/converse_request.h"
#include "tests/fakeprovider/gemini_request.h"
#include "tests/fakeprovider/openai_chat_request.h"
#include "tests/fakeprovider/responses_request.h"

namespace lmgate::dialect {
namespace {

using Json = nlohmann::ordered_json;

// What was said, each with a word of its own: what must be found again, in this order.
struct Expected {
  std::vector<std::string> assistant;          // words of texts and of calls' arguments
  std::vector<std::string> user;               // words of texts, images and late system texts
  std::map<std::string, std::string> results;  // word of the call -> word of its result
};

struct Conversation {
  std::string body;
  Expected expected;
};

class Generator {
 public:
  Generator(uint32_t seed, bool anthropic) : random_(seed), anthropic_(anthropic) {}

  Conversation Draw() {
    if (Odds(2)) AddSystem("firstsystem");
    // A system text at the beginning is no turn's.
    for (int turns = 1 + Below(6); turns > 0; --turns) {
      AddUser();
      AddAssistant();
    }
    AddUser();
    Json body = {{"model", "m"}};
    if (anthropic_) body["max_tokens"] = 9000;
    if (!system_.empty()) body["system"] = system_;
    body["messages"] = messages_;
    if (Odds(2)) body["tools"] = Tools();
    return {.body = body.dump(), .expected = expected_};
  }

 private:
  int Below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }
  bool Odds(int n) { return Below(n) == 0; }

  std::string Word(std::string_view kind) { return StrCat(kind, "-", ++words_, "-"); }

  // Text around a word, as people write.
  std::string Around(const std::string& word) {
    static const std::string kBefore[] = {"", "Grüß ", "😀 ", "a\n\n", "\"q\" \\ ", "\t", "日本 "};
    static const std::string kAfter[] = {"", " end", "\n", " </x>", "\u2028", " %s"};
    return StrCat(kBefore[Below(7)], word, kAfter[Below(6)]);
  }

  static Json TextPart(const std::string& text) { return {{"type", "text"}, {"text", text}}; }

  Json ImagePart(const std::string& data) const {
    if (anthropic_) {
      return {{"type", "image"},
              {"source", {{"type", "base64"}, {"media_type", "image/png"}, {"data", data}}}};
    }
    return {{"type", "image_url"},
            {"image_url", {{"url", StrCat("data:image/png;base64,", data)}}}};
  }

  // A PNG's beginning and a number.
  std::string NewImage() {
    const std::string digits = std::to_string(100'000'000'000 + ++words_);
    return StrCat("iVBORw0KGgoAAAAN", digits);
  }

  void Push(std::string_view role, Json content) {
    messages_.push_back({{"role", role}, {"content", std::move(content)}});
  }

  void AddSystem(std::string_view kind) {
    const std::string text = Around(Word(kind));
    if (anthropic_) {
      system_.push_back(TextPart(text));
    } else {
      Push(Odds(2) ? "system" : "developer", text);
    }
  }

  // Results of the open calls in any order, texts and images between them.
  void AddUser() {
    std::shuffle(open_.begin(), open_.end(), random_);
    Json content = Json::array();
    const auto flush = [&] {
      if (!content.empty()) Push("user", std::exchange(content, Json::array()));
    };
    for (const auto& [id, call_word] : open_) {
      if (Odds(5)) AddText(&content);
      if (Odds(8)) continue;  // never answered
      const std::string word = Word("result");
      expected_.results[call_word] = word;
      if (anthropic_) {
        Json result = {{"type", "tool_result"}, {"tool_use_id", id}};
        result["content"] = Odds(2) ? Json(Around(word)) : Json::array({TextPart(Around(word))});
        if (Odds(4)) result["is_error"] = true;
        content.push_back(std::move(result));
        continue;
      }
      flush();
      messages_.push_back({{"role", "tool"}, {"tool_call_id", id}, {"content", Around(word)}});
    }
    open_.clear();
    if (Odds(6)) content.push_back(TextPart(Odds(2) ? "" : " \n"));
    for (int parts = Below(3); parts > 0; --parts) AddText(&content);
    if (Odds(4)) {
      const std::string data = NewImage();
      expected_.user.push_back(data);
      content.push_back(ImagePart(data));
    }
    flush();
    if (!anthropic_ && Odds(6) && !messages_.empty()) {
      const std::string word = Word("latesystem");
      if (begun_) expected_.user.push_back(word);
      Push("system", Around(word));
    }
    begun_ |= !expected_.user.empty();
  }

  void AddText(Json* content) {
    const std::string word = Word("user");
    expected_.user.push_back(word);
    begun_ = true;
    content->push_back(TextPart(Around(word)));
  }

  void AddAssistant() {
    Json blocks = Json::array();
    std::string text;
    Json calls = Json::array();
    if (anthropic_ && Odds(3)) {
      // Proofs that the fake providers know as their own; another model's is not sent at all.
      const chat::Signature proofs[] = {
          {.origin = "openai", .data = fakeprovider::EncryptReasoning()},
          {.origin = "gemini", .model = "another", .data = "c2lnbmVk"},
          {.origin = "anthropic", .model = "another", .data = "c2lnbmVk"}};
      blocks.push_back({{"type", "thinking"},
                        {"thinking", "hm"},
                        {"signature", SealSignature(proofs[Below(3)], kOriginAnthropic)}});
    }
    if (!Odds(3)) {
      const std::string word = Word("assistant");
      expected_.assistant.push_back(word);
      text = StrCat(word, " said");
      blocks.push_back(TextPart(text));
    }
    if (Odds(2)) {
      for (int count = 1 + Below(3); count > 0; --count) AddCall(&blocks, &calls);
    }
    begun_ |= !text.empty() || !calls.empty();
    if (anthropic_) {
      if (!blocks.empty()) Push("assistant", std::move(blocks));
      return;
    }
    Json message = {{"role", "assistant"}, {"content", text.empty() ? Json() : Json(text)}};
    if (!calls.empty()) message["tool_calls"] = std::move(calls);
    if (Odds(5)) message["reasoning_content"] = "hm";
    messages_.push_back(std::move(message));
  }

  void AddCall(Json* blocks, Json* calls) {
    const std::string word = Word("call");
    expected_.assistant.push_back(word);
    std::string id = StrCat("call_", ++ids_);
    if (Odds(6)) id += std::string(70, 'x');
    if (Odds(6)) id += ".odd:id";
    const std::string name = Odds(2) ? "get_weather" : "look.up";
    open_.emplace_back(id, word);
    const Json arguments = {{"w", word}};
    blocks->push_back({{"type", "tool_use"}, {"id", id}, {"name", name}, {"input", arguments}});
    calls->push_back({{"id", id},
                      {"type", "function"},
                      {"function", {{"name", name}, {"arguments", arguments.dump()}}}});
  }

  Json Tools() const {
    const Json schema = {{"type", "object"}, {"properties", {{"w", {{"type", "string"}}}}}};
    Json tools = Json::array();
    for (const char* const name : {"get_weather", "look.up"}) {
      if (anthropic_) {
        tools.push_back({{"name", name}, {"input_schema", schema}});
      } else {
        tools.push_back(
            {{"type", "function"}, {"function", {{"name", name}, {"parameters", schema}}}});
      }
    }
    return tools;
  }

  std::mt19937 random_;
  const bool anthropic_;
  Json system_ = Json::array();
  Json messages_ = Json::array();
  std::vector<std::pair<std::string, std::string>> open_;  // id and word of calls without results
  Expected expected_;
  bool begun_ = false;
  int words_ = 0;
  int ids_ = 0;
};

// Empty, or why the provider would refuse it.
std::string Complaint(std::string_view backend, std::string_view model, const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(body).get(object) != simdjson::SUCCESS) return "no JSON object";
  absl::Status status;
  if (backend == "openai-chat") {
    status = fakeprovider::ReadChatPrompt(object, model).status();
  } else if (backend == "openai-responses") {
    status = fakeprovider::ReadResponsesPrompt(object).status();
  } else if (backend == "anthropic") {
    status = fakeprovider::ReadAnthropicPrompt(object, {}).status();
  } else if (backend == "gemini") {
    status = fakeprovider::ReadGeminiPrompt(object, model).status();
  } else if (&CoderFor(*FindDialect(backend), model) == &BedrockInvokeDialect()) {
    status = fakeprovider::ReadAnthropicPrompt(object, {.is_bedrock = true}).status();
  } else {
    status = fakeprovider::ReadConversePrompt(object).status();
  }
  return std::string(status.message());
}

void CollectWords(const chat::Part& part, std::string* to) {
  StrAppend(to, part.text, part.data, part.arguments, "\n");
  for (const chat::Part& inner : part.parts) CollectWords(inner, to);
}

// Words that do not stand in `text` in their order.
std::string Missing(const std::vector<std::string>& words, std::string_view text) {
  size_t at = 0;
  for (const std::string& word : words) {
    const size_t found = text.find(word, at);
    if (found == std::string_view::npos) return word;
    at = found + word.size();
  }
  return {};
}

// The words of calls stand behind those of texts where one turn cannot mix them.
std::string MissingOfAssistant(std::string_view backend, const Expected& expected,
                               std::string_view assistant) {
  if (backend != "openai-chat") return Missing(expected.assistant, assistant);
  std::vector<std::string> texts;
  std::vector<std::string> calls;
  for (const std::string& word : expected.assistant) {
    (word.starts_with("call-") ? calls : texts).push_back(word);
  }
  std::string word = Missing(texts, assistant);
  return word.empty() ? Missing(calls, assistant) : word;
}

// What the encoded request lacks of what was said.
std::string Lost(std::string_view backend, const chat::ChatRequest& read,
                 const Expected& expected) {
  std::string user;
  std::string assistant;
  std::map<std::string, std::string> results;  // by id, in the order of the calls
  std::vector<std::pair<std::string, std::string>> calls;
  for (const chat::Turn& turn : read.turns) {
    for (const chat::Part& part : turn.parts) {
      if (part.kind == chat::PartKind::kToolResult) {
        CollectWords(part, &results[part.id]);
        continue;
      }
      if (part.kind == chat::PartKind::kToolCall) calls.emplace_back(part.id, part.arguments);
      CollectWords(part, turn.role == chat::Role::kAssistant ? &assistant : &user);
    }
  }
  if (std::string word = MissingOfAssistant(backend, expected, assistant); !word.empty()) {
    return word;
  }
  if (std::string word = Missing(expected.user, user); !word.empty()) return word;
  for (const auto& [id, arguments] : calls) {
    if (!results.contains(id)) return StrCat("result of ", id);
    for (const auto& [call_word, word] : expected.results) {
      if (absl::StrContains(arguments, call_word) && !absl::StrContains(results[id], word)) {
        return word;
      }
    }
  }
  return {};
}

constexpr std::pair<std::string_view, std::string_view> kModels[] = {
    {"openai-chat", "gpt-4o"},           {"openai-responses", "gpt-5"},
    {"anthropic", "claude-sonnet-4-5"},  {"gemini", "gemini-2.5-flash"},
    {"gemini", "gemini-3-pro-preview"},  {"bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0"},
    {"bedrock", "amazon.nova-pro-v1:0"},
};

// --gtest_random_seed repeats a run.
uint32_t Seed() {
  constexpr uint32_t kSeedMax = 99999;  // of GoogleTest
  const auto given = static_cast<uint32_t>(GTEST_FLAG_GET(random_seed));
  return given != 0 ? given : std::random_device()() % kSeedMax + 1;
}

void RunConversations(std::string_view client) {
  const uint32_t seed = Seed();
  constexpr uint32_t kRounds = 300;
  for (uint32_t round = 0; round < kRounds; ++round) {
    const Conversation conversation = Generator(seed + round, client == "anthropic").Draw();
    if (conversation.expected.user.empty() && conversation.expected.assistant.empty()) continue;
    auto translation = Translation::Create({.dialect = FindDialect(client), .id = "t"},
                                           {.body = conversation.body});
    ASSERT_TRUE(translation.ok()) << translation.status() << "\n" << conversation.body;
    for (const auto& [backend, model] : kModels) {
      if (backend == client) continue;
      SCOPED_TRACE(StrCat("--gtest_random_seed=", seed, " round ", round, " ", client, " to ",
                          backend, " ", model, "\n", conversation.body));
      const auto encoded =
          (*translation)->Encode(*FindDialect(backend), {.model = std::string(model)});
      ASSERT_TRUE(encoded.ok()) << encoded.status();

      ASSERT_EQ(Complaint(backend, model, encoded->body), "") << encoded->body;
      const auto read = CoderFor(*FindDialect(backend), model)
                            .DecodeRequest({.body = encoded->body, .model = model});
      ASSERT_TRUE(read.ok()) << read.status() << encoded->body;
      ASSERT_EQ(Lost(backend, *read, conversation.expected), "") << encoded->body;
    }
  }
}

TEST(TranslationRequests, AChatClientsConversationArrivesWhole) { RunConversations("openai-chat"); }

TEST(TranslationRequests, AnAnthropicClientsConversationArrivesWhole) {
  RunConversations("anthropic");
}

}  // namespace
}  // namespace lmgate::dialect

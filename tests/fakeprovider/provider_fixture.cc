#include "tests/fakeprovider/provider_fixture.h"

#include <absl/strings/str_replace.h>

#include <utility>

#include "common/base/strings.h"

namespace lmgate::fakeprovider {

void ProviderFixture::Start(const Options& options) {
  absl::StatusOr<std::unique_ptr<FakeProvider>> provider = FakeProvider::Create(options);
  ASSERT_TRUE(provider.ok()) << provider.status();
  provider_ = *std::move(provider);
}

std::string ProviderFixture::ChatBody(std::string_view model, std::string_view more) {
  return StrCat(R"({"model":")", model, R"(","messages":[{"role":"user","content":"hi"}])", more,
                "}");
}

std::string ProviderFixture::StreamBody(std::string_view model, std::string_view more) {
  return ChatBody(model, StrCat(R"(,"stream":true)", more));
}

TestResponse ProviderFixture::Chat(std::string_view body) const {
  return TestClient(provider_->port()).Post("/v1/chat/completions", body);
}

std::optional<JournalEntry> ProviderFixture::WaitForOutcome(Outcome outcome) const {
  return provider_->WaitForEntry(
      [outcome](const JournalEntry& entry) { return entry.outcome == outcome; }, kDeadline);
}

nlohmann::json ProviderFixture::Parse(std::string_view json) {
  return nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
}

std::vector<std::string> ProviderFixture::ReadEvents(std::string_view body) {
  const std::string text = absl::StrReplaceAll(ToAbsl(body), {{"\r\n", "\n"}});
  std::vector<std::string> events;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with("data: ")) events.emplace_back(line.substr(6));
  }
  return events;
}

std::string ProviderFixture::ContentOf(const TestResponse& response) {
  if (response.FindHeader("content-type") == "application/json") {
    const nlohmann::json::json_pointer content("/choices/0/message/content");
    const nlohmann::json answer = Parse(response.body);
    // The body says more about what went wrong than an empty text.
    return answer.contains(content) ? answer[content].get<std::string>() : response.body;
  }
  std::string content;
  for (const std::string& event : ReadEvents(response.body)) {
    const nlohmann::json chunk = Parse(event);
    if (!chunk.is_object() || !chunk.contains("choices") || chunk["choices"].empty()) continue;
    const nlohmann::json& delta = chunk["choices"][0]["delta"];
    if (delta.is_object()) content += delta.value("content", "");
  }
  return content;
}

}  // namespace lmgate::fakeprovider

#pragma once

#include <absl/time/time.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakeprovider/fake_provider.h"
#include "tests/fakeprovider/test_client.h"

namespace lmgate::fakeprovider {

// How long a condition may take to come true on a busy machine.
constexpr absl::Duration kDeadline = absl::Seconds(20);
// How long nothing must come before a test believes in silence.
constexpr absl::Duration kSilence = absl::Milliseconds(100);

// A provider on any port and the verbs of its tests.
class ProviderFixture : public testing::Test {
 protected:
  ProviderFixture() { Start(Options()); }

  void Start(const Options& options);

  // {"model": …, "messages": [{user: "hi"}]} with more members, as `, "n": 2`.
  static std::string ChatBody(std::string_view model, std::string_view more = "");
  static std::string StreamBody(std::string_view model, std::string_view more = "");
  // One chat request on a socket of its own.
  TestResponse Chat(std::string_view body) const;

  std::optional<JournalEntry> WaitForOutcome(Outcome outcome) const;

  static nlohmann::json Parse(std::string_view json);
  // The data of each event of a stream.
  static std::vector<std::string> ReadEvents(std::string_view body);
  // The content of a plain answer, and of all chunks of a streamed one.
  static std::string ContentOf(const TestResponse& response);

  std::unique_ptr<FakeProvider> provider_;
};

}  // namespace lmgate::fakeprovider

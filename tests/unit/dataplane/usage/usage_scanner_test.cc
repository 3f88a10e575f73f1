#include "dataplane/usage/usage_scanner.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/strings.h"

namespace lmgate::usage {
namespace {

struct Counts {
  bool known = true;
  int64_t prompt = 0, completion = 0, total = 0, cached = 0, reasoning = 0;

  bool operator==(const Counts&) const = default;
};

void PrintTo(const Counts& counts, std::ostream* out) {
  *out << counts.known << ' ' << counts.prompt << ' ' << counts.completion << ' ' << counts.total
       << ' ' << counts.cached << ' ' << counts.reasoning;
}

constexpr Counts kUnknown{.known = false};

Counts CountsOf(const UsageScanner& scanner) {
  const chat::TokenUsage& usage = scanner.usage();
  return {.known = usage.known,
          .prompt = usage.prompt_tokens,
          .completion = usage.completion_tokens,
          .total = usage.total_tokens,
          .cached = usage.cached_tokens,
          .reasoning = usage.reasoning_tokens};
}

Counts Scan(const std::vector<std::string_view>& pieces) {
  UsageScanner scanner;
  for (const std::string_view piece : pieces) scanner.Feed(piece);
  return CountsOf(scanner);
}

Counts ScanByteByByte(std::string_view answer) {
  UsageScanner scanner;
  for (size_t i = 0; i < answer.size(); ++i) scanner.Feed(answer.substr(i, 1));
  return CountsOf(scanner);
}

// OpenAI API reference, "The chat completion object".
constexpr std::string_view kChatAnswer = R"({
  "id": "chatcmpl-1",
  "object": "chat.completion",
  "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello \"usage\": {"}}],
  "usage": {
    "prompt_tokens": 19,
    "completion_tokens": 10,
    "total_tokens": 29,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 7}
  },
  "service_tier": "default"
})";
constexpr Counts kChatCounts{
    .prompt = 19, .completion = 10, .total = 29, .cached = 4, .reasoning = 7};

// With stream_options.include_usage: null in every chunk but the last.
constexpr std::string_view kChatStream =
    "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\":{\"}}],\"usage\":null}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2,"
    "\"total_tokens\":7}}\n\n"
    "data: [DONE]\n\n";
constexpr Counts kStreamCounts{.prompt = 5, .completion = 2, .total = 7};

// A usage object of exactly `bytes` bytes, with one prompt token.
std::string AnswerWithObjectOf(size_t bytes) {
  std::string object = "{\"prompt_tokens\":1,\"x\":\"\"}";
  object.insert(object.size() - 2, bytes - object.size(), 'x');
  EXPECT_EQ(object.size(), bytes);
  return StrCat("{\"usage\":", object, "}");
}

TEST(UsageScanner, ReadsPlainAnswer) { EXPECT_EQ(Scan({kChatAnswer}), kChatCounts); }

TEST(UsageScanner, ReadsLastChunkOfStream) { EXPECT_EQ(Scan({kChatStream}), kStreamCounts); }

TEST(UsageScanner, CutAtAnyByteGivesTheSame) {
  for (size_t cut = 0; cut <= kChatAnswer.size(); ++cut) {
    EXPECT_EQ(Scan({kChatAnswer.substr(0, cut), kChatAnswer.substr(cut)}), kChatCounts) << cut;
  }
  for (size_t cut = 0; cut <= kChatStream.size(); ++cut) {
    EXPECT_EQ(Scan({kChatStream.substr(0, cut), kChatStream.substr(cut)}), kStreamCounts) << cut;
  }
}

TEST(UsageScanner, ByteByByteGivesTheSame) {
  EXPECT_EQ(ScanByteByByte(kChatAnswer), kChatCounts);
  EXPECT_EQ(ScanByteByByte(kChatStream), kStreamCounts);
}

TEST(UsageScanner, KnowsNothingWithoutUsage) {
  EXPECT_EQ(Scan({}), kUnknown);
  EXPECT_EQ(Scan({R"({"choices":[]})"}), kUnknown);
  EXPECT_EQ(Scan({R"({"usage":null})"}), kUnknown);
  EXPECT_EQ(Scan({R"({"usage":[{"prompt_tokens":1}]})"}), kUnknown);
}

TEST(UsageScanner, TakesNoUsageFromContent) {
  EXPECT_EQ(Scan({R"({"content":"{\"usage\":{\"prompt_tokens\":1}}"})"}), kUnknown);
}

TEST(UsageScanner, TakesNoUsageFromValueOfThatText) {
  EXPECT_EQ(Scan({R"({"kind":"usage","other":{"prompt_tokens":1}})"}), kUnknown);
}

TEST(UsageScanner, FindsNameRightAfterValueOfThatText) {
  constexpr std::string_view kAnswer = R"({"kind":"usage","usage":{"prompt_tokens":1}})";

  EXPECT_EQ(Scan({kAnswer}), (Counts{.prompt = 1, .total = 1}));
  EXPECT_EQ(ScanByteByByte(kAnswer), (Counts{.prompt = 1, .total = 1}));
}

TEST(UsageScanner, FindsNameAfterAnInterruptedOne) {
  constexpr std::string_view kAnswer = R"({"usa":1,"usag":2,"":"","usage":{"prompt_tokens":1}})";

  EXPECT_EQ(ScanByteByByte(kAnswer), (Counts{.prompt = 1, .total = 1}));
}

TEST(UsageScanner, FindsTheNameAtAnyPlace) {
  for (size_t before = 0; before < 70; ++before) {
    // Near misses before it.
    std::string text;
    while (text.size() < before) text += "\"usag\"\"uuuuu\"";
    text.resize(before, ' ');
    for (size_t after : {0, 1, 15, 16, 40}) {
      const std::string answer =
          StrCat(text, R"("usage":{"total_tokens":3})", std::string(after, 'x'));
      EXPECT_EQ(Scan({answer}), (Counts{.total = 3})) << before << " " << after;
    }
  }
}

TEST(UsageScanner, TakesWhiteSpaceAroundTheColon) {
  EXPECT_EQ(Scan({"{\"usage\" \t:\r\n {\"prompt_tokens\": 1}}"}),
            (Counts{.prompt = 1, .total = 1}));
}

TEST(UsageScanner, TakesBracesAndQuotesInStrings) {
  EXPECT_EQ(ScanByteByByte(R"({"usage":{"note":"}\"}\\","prompt_tokens":3}})"),
            (Counts{.prompt = 3, .total = 3}));
}

TEST(UsageScanner, LastObjectWins) {
  EXPECT_EQ(Scan({R"({"usage":{"prompt_tokens":1}})", R"({"usage":{"prompt_tokens":2}})"}),
            (Counts{.prompt = 2, .total = 2}));
}

TEST(UsageScanner, NullAfterObjectKeepsIt) {
  EXPECT_EQ(Scan({R"({"usage":{"prompt_tokens":1}})", R"({"usage":null})"}),
            (Counts{.prompt = 1, .total = 1}));
}

TEST(UsageScanner, MalformedObjectKeepsTheOneBefore) {
  EXPECT_EQ(Scan({R"({"usage":{"prompt_tokens":1}})", R"({"usage":{prompt_tokens}})"}),
            (Counts{.prompt = 1, .total = 1}));
}

// Anthropic API reference, Messages.
TEST(UsageScanner, ReadsAnthropicNames) {
  EXPECT_EQ(Scan({R"({"type":"message","usage":{"input_tokens":12,"output_tokens":6,)"
                  R"("cache_read_input_tokens":8}})"}),
            (Counts{.prompt = 12, .completion = 6, .total = 18, .cached = 8}));
}

// Anthropic API reference, Streaming messages: message_start has the prompt, message_delta may have
// the answer only.
constexpr std::string_view kMessageStream =
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\","
    "\"usage\":{\"input_tokens\":25,\"cache_read_input_tokens\":8,\"output_tokens\":1}}}\n\n"
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
    "\"end_turn\"},\"usage\":{\"output_tokens\":15}}\n\n";
constexpr Counts kMessageCounts{.prompt = 25, .completion = 15, .total = 40, .cached = 8};

TEST(UsageScanner, OutputTokensAloneKeepThePromptOfMessageStart) {
  EXPECT_EQ(Scan({kMessageStream}), kMessageCounts);
  EXPECT_EQ(ScanByteByByte(kMessageStream), kMessageCounts);
}

TEST(UsageScanner, EachCountIsTheLastOneNamed) {
  EXPECT_EQ(Scan({R"({"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":9}})",
                  R"({"usage":{"input_tokens":null,"output_tokens":0}})"}),
            (Counts{.prompt = 1, .completion = 0, .total = 1}));
}

TEST(UsageScanner, EmptyObjectKeepsTheOneBefore) {
  EXPECT_EQ(Scan({R"({"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":9}})",
                  R"({"usage":{}})"}),
            (Counts{.prompt = 1, .completion = 2, .total = 9}));
}

// OpenAI API reference, Responses.
TEST(UsageScanner, ReadsNamesOfResponses) {
  EXPECT_EQ(Scan({R"({"usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":1},)"
                  R"("output_tokens":87,"output_tokens_details":{"reasoning_tokens":2},)"
                  R"("total_tokens":123}})"}),
            (Counts{.prompt = 36, .completion = 87, .total = 123, .cached = 1, .reasoning = 2}));
}

TEST(UsageScanner, WrongTypesCountAsZero) {
  EXPECT_EQ(Scan({R"({"usage":{"prompt_tokens":"9","completion_tokens":-4,"total_tokens":1.5,)"
                  R"("prompt_tokens_details":[]}})"}),
            Counts{});
}

TEST(UsageScanner, HugeCountsDoNotOverflow) {
  const std::string huge = StrCat(std::numeric_limits<int64_t>::max());
  const std::string answer =
      StrCat("{\"usage\":{\"prompt_tokens\":", huge, ",\"input_tokens\":", huge,
             ",\"completion_tokens\":", huge, ",\"output_tokens\":", huge, "}}");

  const Counts counts = Scan({answer});

  EXPECT_GT(counts.prompt, 0);
  EXPECT_GE(counts.total, counts.prompt);
}

TEST(UsageScanner, ReadsObjectOf4096Bytes) {
  const std::string answer = AnswerWithObjectOf(4096);

  EXPECT_EQ(Scan({answer}), (Counts{.prompt = 1, .total = 1}));
  EXPECT_EQ(ScanByteByByte(answer), (Counts{.prompt = 1, .total = 1}));
}

TEST(UsageScanner, SkipsObjectOf4097Bytes) {
  const std::string answer = AnswerWithObjectOf(4097);

  EXPECT_EQ(Scan({answer}), kUnknown);
  EXPECT_EQ(ScanByteByByte(answer), kUnknown);
}

TEST(UsageScanner, ReadsOnAfterAnOverlongObject) {
  const std::string overlong = AnswerWithObjectOf(5000);

  EXPECT_EQ(Scan({overlong, R"({"usage":{"prompt_tokens":2}})"}),
            (Counts{.prompt = 2, .total = 2}));
}

TEST(UsageScanner, ReadsNothingOnceDisabled) {
  UsageScanner scanner;
  scanner.Disable();

  scanner.Feed(kChatAnswer);

  EXPECT_EQ(CountsOf(scanner), kUnknown);
}

}  // namespace
}  // namespace lmgate::usage

#include "dataplane/dialect/claude_model.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "common/base/strings.h"

namespace lmgate::dialect {
namespace {

constexpr std::array<std::string_view, 5> kFamilies = {"opus", "sonnet", "haiku", "fable",
                                                       "mythos"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A number of one or two digits at the front of `text`, taken from it. Dates are none.
std::optional<int> TakeNumber(std::string_view* text) {
  constexpr size_t kDigitsMax = 2;
  size_t digits = 0;
  while (digits < text->size() && IsDigit((*text)[digits])) ++digits;
  if (digits == 0 || digits > kDigitsMax) return std::nullopt;
  int number = 0;
  for (const char c : text->substr(0, digits)) number = number * 10 + (c - '0');
  text->remove_prefix(digits);
  return number;
}

// "-4-5-20250929", ".5": hundreds and units, 405; -1 = no version.
int TakeVersion(std::string_view text) {
  const auto skip = [&text] {
    if (!text.empty() && (text[0] == '-' || text[0] == '.')) text.remove_prefix(1);
  };
  skip();
  const std::optional<int> major = TakeNumber(&text);
  if (!major.has_value()) return -1;
  skip();
  return *major * 100 + TakeNumber(&text).value_or(0);
}

ClaudeModel Of(std::string_view family, int version) {
  using Thinking = ClaudeModel::Thinking;
  ClaudeModel model;
  model.is_claude = true;
  constexpr int64_t kFirstOutput = 4096;  // up to Claude 3
  constexpr int64_t kSmallOutput = 8192;
  constexpr int64_t kOpus4Output = 32000;
  constexpr int64_t kOutput = 64000;
  model.output_tokens_max = kOutput;
  model.takes_schema = version < 0 || version >= (family == "opus" ? 401 : 405);
  model.takes_bedrock_schema = version < 0 || version >= 405;
  if (version >= 0 && version < 307) {
    model.thinking = Thinking::kNone;
    model.output_tokens_max = version < 305 ? kFirstOutput : kSmallOutput;
    return model;
  }
  if (version >= 0 && version < 406) {
    if (family == "opus" && version < 405) model.output_tokens_max = kOpus4Output;
    return model;
  }
  model.thinking = Thinking::kAdaptive;
  model.takes_xhigh = version >= 407;
  model.takes_sampling = version < 407;
  model.thinks_by_default = version >= 500;
  model.always_thinks = version >= 505 || family == "fable" || family == "mythos";
  return model;
}

// Anthropic docs, Beta headers; Bedrock user guide, Anthropic Claude Messages API, anthropic_beta.
constexpr std::array<std::string_view, 5> kModelsBetas = {
    "context-1m-2025-08-07", "dev-full-thinking-2025-05-14", "interleaved-thinking-2025-05-14",
    "output-128k-2025-02-19", "token-efficient-tools-2025-02-19"};

}  // namespace

bool IsModelsBeta(std::string_view beta) {
  return std::find(kModelsBetas.begin(), kModelsBetas.end(), beta) != kModelsBetas.end();
}

ClaudeModel ClaudeModelOf(std::string_view name) {
  const std::string lower = absl::AsciiStrToLower(ToAbsl(name));
  const std::string_view text = lower;
  const size_t claude = text.find("claude");
  if (claude == std::string_view::npos) return {};
  const std::string_view rest = text.substr(claude + std::string_view("claude").size());
  for (const std::string_view family : kFamilies) {
    const size_t at = rest.find(family);
    if (at == std::string_view::npos) continue;
    const int behind = TakeVersion(rest.substr(at + family.size()));
    // claude-3-7-sonnet-20250219 has it in front.
    return Of(family, behind >= 0 ? behind : TakeVersion(rest.substr(0, at)));
  }
  return Of("", TakeVersion(rest));
}

}  // namespace lmgate::dialect

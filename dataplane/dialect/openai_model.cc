#include "dataplane/dialect/openai_model.h"

#include <absl/strings/ascii.h>

#include <algorithm>

#include "common/base/strings.h"

namespace lmgate::dialect {
namespace {

using Sampling = OpenAiModel::Sampling;

// Least first.
constexpr std::string_view kWords[] = {"none", "minimal", "low", "medium", "high", "xhigh", "max"};
constexpr std::string_view kMinimalToHigh[] = {"minimal", "low", "medium", "high"};
constexpr std::string_view kLowToHigh[] = {"low", "medium", "high"};
constexpr std::string_view kLowToXhigh[] = {"low", "medium", "high", "xhigh"};
constexpr std::string_view kMediumToXhigh[] = {"medium", "high", "xhigh"};
constexpr std::string_view kNoneToHigh[] = {"none", "low", "medium", "high"};
constexpr std::string_view kNoneToXhigh[] = {"none", "low", "medium", "high", "xhigh"};
constexpr std::string_view kHigh[] = {"high"};
constexpr std::string_view kMedium[] = {"medium"};

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

bool Has(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

// From before reasoning.
OpenAiModel Plain() {
  OpenAiModel model;
  model.is_openai = true;
  model.reasons = false;
  model.thinks_by_default = false;
  model.takes_verbosity = false;
  return model;
}

OpenAiModel Reasoning(absl::Span<const std::string_view> efforts) {
  OpenAiModel model;
  model.is_openai = true;
  model.efforts = efforts;
  model.sampling = Sampling::kNever;
  model.takes_penalties = false;
  model.takes_stop = false;
  model.takes_max_tokens = false;
  return model;
}

// o1, o3, o4-mini …; `name` without its number.
OpenAiModel OfOSeries(char number, std::string_view rest) {
  const bool speechless = rest.starts_with("-mini") || rest.starts_with("-preview");
  OpenAiModel model = Reasoning(kLowToHigh);
  if (number == '1' && speechless) model.efforts = {};
  if (Has(rest, "-deep-research")) model.efforts = kMedium;
  model.takes_verbosity = false;
  // "Not supported with latest reasoning models o3 and o4-mini": API reference, stop.
  model.takes_stop = number == '1';
  return model;
}

// gpt-5, gpt-5.1-codex, gpt-6 …: 501 is 5.1.
OpenAiModel OfGpt(int version, std::string_view rest) {
  if (Has(rest, "-chat")) {
    OpenAiModel model = version == 500 ? Plain() : Reasoning({});
    model.takes_max_tokens = false;
    model.takes_verbosity = false;
    return model;
  }
  if (Has(rest, "-pro")) {
    return version == 500 ? Reasoning(kHigh) : Reasoning(kMediumToXhigh);
  }
  if (Has(rest, "-codex")) {
    const bool takes_xhigh = version >= 502 || Has(rest, "-max");
    return takes_xhigh ? Reasoning(kLowToXhigh) : Reasoning(kLowToHigh);
  }
  if (version == 500) return Reasoning(kMinimalToHigh);
  OpenAiModel model = version == 501   ? Reasoning(kNoneToHigh)
                      : version <= 504 ? Reasoning(kNoneToXhigh)
                                       : Reasoning(kWords);
  model.sampling = Sampling::kUnthinking;
  model.thinks_by_default = version > 504;
  return model;
}

}  // namespace

OpenAiModel OpenAiModelOf(std::string_view name) {
  const std::string lower = absl::AsciiStrToLower(ToAbsl(name.substr(name.rfind('/') + 1)));
  std::string_view text = lower;
  if (text.starts_with("ft:")) text.remove_prefix(3);
  // Azure writes gpt-35.
  for (const std::string_view plain : {"gpt-3.5", "gpt-35", "gpt-4", "chatgpt-"}) {
    if (text.starts_with(plain)) return Plain();
  }
  const auto ends_number = [&text](size_t at) { return at == text.size() || !IsDigit(text[at]); };
  if (text.size() >= 2 && text[0] == 'o' && Has("134", text.substr(1, 1)) && ends_number(2) &&
      (text.size() == 2 || text[2] == '-')) {
    return OfOSeries(text[1], text.substr(2));
  }
  constexpr std::string_view kGpt = "gpt-";
  const size_t at = kGpt.size();
  if (!text.starts_with(kGpt) || text.size() <= at || text[at] < '5' || text[at] > '9' ||
      !ends_number(at + 1)) {
    return {};
  }
  int version = (text[at] - '0') * 100;
  size_t end = at + 1;
  if (end + 1 < text.size() && text[end] == '.' && IsDigit(text[end + 1])) {
    version += text[end + 1] - '0';
    end += 2;
  }
  return OfGpt(version, text.substr(end));
}

std::string EffortFor(const OpenAiModel& model, std::string_view effort) {
  if (!model.is_openai || effort.empty()) return std::string(effort);
  const auto rank = [](std::string_view word) {
    return std::find(std::begin(kWords), std::end(kWords), word) - std::begin(kWords);
  };
  std::string_view nearest;
  for (const std::string_view word : model.efforts) {
    if (nearest.empty() || rank(word) <= rank(effort)) nearest = word;
  }
  // To think less is what was asked for, and it cannot.
  if (effort == "none" && rank(nearest) > rank("minimal")) return {};
  return std::string(nearest);
}

bool TakesSampling(const OpenAiModel& model, std::string_view effort) {
  if (model.sampling != Sampling::kUnthinking) return model.sampling == Sampling::kAlways;
  return effort.empty() ? !model.thinks_by_default : effort == "none";
}

}  // namespace lmgate::dialect

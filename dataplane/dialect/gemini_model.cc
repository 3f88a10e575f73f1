#include "dataplane/dialect/gemini_model.h"

#include <absl/strings/ascii.h>

#include <string>

#include "common/base/strings.h"

namespace lmgate::dialect {
namespace {

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// A number of one or two digits at `*at`; -1 = there is none.
int TakeNumber(std::string_view text, size_t* at) {
  int number = -1;
  for (int digits = 0; digits < 2 && *at < text.size() && IsDigit(text[*at]); ++digits) {
    number = (number < 0 ? 0 : number * 10) + (text[(*at)++] - '0');
  }
  return number;
}

}  // namespace

GeminiModel GeminiModelOf(std::string_view name) {
  const std::string lower = absl::AsciiStrToLower(ToAbsl(name.substr(name.rfind('/') + 1)));
  constexpr std::string_view kFamily = "gemini-";
  GeminiModel model;
  model.pro = lower.find("-pro") != std::string::npos;
  model.lite = lower.find("-lite") != std::string::npos;
  if (!lower.starts_with(kFamily)) return model;
  size_t at = kFamily.size();
  const int major = TakeNumber(lower, &at);
  if (major >= 0) {
    model.major = major;
    model.minor = 0;
    if (at < lower.size() && lower[at] == '.') {
      ++at;
      const int minor = TakeNumber(lower, &at);
      if (minor > 0) model.minor = minor;
    }
  } else if (lower == "gemini-pro" || lower == "gemini-pro-vision") {
    model.major = 1;
    model.minor = 0;
  } else if (lower.ends_with("-latest")) {
    model.major = 3;
    model.minor = 0;
  }
  return model;
}

}  // namespace lmgate::dialect

#include "cli/flag_value.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>

#include <algorithm>

#include "cli/exit_code.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/key_token.h"
#include "common/options/option_table.h"

namespace lmgate::cli {

absl::Status ParseMap(std::string_view flag, const std::vector<std::string>& texts,
                      StringMap* map) {
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError(StrCat(flag, ": expected NAME=VALUE"));
    }
    const std::string key = text.substr(0, equals);
    if (map->contains(key)) return UsageError(StrCat(flag, ": \"", key, "\" is given twice"));
    (*map)[key] = text.substr(equals + 1);
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Target> ParseTarget(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) {
    return UsageError(StrCat("--to: \"", text, "\" is not CONNECTION.MODEL"),
                      "as openai.gpt-5, openai.gpt-5=3 (weight), or openai.* (the client's model)");
  }
  v1::Target target;
  target.set_connection(std::string(text.substr(0, dot)));
  std::string_view model = text.substr(dot + 1);
  const size_t equals = model.rfind('=');
  if (equals != std::string_view::npos && equals + 1 < model.size() &&
      std::all_of(model.begin() + static_cast<std::ptrdiff_t>(equals) + 1, model.end(),
                  [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); })) {
    uint32_t weight = 0;
    if (!absl::SimpleAtoi(ToAbsl(model.substr(equals + 1)), &weight)) {
      return UsageError(StrCat("--to: the weight of \"", text, "\" is too large"));
    }
    target.set_weight(weight);
    model = model.substr(0, equals);
  }
  target.set_model(std::string(model));
  return target;
}

absl::StatusOr<std::optional<absl::Time>> ParseExpiry(std::string_view text, absl::Time now) {
  if (text == "never") return std::optional<absl::Time>();
  if (const auto duration = options::ParseFriendlyDuration(text); duration.ok()) {
    return std::optional<absl::Time>(now + *duration);
  }
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, ToAbsl(text), &time, &error) &&
      time != absl::InfiniteFuture() && time != absl::InfinitePast()) {
    return std::optional<absl::Time>(time);
  }
  return UsageError(StrCat("--expires: \"", text, "\" is no time"),
                    "as 30d, 12h, 2027-01-31T00:00:00Z, or never");
}

absl::StatusOr<absl::Duration> ParseDurationFlag(std::string_view flag, std::string_view text) {
  const absl::StatusOr<absl::Duration> duration = options::ParseFriendlyDuration(text);
  if (duration.ok()) return *duration;
  return UsageError(StrCat(flag, ": \"", text, "\" is no duration"),
                    "as 500ms, 10s, 1m, 2h or 30d");
}

absl::StatusOr<uint64_t> ParseRevision(std::string_view what, std::string_view text) {
  uint64_t revision = 0;
  if (!text.empty() && absl::ascii_isdigit(static_cast<unsigned char>(text.front())) &&
      absl::SimpleAtoi(ToAbsl(text), &revision)) {
    return revision;
  }
  return UsageError(StrCat(what, ": \"", text, "\" is no revision"),
                    "a whole number, as `lmctl history` shows them");
}

absl::StatusOr<std::string> ParseSecretReference(std::string_view flag, std::string_view text) {
  const bool is_reference = (text.starts_with("env:") && text.size() > 4) ||
                            (text.starts_with("file:") && text.size() > 5);
  if (is_reference) return std::string(text);
  return UsageError(
      StrCat(flag,
             " takes a reference, env:NAME or file:/path; a secret on the command line can be "
             "read by every user of this machine"),
      "give the secret itself by --api-key-file FILE, or - for standard input");
}

bool IsCredentialHeader(std::string_view name) {
  const std::string lower = absl::AsciiStrToLower(ToAbsl(name));
  if (lower == "authorization" || lower == "proxy-authorization" || lower == "cookie") return true;
  static constexpr std::string_view kEnds[] = {"api-key", "apikey", "-token", "-secret"};
  return std::any_of(std::begin(kEnds), std::end(kEnds),
                     [&lower](std::string_view end) { return absl::EndsWith(lower, ToAbsl(end)); });
}

absl::Status CheckKeyName(std::string_view name) {
  // Mistyped ones as well: most of a secret is a secret.
  if (name.size() > 3 + contract::kKeyPublicIdSize + 1 && name.starts_with("lm-") &&
      name[3 + contract::kKeyPublicIdSize] == '-' && name.find('*') == std::string_view::npos) {
    return UsageError(
        "this is a whole key; a key is named by its name or its public id",
        StrCat("its public id is ", name.substr(3, contract::kKeyPublicIdSize),
               "; the key is now in this shell's history: consider `lmctl keys rotate`"));
  }
  return absl::OkStatus();
}

}  // namespace lmgate::cli

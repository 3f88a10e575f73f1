#include "common/options/option_table.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/error_detail.h"
#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/options/env_file.h"
#include "common/options/option_file.h"

namespace lmgate::options {
namespace {

constexpr std::string_view kConfigFlag = "config";
constexpr std::string_view kEnvFileFlag = "env-file";
constexpr std::string_view kHelpFlag = "help";
constexpr std::string_view kVersionFlag = "version";

std::string KeyOf(std::string_view flag) { return absl::StrReplaceAll(ToAbsl(flag), {{"-", "_"}}); }

std::string VariableOf(std::string_view flag) {
  return absl::AsciiStrToUpper(StrCat("LMGATE_", KeyOf(flag)));
}

// A value and where it came from, as the user would look for it.
struct Given {
  std::string value;
  std::string origin;  // "--listen", "LMGATE_LISTEN", "config.yaml: listen"
};

class OptionReader {
 public:
  OptionReader(absl::Span<const Option> options, const Surroundings& surroundings)
      : options_(options), surroundings_(surroundings) {}

  absl::StatusOr<ParseResult> Read() {
    ReadArguments();
    if (result_.help || result_.version) return std::move(result_);
    ReadEnvFile();
    ReadConfigFile();
    for (const Option& option : options_) Set(option);
    if (!errors_.empty()) return absl::InvalidArgumentError(absl::StrJoin(errors_, "\n"));
    return std::move(result_);
  }

 private:
  const Option* FindOption(std::string_view flag) const {
    const auto found = std::find_if(options_.begin(), options_.end(),
                                    [&](const Option& option) { return option.flag == flag; });
    return found == options_.end() ? nullptr : &*found;
  }

  void Complain(std::string_view origin, std::string_view what) {
    errors_.push_back(StrCat(origin, ": ", what));
  }

  std::string DidYouMean(std::string_view word, bool is_flag) const {
    std::vector<std::string> known;
    for (const Option& option : options_) {
      known.push_back(is_flag ? std::string(option.flag) : KeyOf(option.flag));
    }
    if (is_flag) {
      for (const auto flag : {kConfigFlag, kEnvFileFlag, kHelpFlag, kVersionFlag}) {
        known.emplace_back(flag);
      }
    }
    const std::string nearest = NearestWord(word, known);
    if (nearest.empty()) return "";
    return StrCat(", did you mean ", is_flag ? "--" : "", nearest, "?");
  }

  // Fills in flags_, stops at --help and --version.
  void ReadArguments() {
    const std::vector<std::string>& arguments = surroundings_.arguments;
    for (size_t i = 0; i < arguments.size(); ++i) {
      const std::string_view argument = arguments[i];
      if (argument == "--help" || argument == "-h") {
        result_.help = true;
        return;
      }
      if (argument == "--version") {
        result_.version = true;
        return;
      }
      // "-" and "-5" are values.
      const bool has_value =
          i + 1 < arguments.size() && !std::string_view(arguments[i + 1]).starts_with("--");
      const std::string_view next = has_value ? arguments[i + 1] : std::string_view();
      if (ReadArgument(i, has_value, next) == Taken::kWithNext) ++i;
    }
  }

  enum class Taken { kOne, kWithNext };

  Taken ReadArgument(size_t index, bool has_value, std::string_view next) {
    const std::string_view argument = surroundings_.arguments[index];
    if (!argument.starts_with('-')) {
      Complain(StrCat("argument ", index + 1),
               StrCat("\"", argument, "\" is not expected: every value needs its --flag"));
      return Taken::kOne;
    }
    const size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    std::string_view flag = name;
    flag.remove_prefix(flag.starts_with("--") ? 2 : 1);
    const Option* const option = FindOption(flag);
    const bool is_file_flag = flag == kConfigFlag || flag == kEnvFileFlag;
    if (!name.starts_with("--") || (option == nullptr && !is_file_flag)) {
      Complain(name, StrCat("unknown flag", DidYouMean(flag, /*is_flag=*/true)));
      // Not repeated in a complaint of its own: it may be a secret, as in --token SECRET.
      return equals == std::string_view::npos && has_value ? Taken::kWithNext : Taken::kOne;
    }
    if (equals != std::string_view::npos) {
      SetFlag(flag, argument.substr(equals + 1));
      return Taken::kOne;
    }
    if (option != nullptr && option->value_name.empty()) {
      SetFlag(flag, "true");
      return Taken::kOne;
    }
    if (!has_value) {
      Complain(name, "needs a value");
      return Taken::kOne;
    }
    SetFlag(flag, next);
    return Taken::kWithNext;
  }

  void SetFlag(std::string_view flag, std::string_view value) {
    const bool is_new = flags_.emplace(flag, value).second;
    if (!is_new) Complain(StrCat("--", flag), "is given twice");
  }

  // The flag's variable, from the environment or the .env file; an empty one counts as not set.
  std::optional<Given> FindVariable(std::string_view flag) const {
    const std::string name = VariableOf(flag);
    if (std::optional<std::string> value = surroundings_.environment(name)) {
      if (value->empty()) return std::nullopt;
      return Given{.value = *std::move(value), .origin = name};
    }
    const auto found = result_.env_file.find(name);
    if (found == result_.env_file.end() || found->second.empty()) return std::nullopt;
    return Given{.value = found->second, .origin = StrCat(env_file_path_, ": ", name)};
  }

  std::optional<Given> FindFlag(std::string_view flag) const {
    const auto found = flags_.find(flag);
    if (found == flags_.end()) return std::nullopt;
    return Given{.value = found->second, .origin = StrCat("--", flag)};
  }

  // Fills in result_.env_file.
  void ReadEnvFile() {
    std::optional<Given> given = FindFlag(kEnvFileFlag);
    if (!given) {
      const std::string name = VariableOf(kEnvFileFlag);
      if (std::optional<std::string> value = surroundings_.environment(name)) {
        given = Given{.value = *std::move(value), .origin = name};
      }
    }
    env_file_path_ = given ? given->value : ".env";
    if (env_file_path_.empty()) return;

    const absl::StatusOr<std::string> text = surroundings_.read_file(env_file_path_);
    if (!text.ok()) {
      if (!given && absl::IsNotFound(text.status())) return;
      const std::string prefix = given ? StrCat(given->origin, ": ") : "";
      Complain(StrCat(prefix, env_file_path_), ToStd(text.status().message()));
      return;
    }
    auto variables = ParseEnvFile(*text, surroundings_.environment);
    if (!variables.ok()) {
      Complain(env_file_path_, ToStd(variables.status().message()));
      return;
    }
    result_.env_file = *std::move(variables);
    std::erase_if(result_.env_file, [&](const auto& variable) {
      return surroundings_.environment(variable.first).has_value();
    });
  }

  // Fills in file_values_.
  void ReadConfigFile() {
    std::optional<Given> given = FindFlag(kConfigFlag);
    if (!given) given = FindVariable(kConfigFlag);
    if (!given || given->value.empty()) return;

    const std::string& path = given->value;
    const absl::StatusOr<std::string> text = surroundings_.read_file(path);
    if (!text.ok()) {
      Complain(StrCat(given->origin, ": ", path), ToStd(text.status().message()));
      return;
    }
    auto entries = ParseOptionFile(*text);
    if (!entries.ok()) {
      Complain(path, ToStd(entries.status().message()));
      return;
    }
    for (OptionFileEntry& entry : *entries) {
      const std::string origin = StrCat(path, ": ", entry.key);
      const bool is_known =
          std::any_of(options_.begin(), options_.end(),
                      [&](const Option& option) { return KeyOf(option.flag) == entry.key; });
      if (!is_known) {
        Complain(origin, StrCat("unknown key", DidYouMean(entry.key, /*is_flag=*/false)));
      } else if (!entry.value) {
        Complain(origin, "needs one plain value");
      } else {
        file_values_[entry.key] = Given{.value = *std::move(entry.value), .origin = origin};
      }
    }
  }

  std::optional<Given> FindFileValue(std::string_view flag) const {
    const auto found = file_values_.find(KeyOf(flag));
    if (found == file_values_.end()) return std::nullopt;
    return found->second;
  }

  // The precedence is written here: flag > environment > file > default.
  void Set(const Option& option) {
    std::optional<Given> given = FindFlag(option.flag);
    if (!given) given = FindVariable(option.flag);
    if (!given) given = FindFileValue(option.flag);
    if (!given) {
      if (option.default_value.empty()) return;
      given = Given{.value = std::string(option.default_value),
                    .origin = StrCat("default of --", option.flag)};
    }
    const absl::Status status = option.parse(given->value);
    if (!status.ok()) Complain(given->origin, ToStd(status.message()));
  }

  const absl::Span<const Option> options_;
  const Surroundings& surroundings_;

  std::map<std::string, std::string, std::less<>> flags_;  // by flag, without dashes
  std::string env_file_path_;
  std::map<std::string, Given> file_values_;  // by key
  std::vector<std::string> errors_;           // one line each
  ParseResult result_;
};

struct HelpRow {
  std::string flag;
  std::string text;
};

HelpRow RowOf(const Option& option) {
  std::string notes;
  if (!option.default_value.empty()) notes = StrCat("default ", option.default_value, ", ");
  return HelpRow{
      .flag = StrCat("--", option.flag, option.value_name.empty() ? "" : " ", option.value_name),
      .text = StrCat(option.help, " (", notes, VariableOf(option.flag), ")")};
}

}  // namespace

absl::StatusOr<ParseResult> ParseOptions(absl::Span<const Option> options,
                                         const Surroundings& surroundings) {
  for (const Option& option : options) {
    // Only a bug in a program's table can cause these.
    LMGATE_CHECK(option.parse != nullptr);
    LMGATE_CHECK(option.flag != kConfigFlag && option.flag != kEnvFileFlag &&
                 option.flag != kHelpFlag && option.flag != kVersionFlag);
    LMGATE_CHECK(std::count_if(options.begin(), options.end(), [&](const Option& other) {
                   return other.flag == option.flag;
                 }) == 1);
  }
  return OptionReader(options, surroundings).Read();
}

std::string HelpText(std::string_view program, std::string_view sentence,
                     absl::Span<const Option> options) {
  std::vector<HelpRow> rows;
  for (const Option& option : options) rows.push_back(RowOf(option));
  rows.push_back({.flag = StrCat("--", kConfigFlag, " FILE"),
                  .text = StrCat("YAML file with these options as keys, '_' for '-'. (",
                                 VariableOf(kConfigFlag), ")")});
  rows.push_back({.flag = StrCat("--", kEnvFileFlag, " FILE"),
                  .text = StrCat("File with environment variables, \"\" = none. (default .env, ",
                                 VariableOf(kEnvFileFlag), ")")});
  rows.push_back({.flag = StrCat("--", kHelpFlag), .text = "Prints this and exits."});
  rows.push_back({.flag = StrCat("--", kVersionFlag), .text = "Prints the version and exits."});

  size_t flag_width = 0;
  for (const HelpRow& row : rows) flag_width = std::max(flag_width, row.flag.size());
  std::string help = StrCat("Usage: ", program, " [--flag value]...\n", sentence, "\n\n");
  for (const HelpRow& row : rows) {
    const std::string padding(flag_width - row.flag.size() + 2, ' ');
    StrAppend(&help, "  ", row.flag, padding, row.text, "\n");
  }
  StrAppend(&help, "\nA flag wins over its variable, that over the file, that over the default.\n");
  return help;
}

}  // namespace lmgate::options

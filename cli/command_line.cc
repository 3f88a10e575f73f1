#include "cli/command_line.h"

#include <absl/strings/match.h>
#include <absl/strings/str_split.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "common/base/error_detail.h"
#include "common/base/strings.h"

namespace lmgate::cli {
namespace {

// CLI11 takes a value in brackets apart at commas, which shell patterns must not suffer: such words
// travel with this byte in front, which no shell can type by accident.
constexpr char kBracketGuard = '\x1f';

std::string Unguarded(const std::string& value) {
  return !value.empty() && value.front() == kBracketGuard ? value.substr(1) : value;
}

// Arguments as CLI11 understands them: `--flag=` becomes two words, brackets are guarded.
std::vector<std::string> Prepared(const std::vector<std::string>& arguments) {
  std::vector<std::string> prepared;
  bool only_arguments = false;
  for (const std::string& word : arguments) {
    if (word == "--") only_arguments = true;
    if (!only_arguments && absl::StartsWith(word, "--") && absl::EndsWith(word, "=") &&
        word.find('=') == word.size() - 1) {
      prepared.push_back(word.substr(0, word.size() - 1));
      prepared.emplace_back();
    } else if (word.size() >= 2 && word.front() == '[' && word.back() == ']') {
      prepared.push_back(std::string(1, kBracketGuard) + word);
    } else {
      prepared.push_back(word);
    }
  }
  return prepared;
}

// The value as typed. A word that looks like a flag is one: `--group --model x` forgot the group.
std::string Checked(const std::string& name, const std::string& value) {
  if (absl::StartsWith(value, "--")) throw CLI::ValidationError(StrCat(name, " needs a value"));
  return Unguarded(value);
}

// CLI11's words for the errors that are left to it.
std::string ErrorWords(const CLI::ParseError& error) {
  const std::string what = error.what();
  if (absl::EndsWith(what, " missing")) {  // "--group: 1 required TEXT missing"
    return StrCat(what.substr(0, what.find(':')), " needs a value");
  }
  return what;
}

// Words of other tools for our verbs, too far apart for an edit distance.
std::string_view Synonym(std::string_view word) {
  static constexpr std::pair<std::string_view, std::string_view> kSynonyms[] = {
      {"create", "add"},
      {"new", "add"},
      {"generate", "add"},
      {"delete", "remove"},
      {"rm", "remove"},
      {"del", "remove"},
      {"get", "show"},
      {"describe", "show"},
      {"info", "show"},
      {"ls", "list"},
      {"set", "update"},
      {"edit", "update"},
      {"patch", "update"},
      {"disable", "block"},
      {"enable", "unblock"},
      {"model", "routes"},
      {"models", "routes"},
      {"provider", "connections"},
      {"providers", "connections"},
      {"node", "status"},
      {"nodes", "status"},
      {"replicas", "status"},
      {"log", "history"},
  };
  for (const auto& [theirs, ours] : kSynonyms) {
    if (word == theirs) return ours;
  }
  return "";
}

std::string UnknownCommandHint(const Command& command, std::string_view word) {
  std::vector<std::string> known;
  for (const auto& child : command.children()) {
    if (!child->hidden()) known.push_back(child->name());
  }
  std::string nearest = NearestWord(word, known);
  if (nearest.empty()) {
    const std::string_view synonym = Synonym(word);
    if (command.Find(synonym) != nullptr) nearest = std::string(synonym);
  }
  if (!nearest.empty()) return StrCat("did you mean \"", nearest, "\"?");
  std::string list;
  for (const std::string& name : known) StrAppend(&list, list.empty() ? "" : ", ", name);
  return StrCat("commands: ", list);
}

std::string UnknownFlagHint(const Command& command, std::string_view flag) {
  std::vector<std::string> known;
  for (const Command* node = &command; node != nullptr; node = node->parent()) {
    for (const Parameter& parameter : node->parameters()) {
      known.insert(known.end(), parameter.flags.begin(), parameter.flags.end());
    }
  }
  const std::string nearest = NearestWord(flag, known);
  if (!nearest.empty()) return StrCat("did you mean \"", nearest, "\"?");
  return StrCat("`", command.Path(), " --help` lists the flags");
}

// What is wrong with words that found no place. Values are not repeated: one may be a secret that
// was given to a misspelt flag.
absl::Status UnplacedError(const Command& command, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word.size() > 1 && word.front() == '-' && word != "--") {
      const std::string flag = word.substr(0, word.find('='));
      return UsageError(StrCat("unknown flag \"", flag, "\" for `", command.Path(), "`"),
                        UnknownFlagHint(command, flag));
    }
  }
  const auto first = std::find_if(words.begin(), words.end(),
                                  [](const std::string& word) { return word != "--"; });
  if (!command.children().empty() && first != words.end()) {
    const std::string word = Unguarded(*first);
    return UsageError(StrCat("unknown command \"", word, "\" after `", command.Path(), "`"),
                      UnknownCommandHint(command, word));
  }
  return UsageError(StrCat("`", command.Path(), "` takes fewer arguments"),
                    "a flag takes one value; give it again for more: --model A --model B");
}

}  // namespace

Command::Command(std::string_view name, std::string_view summary, Command* parent)
    : name_(name), summary_(summary), parent_(parent) {
  if (parent == nullptr) {
    owned_ = std::make_unique<CLI::App>(std::string(summary), std::string(name));
    app_ = owned_.get();
    app_->fallthrough();
  } else {
    app_ = parent->app_->add_subcommand(name_, summary_);
    parent->app_->require_subcommand(1);
  }
}

Command::~Command() = default;

Command& Command::Add(std::string_view name, std::string_view summary) {
  children_.push_back(std::make_unique<Command>(name, summary, this));
  return *children_.back();
}

Command& Command::Alias(std::string_view name) {
  aliases_.emplace_back(name);
  app_->alias(std::string(name));
  return *this;
}

void Command::Declare(std::string_view flags, Value value, std::string_view help, bool required,
                      bool repeatable) {
  Parameter parameter{.flags = {},
                      .value = std::move(value),
                      .help = std::string(help),
                      .required = required,
                      .repeatable = repeatable};
  if (!flags.empty()) parameter.flags = absl::StrSplit(ToAbsl(flags), ',');
  parameters_.push_back(std::move(parameter));
}

Command& Command::Text(std::string_view flags, Value value, std::optional<std::string>* target,
                       std::string_view help) {
  Declare(flags, std::move(value), help, false, false);
  app_->add_option_function<std::string>(
          std::string(flags), [target, name = parameters_.back().flags.back()](
                                  const std::string& text) { *target = Checked(name, text); })
      ->allow_extra_args(false)
      ->take_last();
  return *this;
}

Command& Command::List(std::string_view flags, Value value, std::vector<std::string>* target,
                       std::string_view help) {
  Declare(flags, std::move(value), help, false, true);
  app_->add_option_function<std::vector<std::string>>(
          std::string(flags),
          [target, name = parameters_.back().flags.back()](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) target->push_back(Checked(name, text));
          })
      ->allow_extra_args(false);
  return *this;
}

Command& Command::Switch(std::string_view flags, bool* target, std::string_view help) {
  Declare(flags, Value{.name = ""}, help, false, false);
  app_->add_flag(std::string(flags), *target);
  return *this;
}

Command& Command::Argument(Value value, std::string* target) {
  const std::string name(value.name);
  Declare("", std::move(value), "", true, false);
  app_->add_option_function<std::string>(
          name, [target](const std::string& text) { *target = Unguarded(text); })
      ->required()
      ->allow_extra_args(false);
  return *this;
}

Command& Command::OptionalArgument(Value value, std::optional<std::string>* target) {
  const std::string name(value.name);
  Declare("", std::move(value), "", false, false);
  app_->add_option_function<std::string>(
          name, [target](const std::string& text) { *target = Unguarded(text); })
      ->allow_extra_args(false);
  return *this;
}

Command& Command::Arguments(Value value, std::vector<std::string>* target) {
  const std::string name(value.name);
  Declare("", std::move(value), "", true, true);
  app_->add_option_function<std::vector<std::string>>(
          name,
          [target](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) target->push_back(Unguarded(text));
          })
      ->required();
  return *this;
}

Command& Command::OptionalArguments(Value value, std::vector<std::string>* target) {
  Arguments(std::move(value), target);
  parameters_.back().required = false;
  app_->get_options().back()->required(false);
  return *this;
}

Command& Command::Detail(std::string_view text) {
  details_.emplace_back(text);
  return *this;
}

Command& Command::Example(std::string_view line) {
  examples_.emplace_back(line);
  return *this;
}

Command& Command::Hidden() {
  hidden_ = true;
  return *this;
}

Command& Command::Run(Handler handler) {
  handler_ = std::move(handler);
  return *this;
}

std::string Command::Path() const {
  return parent_ == nullptr ? name_ : StrCat(parent_->Path(), " ", name_);
}

const Command* Command::Find(std::string_view name) const {
  for (const auto& child : children_) {
    if (child->name_ == name) return child.get();
    for (const std::string& alias : child->aliases_) {
      if (alias == name) return child.get();
    }
  }
  return nullptr;
}

ParseOutcome ParseCommandLine(Command& root, std::vector<std::string> arguments) {
  // The deepest command that CLI11 got to.
  const auto reached = [&root]() -> const Command* {
    const Command* command = &root;
    while (true) {
      const auto child =
          std::find_if(command->children_.begin(), command->children_.end(),
                       [](const auto& candidate) { return candidate->app_->parsed(); });
      if (child == command->children_.end()) return command;
      command = child->get();
    }
  };

  std::vector<std::string> words = Prepared(arguments);
  std::reverse(words.begin(), words.end());
  ParseOutcome outcome;
  std::string what;
  try {
    root.app_->parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    outcome.help = true;
  } catch (const CLI::ParseError& error) {
    what = ErrorWords(error);
  }
  outcome.command = reached();
  if (outcome.help) return outcome;

  const std::vector<std::string> unplaced = root.app_->remaining(true);
  const bool any_word = std::any_of(unplaced.begin(), unplaced.end(),
                                    [](const std::string& word) { return word != "--"; });
  if (any_word) {
    outcome.status = UnplacedError(*outcome.command, unplaced);
  } else if (!outcome.command->children_.empty()) {
    outcome.status = UsageError(StrCat("`", outcome.command->Path(), "` needs a command"),
                                UnknownCommandHint(*outcome.command, ""));
  } else if (!what.empty()) {
    outcome.status = UsageError(StrCat("`", outcome.command->Path(), "`: ", what),
                                StrCat("`", outcome.command->Path(), " --help` explains it"));
  }
  return outcome;
}

}  // namespace lmgate::cli

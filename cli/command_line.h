#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_code.h"

namespace CLI {
class App;
}

namespace lmgate::cli {

class Session;

// What a value is, for help (its name) and for the shell's completion.
struct Value {
  enum class Source {
    kNone,  // anything, or files: the shell decides
    kConnections,
    kRoutes,
    kGroups,
    kKeys,
    kContexts,
    kCommands,
    kWords,  // `words`
  };
  std::string_view name;  // as in the help: "GROUP"
  Source source = Source::kNone;
  std::vector<std::string_view> words = {};
};

// One flag or argument, as declared.
struct Parameter {
  std::vector<std::string> flags = {};  // "-o", "--output"; empty = an argument
  Value value;                          // name empty = a switch
  std::string help;
  bool required = false;    // arguments only
  bool repeatable = false;  // flags: give it again; arguments: give more
};

// One node of the command tree: `keys`, `keys add`. Declares what it takes, and where to put it;
// the targets must outlive the parse. A leaf has a handler. CLI11 does the parsing behind it; its
// surprises (bracketed values are split, `--flag=` takes the next word) are dealt with here.
class Command {
 public:
  using Handler = std::function<absl::StatusOr<ExitCode>(Session&)>;

  Command(std::string_view name, std::string_view summary, Command* parent);
  ~Command();

  // Declaration; all but Add give *this back.
  Command& Add(std::string_view name, std::string_view summary);
  Command& Alias(std::string_view name);
  // `flags` as "--group" or "-o,--output".
  Command& Text(std::string_view flags, Value value, std::optional<std::string>* target,
                std::string_view help);
  // May be given several times; each takes one value.
  Command& List(std::string_view flags, Value value, std::vector<std::string>* target,
                std::string_view help);
  Command& Switch(std::string_view flags, bool* target, std::string_view help);
  Command& Argument(Value value, std::string* target);
  Command& OptionalArgument(Value value, std::optional<std::string>* target);
  // At least one.
  Command& Arguments(Value value, std::vector<std::string>* target);
  // Any number, none included.
  Command& OptionalArguments(Value value, std::vector<std::string>* target);
  // A paragraph and an example line of the help page.
  Command& Detail(std::string_view text);
  Command& Example(std::string_view line);
  // Left out of help and completion.
  Command& Hidden();
  Command& Run(Handler handler);

  const std::string& name() const { return name_; }
  const std::string& summary() const { return summary_; }
  const std::vector<std::string>& aliases() const { return aliases_; }
  // As typed: "lmctl keys add".
  std::string Path() const;
  const Command* parent() const { return parent_; }
  const std::vector<std::unique_ptr<Command>>& children() const { return children_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  const std::vector<std::string>& details() const { return details_; }
  const std::vector<std::string>& examples() const { return examples_; }
  const Handler& handler() const { return handler_; }
  bool hidden() const { return hidden_; }
  // By name or alias; null = none.
  const Command* Find(std::string_view name) const;

 private:
  friend struct ParseOutcome ParseCommandLine(Command& root, std::vector<std::string> arguments);

  void Declare(std::string_view flags, Value value, std::string_view help, bool required,
               bool repeatable);

  const std::string name_;
  const std::string summary_;
  Command* const parent_;
  std::unique_ptr<CLI::App> owned_;  // the root's only
  CLI::App* app_;                    // in the root's tree
  std::vector<std::string> aliases_;
  std::vector<std::unique_ptr<Command>> children_;
  std::vector<Parameter> parameters_;
  std::vector<std::string> details_;
  std::vector<std::string> examples_;
  Handler handler_;
  bool hidden_ = false;
};

struct ParseOutcome {
  // A usage error with a hint ("did you mean"), else OK.
  absl::Status status;
  // The command reached, also in case of an error; the root at least.
  const Command* command = nullptr;
  // -h or --help was given.
  bool help = false;
};

// Fills the targets. `arguments` without the program's name. The flags of a node are also taken
// after its children, so the root's are global.
ParseOutcome ParseCommandLine(Command& root, std::vector<std::string> arguments);

}  // namespace lmgate::cli

#include "cli/commands/help.h"

#include "cli/exit_code.h"
#include "cli/help_text.h"
#include "cli/session.h"
#include "common/base/error_detail.h"
#include "common/base/strings.h"

namespace lmgate::cli {

HelpCommand::HelpCommand(Command& root) {
  root.Add("help", "Explain a command, or the exit codes")
      .OptionalArguments({"COMMAND", Value::Source::kCommands}, &words_)
      .Example("lmctl help keys add")
      .Example("lmctl help exit-codes")
      .Run([this](Session& session) { return Run(session); });
}

absl::StatusOr<ExitCode> HelpCommand::Run(Session& session) const {
  if (words_.size() == 1 && words_[0] == "exit-codes") {
    session.printer().PrintText(ExitCodesHelp());
    return ExitCode::kOk;
  }
  const Command* command = &session.root();
  for (const std::string& word : words_) {
    const Command* child = command->Find(word);
    if (child == nullptr) {
      std::vector<std::string> known;
      for (const auto& candidate : command->children()) known.push_back(candidate->name());
      const std::string nearest = NearestWord(word, known);
      return UsageError(StrCat("there is no command `", command->Path(), " ", word, "`"),
                        nearest.empty() ? StrCat("`lmctl help` lists the commands")
                                        : StrCat("did you mean \"", nearest, "\"?"));
    }
    command = child;
  }
  session.printer().PrintText(HelpText(*command));
  return ExitCode::kOk;
}

}  // namespace lmgate::cli

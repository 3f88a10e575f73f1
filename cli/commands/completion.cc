#include "cli/commands/completion.h"

#include "cli/completer.h"
#include "cli/exit_code.h"
#include "cli/session.h"
#include "common/base/strings.h"

namespace lmgate::cli {
namespace {

// mapfile, and %q: names such as gpt-* must be neither expanded now nor later.
constexpr std::string_view kBash = R"sh(# lmctl completion for bash: source <(lmctl completion bash)
_lmctl() {
  local candidates candidate
  COMPREPLY=()
  mapfile -t candidates < <(lmctl __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  for candidate in "${candidates[@]}"; do
    COMPREPLY+=("$(printf '%q' "$candidate")")
  done
}
complete -o default -F _lmctl lmctl
)sh";

constexpr std::string_view kZsh = R"sh(#compdef lmctl
# lmctl completion for zsh: source <(lmctl completion zsh)
_lmctl() {
  local -a candidates
  candidates=("${(@f)$(lmctl __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=("${(@)candidates:#}")
  if (( ${#candidates} )); then
    compadd -a candidates
  else
    _files
  fi
}
compdef _lmctl lmctl
)sh";

constexpr std::string_view kFish = R"sh(# lmctl completion for fish: lmctl completion fish | source
function __lmctl_candidates
  set -l words (commandline -opc) (commandline -ct)
  lmctl __complete -- $words[2..-1] 2>/dev/null
end
complete -c lmctl -f -a '(__lmctl_candidates)'
for flag in file token-file ca secret-file api-key-file
  complete -c lmctl -l $flag -r -F
end
complete -c lmctl -s f -r -F
)sh";

}  // namespace

CompletionCommand::CompletionCommand(Command& root) {
  root.Add("completion", "Print the completion script of a shell")
      .Argument({"SHELL", Value::Source::kWords, {"bash", "zsh", "fish"}}, &shell_)
      .Detail(
          "SHELL is bash, zsh or fish. Names of resources are asked from the control plane; when\n"
          "it does not answer within a second, there are none.")
      .Example("source <(lmctl completion bash)")
      .Example("lmctl completion fish | source")
      .Run([this](Session& session) { return Script(session); });
  root.Add("__complete", "Candidates for the last word, for the completion scripts")
      .Hidden()
      .OptionalArguments({"WORD"}, &words_)
      .Run([this](Session& session) { return Complete(session); });
}

absl::StatusOr<ExitCode> CompletionCommand::Script(Session& session) const {
  if (shell_ == "bash") {
    session.printer().PrintText(kBash);
  } else if (shell_ == "zsh") {
    session.printer().PrintText(kZsh);
  } else if (shell_ == "fish") {
    session.printer().PrintText(kFish);
  } else {
    return UsageError(StrCat("there is no completion for \"", shell_, "\""), "bash, zsh or fish");
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> CompletionCommand::Complete(Session& session) const {
  for (const std::string& candidate : FindCandidates(session.root(), words_, session.console())) {
    session.printer().PrintText(Printable(candidate) + "\n");
  }
  return ExitCode::kOk;
}

}  // namespace lmgate::cli

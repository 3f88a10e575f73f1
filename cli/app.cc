#include "cli/app.h"

#include <absl/strings/match.h>

#include <memory>

#include "cli/commands/completion.h"
#include "cli/commands/config.h"
#include "cli/commands/connections.h"
#include "cli/commands/contexts.h"
#include "cli/commands/dialects.h"
#include "cli/commands/groups.h"
#include "cli/commands/help.h"
#include "cli/commands/keys.h"
#include "cli/commands/routes.h"
#include "cli/commands/status.h"
#include "cli/commands/version.h"
#include "cli/exit_code.h"
#include "cli/global_flags.h"
#include "cli/help_text.h"
#include "cli/session.h"
#include "common/base/strings.h"

namespace lmgate::cli {
namespace {

// The command tree with the places that its flags are put into.
struct Tree {
  Tree() {
    DeclareGlobalFlags(root, &flags);
    DeclareVersion(root);
  }

  GlobalFlags flags;
  Command root{"lmctl", "Administers an LLM gateway: changes it live, on every replica", nullptr};
  // In the order of the help.
  ConnectionCommands connections{root};
  RouteCommands routes{root};
  GroupCommands groups{root};
  KeyCommands keys{root};
  ConfigCommands config{root};
  StatusCommand status{root};
  DialectsCommand dialects{root};
  ContextCommands contexts{root};
  CompletionCommand completion{root};
  HelpCommand help{root};
};

// Before the flags are parsed, or when they cannot be: how errors are to be written.
bool WantsJson(const std::vector<std::string>& arguments, const Console& console) {
  std::string output = console.environment("LMCTL_OUTPUT").value_or("");
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if ((word == "-o" || word == "--output") && i + 1 < arguments.size()) output = arguments[i + 1];
    if (absl::StartsWith(word, "--output=")) output = word.substr(9);
    if (absl::StartsWith(word, "-o") && word.size() > 2) output = word.substr(2);
  }
  return output == "json";
}

void AppendPages(const Command& command, std::string* pages) {
  if (command.hidden()) return;
  StrAppend(pages, "## ", command.Path(), "\n\n", HelpText(command), "\n");
  for (const auto& child : command.children()) AppendPages(*child, pages);
}

absl::StatusOr<ExitCode> RunCommand(const Tree& tree, const Command& command, Console& console) {
  const absl::StatusOr<std::unique_ptr<Session>> session =
      Session::Create(tree.flags, tree.root, console);
  if (!session.ok()) return session.status();
  return command.handler()(**session);
}

}  // namespace

int RunLmctl(const std::vector<std::string>& arguments, Console& console) {
  Tree tree;
  if (arguments.empty()) {
    console.out << HelpText(tree.root) << std::flush;
    return static_cast<int>(ExitCode::kOk);
  }
  const ParseOutcome parsed = ParseCommandLine(tree.root, arguments);
  if (parsed.help) {
    console.out << HelpText(*parsed.command) << std::flush;
    return static_cast<int>(ExitCode::kOk);
  }
  const absl::StatusOr<ExitCode> result =
      parsed.status.ok() ? RunCommand(tree, *parsed.command, console) : parsed.status;
  if (result.ok() && console.out.flush()) return static_cast<int>(*result);

  // A full disk, say. What the command changed is changed all the same.
  const absl::Status status =
      result.ok() ? LocalError(absl::StatusCode::kDataLoss, "standard output cannot be written")
                  : result.status();
  console.err << ErrorText(status, WantsJson(arguments, console)) << std::flush;
  ExitCode code = ExitCodeOf(status);
  // To scripts, 1 from `diff` says that something differs.
  if (parsed.command->Path() == "lmctl diff" && code == kDiffers) code = ExitCode::kServer;
  return static_cast<int>(code);
}

std::string AllHelpPages() {
  Tree tree;
  std::string pages;
  AppendPages(tree.root, &pages);
  return pages;
}

}  // namespace lmgate::cli

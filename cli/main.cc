#include <grpc/support/log.h>
#include <poll.h>
#include <pwd.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "cli/app.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/options/option_table.h"

namespace {

// Written to by the signal handler; `pause` waits on the other end.
int interrupt_pipe[2] = {-1, -1};

void OnInterrupt(int) {
  const char byte = 1;
  [[maybe_unused]] const ssize_t written = write(interrupt_pipe[1], &byte, 1);
}

// Ctrl-C ends a wait the first time, and the program the second. Only for commands that wait: the
// handler is set by the first pause.
bool Pause(absl::Duration duration) {
  if (interrupt_pipe[0] < 0) {
    if (pipe(interrupt_pipe) != 0) return false;
    struct sigaction action = {};
    action.sa_handler = OnInterrupt;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
  }
  pollfd interrupted{.fd = interrupt_pipe[0], .events = POLLIN, .revents = 0};
  return poll(&interrupted, 1, static_cast<int>(absl::ToInt64Milliseconds(duration))) == 0;
}

// user@host in printable ASCII, for the change log.
std::string Actor() {
  const passwd* user = getpwuid(geteuid());
  char host[256] = {};
  if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  std::string actor = user != nullptr ? user->pw_name : lmgate::StrCat("uid-", geteuid());
  if (host[0] != '\0') lmgate::StrAppend(&actor, "@", std::string(host));
  for (char& c : actor) {
    if (c <= ' ' || c >= 0x7f) c = '?';
  }
  return actor;
}

}  // namespace

int main(int argc, char** argv) {
  // gRPC's own lines would stand between ours; its errors come back as statuses all the same.
  gpr_set_log_function([](gpr_log_func_args*) {});
  const lmgate::options::Surroundings surroundings =
      lmgate::options::ProcessSurroundings(argc, argv);
  const lmgate::SystemClock clock;
  lmgate::cli::Console console{.in = std::cin,
                               .out = std::cout,
                               .err = std::cerr,
                               .in_is_terminal = isatty(STDIN_FILENO) == 1,
                               .out_is_terminal = isatty(STDOUT_FILENO) == 1,
                               .environment = surroundings.environment,
                               .pause = Pause,
                               .clock = clock,
                               .actor = Actor()};
  return lmgate::cli::RunLmctl(surroundings.arguments, console);
}

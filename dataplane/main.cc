#include <absl/strings/str_split.h>
#include <pthread.h>
#include <signal.h>

#include <iostream>
#include <thread>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "dataplane/app.h"
#include "dataplane/options.h"

namespace {

constexpr char kProgram[] = "lmgate-dataplane";

int Fail(const absl::Status& status) {
  for (const absl::string_view line : absl::StrSplit(status.message(), '\n')) {
    std::cerr << kProgram << ": " << line << "\n";
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  lmgate::dataplane::Options options;
  const auto table = lmgate::dataplane::OptionTable(&options);
  const auto parsed =
      lmgate::options::ParseOptions(table, lmgate::options::ProcessSurroundings(argc, argv));
  if (!parsed.ok()) return Fail(parsed.status());
  if (parsed->help) {
    std::cout << lmgate::options::HelpText(
        kProgram,
        "Serves the client traffic of lmgate from the configuration that the control "
        "plane pushes.",
        table);
    return 0;
  }
  if (parsed->version) {
    std::cout << kProgram << " " << lmgate::Version() << "\n";
    return 0;
  }
  if (const absl::Status status = lmgate::dataplane::CheckOptions(options); !status.ok()) {
    return Fail(status);
  }
  if (const absl::Status status = lmgate::SetLogLevel(options.log_level); !status.ok()) {
    return Fail(status);
  }
  lmgate::dataplane::ExportEnvFile(*parsed);

  // Blocked before any thread is made, so that each inherits it and sigwait below gets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  auto app = lmgate::dataplane::App::Create(options);
  if (!app.ok()) return Fail(app.status());
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  lmgate::LogInfo("draining");
  // A second signal means now.
  std::thread([signals] {
    int again = 0;
    sigwait(&signals, &again);
    _exit(130);
  }).detach();
  const bool all_ended = (*app)->Shutdown(options.drain_timeout);
  lmgate::LogInfo(all_ended ? "stopped" : "stopped; answers still under way were cut");
  return 0;
}

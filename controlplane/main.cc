#include <absl/strings/str_split.h>
#include <pthread.h>
#include <signal.h>

#include <cstdlib>
#include <iostream>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "controlplane/app.h"
#include "controlplane/options.h"

namespace {

constexpr char kProgram[] = "lmgate-controlplane";

int Fail(const absl::Status& status) {
  for (const absl::string_view line : absl::StrSplit(status.message(), '\n')) {
    std::cerr << kProgram << ": " << line << "\n";
  }
  return 1;
}

// As the listeners were bound: the port may have been 0.
std::string Bound(lmgate::options::HostPort address, uint16_t port) {
  address.port = port;
  return address.Text();
}

}  // namespace

int main(int argc, char** argv) {
  lmgate::controlplane::Options options;
  const auto table = lmgate::controlplane::OptionTable(&options);
  const auto parsed =
      lmgate::options::ParseOptions(table, lmgate::options::ProcessSurroundings(argc, argv));
  if (!parsed.ok()) return Fail(parsed.status());
  if (parsed->help) {
    std::cout << lmgate::options::HelpText(
        kProgram, "Owns the configuration of lmgate and pushes every change to the data planes.",
        table);
    return 0;
  }
  if (parsed->version) {
    std::cout << kProgram << " " << lmgate::Version() << "\n";
    return 0;
  }
  if (const absl::Status status = lmgate::SetLogLevel(options.log_level); !status.ok()) {
    return Fail(status);
  }

  // Blocked before any thread is made, so that each inherits it and sigwait below gets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  const auto app = lmgate::controlplane::App::Create(options);
  if (!app.ok()) return Fail(app.status());
  uint64_t revision = 0;
  (*app)->store().Read([&](const auto& state) { revision = state.revision(); });
  lmgate::LogInfo(lmgate::StrCat("ready: grpc ", Bound(options.grpc_listen, (*app)->grpc_port()),
                                 ", http ", Bound(options.http_listen, (*app)->http_port()),
                                 ", revision ", revision, ", state in ", options.state_dir));
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  lmgate::LogInfo("stopping");
  (*app)->Stop();
  lmgate::LogInfo("stopped");
  return 0;
}

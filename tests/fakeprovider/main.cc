#include <absl/types/span.h>
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/options/option_table.h"
#include "tests/fakeprovider/api_key_file.h"
#include "tests/fakeprovider/aws_keys_file.h"
#include "tests/fakeprovider/fake_provider.h"
#include "tests/fakeprovider/fault.h"

namespace {

using lmgate::StrCat;

constexpr char kProgram[] = "lmgate-fakeprovider";
constexpr char kSentence[] = "A fake provider for tests, demos and benchmarks.";
constexpr int64_t kJournalLimitMax = 1'000'000;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s: %s\n", kProgram, std::string(status.message()).c_str());
  return 1;
}

// A benchmark may hold more streams than the soft limit of file descriptors.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  // Before any thread starts: all inherit the mask, so that only sigwait() below sees the signals.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  const lmgate::options::Surroundings surroundings =
      lmgate::options::ProcessSurroundings(argc, argv);
  lmgate::fakeprovider::Options options;
  lmgate::options::HostPort listen;
  int64_t journal_limit = 0;
  const lmgate::options::Option table[] = {
      {"listen", "HOST:PORT", "127.0.0.1:9100", "address to listen on, loopback only; port 0 = any",
       lmgate::options::ToHostPort(&listen)},
      {"journal-limit", "N", "1000", "received requests to remember; 0 = none",
       lmgate::options::ToInteger(&journal_limit, 0, kJournalLimitMax)},
      {"api-key-file", "FILE", "", "file with the only key that is let in; else requests need none",
       lmgate::fakeprovider::ToApiKeyFile(surroundings, &options.api_key)},
      {"aws-keys-file", "FILE", "",
       "file with access key id and secret: requests to Bedrock must be signed by them",
       lmgate::fakeprovider::ToAwsKeysFile(surroundings, &options.aws_keys)},
  };
  const auto parsed = lmgate::options::ParseOptions(table, surroundings);
  if (!parsed.ok()) return Fail(parsed.status());
  if (parsed->help) {
    std::printf("%s\nThe model name of a request selects the fault; other names are healthy.\n\n%s",
                lmgate::options::HelpText(kProgram, kSentence, table).c_str(),
                lmgate::fakeprovider::FaultHelp().c_str());
    return 0;
  }
  if (parsed->version) {
    std::printf("%s %s\n", kProgram, std::string(lmgate::Version()).c_str());
    return 0;
  }
  if (!listen.IsLoopback()) {
    return Fail(absl::InvalidArgumentError(
        StrCat("--listen ", listen.Text(), ": only loopback addresses are served")));
  }
  options.host = listen.host == "localhost" ? "127.0.0.1" : listen.host;
  options.port = listen.port;
  options.journal_entries_max = static_cast<size_t>(journal_limit);

  RaiseFileLimit();
  const auto provider = lmgate::fakeprovider::FakeProvider::Create(options);
  if (!provider.ok()) return Fail(provider.status());
  std::printf("listening on http://%s:%d\n", options.host.c_str(), (*provider)->port());
  std::fflush(stdout);
  int received = 0;
  sigwait(&stop_signals, &received);
  return 0;
}

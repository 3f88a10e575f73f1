// The client of all measurements: see --help.

#include <sys/prctl.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>

#include "tests/bench/load.h"
#include "tests/bench/load_options.h"

int main(int argc, char** argv) {
  using namespace lmgate::bench;
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    std::fputs(kLoadUsage, stdout);
    return 0;
  }
  const std::optional<LoadOptions> options = ParseLoadOptions(argc, argv);
  if (!options.has_value()) return 1;
  prctl(PR_SET_TIMERSLACK, 1UL);  // nanosecond: requests leave when they are due
  const auto load = std::make_unique<Load>(*options);
  load->Run();
  std::printf("%s\n", load->ToJson().c_str());
  return load->failed() ? 2 : 0;
}

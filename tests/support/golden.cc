#include "tests/support/golden.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/options/surroundings.h"

namespace lmgate::testing {

std::string Golden(const std::string& name, std::string_view actual) {
  const std::filesystem::path path = std::filesystem::path("tests/golden") / name;
  const auto environment = options::ProcessSurroundings(0, nullptr).environment;
  if (environment("LMGATE_UPDATE_GOLDEN").has_value()) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << actual;
  }
  std::ostringstream expected;
  expected << std::ifstream(path, std::ios::binary).rdbuf();
  return expected.str();
}

}  // namespace lmgate::testing

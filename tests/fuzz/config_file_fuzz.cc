#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/logging.h"
#include "controlplane/importer/config_export.h"
#include "controlplane/importer/config_file.h"
#include "controlplane/importer/config_plan.h"
#include "tests/unit/controlplane/importer/applied_state.h"

// Any bytes give a configuration or an error that names the file. What was read can be planned,
// carried out and exported, and the export changes nothing.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lmgate::importer;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = ParseConfigFile(text, "f");
  if (!parsed.ok()) {
    LMGATE_CHECK(absl::IsInvalidArgument(parsed.status()));
    LMGATE_CHECK(parsed.status().message().substr(0, 2) == "f:");
    return 0;
  }
  AppliedState state;
  const auto plan = PlanApply(*parsed, state.state());
  if (!plan.ok()) return 0;  // a `stored:` secret where nothing is stored
  state.Carry(*plan);

  const std::string file =
      ExportConfig(CollectConfig(state.state()), state.state().key_pepper(), ExportFormat::kYaml);
  const auto exported = ParseConfigFile(file, "f");
  LMGATE_CHECK(exported.ok());
  const auto again = PlanApply(*exported, state.state());
  LMGATE_CHECK(again.ok() && again->empty());
  return 0;
}

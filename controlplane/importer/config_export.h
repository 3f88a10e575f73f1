#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "common/contract/snapshot_state.h"
#include "lmgate/v1/config.pb.h"

namespace lmgate::importer {

enum class ExportFormat { kYaml, kJson };

// "yaml" or "" (the default), "json"; InvalidArgument for anything else.
absl::StatusOr<ExportFormat> ParseExportFormat(std::string_view name);

// The configuration in a snapshot: connections and groups by name, routes by order. Secrets in the
// clear.
v1::ConfigSet CollectConfig(const contract::SnapshotState& state);

// The native file that PlanApply would turn into this configuration: applying it to the state that
// it came from is an empty plan. Literal secrets are blanked to `stored:` under `pepper`;
// `revision`, `order` and names that follow from the model are left out. The same configuration
// gives the same bytes.
std::string ExportConfig(const v1::ConfigSet& config, std::string_view pepper, ExportFormat format);

}  // namespace lmgate::importer

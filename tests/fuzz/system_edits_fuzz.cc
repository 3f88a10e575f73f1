#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "common/base/logging.h"
#include "dataplane/dialect/sealed_history.h"
#include "dataplane/dialect/system_edits.h"

namespace {

using lmgate::contract::SystemEdits;

bool IsJson(std::string_view text) { return nlohmann::json::accept(text); }

}  // namespace

// What was JSON is JSON after it was edited, in each dialect; and what nothing is done to stays.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const bool json = IsJson(body);
  const SystemEdits edits{.replace = {{.from = "a", .to = "b\n\""}, {.from = "Claude", .to = ""}},
                          .append = "Be \"brief\".",
                          .inject_progress = true};
  for (const char* dialect :
       {"openai-chat", "openai-responses", "anthropic", "gemini", "bedrock"}) {
    const auto edited = lmgate::dialect::EditBody(dialect, body, edits);
    if (json && edited.ok()) LMGATE_CHECK(IsJson(*edited));
    const auto same = lmgate::dialect::EditBody(dialect, body, SystemEdits{});
    if (same.ok()) LMGATE_CHECK(*same == body);

    const auto stripped = lmgate::dialect::StripSealed(dialect, body);
    if (!stripped.has_value()) continue;
    if (json) LMGATE_CHECK(IsJson(*stripped));
    // Nothing is left for a second time.
    if (json) LMGATE_CHECK(!lmgate::dialect::StripSealed(dialect, *stripped).has_value());
  }
  return 0;
}

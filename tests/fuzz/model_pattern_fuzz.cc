#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/logging.h"
#include "common/contract/model_pattern.h"

using lmgate::contract::ModelPattern;

// The bytes before the first line feed are the pattern, those after it the model.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kModelBytesMax = 4096;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view text = input.substr(0, input.find('\n'));
  std::string_view model = input.substr(text.size());
  if (!model.empty()) model.remove_prefix(1);
  model = model.substr(0, kModelBytesMax);

  const auto pattern = ModelPattern::Create(text);
  if (!pattern.ok()) {
    LMGATE_CHECK(absl::IsInvalidArgument(pattern.status()));
    return 0;
  }
  const bool matches = pattern->Matches(model);
  if (pattern->is_exact()) LMGATE_CHECK(matches == (model == text));
  if (pattern->is_any()) LMGATE_CHECK(matches);
  if (text.starts_with("re:")) return 0;

  // A star at either end only widens a shell pattern; before a last '[' that is not closed, it
  // could become part of a set.
  if (matches && text.find('[') == std::string_view::npos && text.size() < 512) {
    const auto wider = ModelPattern::Create(std::string(text) + "*");
    LMGATE_CHECK(wider.ok() && wider->Matches(model));
    LMGATE_CHECK(wider->Matches(std::string(model) + "x"));
  }
  return 0;
}

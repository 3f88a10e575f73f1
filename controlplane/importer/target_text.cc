#include "controlplane/importer/target_text.h"

#include "common/base/strings.h"

namespace lmgate::importer {

std::optional<v1::Target> ParseTargetText(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) return std::nullopt;
  v1::Target target;
  target.set_connection(std::string(text.substr(0, dot)));
  target.set_model(std::string(text.substr(dot + 1)));
  return target;
}

std::optional<std::string> FormatTargetText(const v1::Target& target) {
  const bool plain = target.weight() == 0 && !target.connection().empty() &&
                     !target.model().empty() && target.connection().find('.') == std::string::npos;
  if (!plain) return std::nullopt;
  return StrCat(target.connection(), ".", target.model());
}

}  // namespace lmgate::importer

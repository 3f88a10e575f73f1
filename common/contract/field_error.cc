#include "common/contract/field_error.h"

#include <absl/strings/escaping.h>

#include <utility>

#include "common/base/error_detail.h"
#include "common/base/strings.h"

namespace lmgate::contract {

absl::Status FieldError(std::string_view field, std::string_view problem, std::string hint) {
  return WithFieldHint(absl::InvalidArgumentError(StrCat(field, ": ", problem)),
                       {.field = std::string(field), .hint = std::move(hint)});
}

absl::Status InParent(std::string_view parent, const absl::Status& status) {
  if (status.ok()) return status;
  FieldHint hint = GetFieldHint(status).value_or(FieldHint{});
  // A problem of the parent itself ("connections[3]") has no field of its own.
  const std::string_view separator = hint.field.empty() ? ": " : ".";
  hint.field = hint.field.empty() ? std::string(parent) : StrCat(parent, ".", hint.field);
  return WithFieldHint(absl::Status(status.code(), StrCat(parent, separator, status.message())),
                       std::move(hint));
}

std::string DidYouMean(std::string_view nearest) {
  return nearest.empty() ? "" : StrCat("did you mean \"", nearest, "\"?");
}

std::string Quoted(std::string_view text) {
  constexpr size_t kBytesMax = 128;
  if (text.size() <= kBytesMax) return StrCat("\"", absl::Utf8SafeCEscape(ToAbsl(text)), "\"");
  size_t end = kBytesMax;
  // Not in the middle of a UTF-8 sequence.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return StrCat("\"", absl::Utf8SafeCEscape(ToAbsl(text.substr(0, end))), "…\"");
}

}  // namespace lmgate::contract

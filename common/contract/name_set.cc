#include "common/contract/name_set.h"

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "common/contract/field_error.h"

namespace lmgate::contract {

absl::Status NameSet::CheckReference(std::string_view field, std::string_view name) const {
  if (names_.contains(name)) return absl::OkStatus();
  std::string hint = DidYouMean(NearestWord(name, names_));
  if (hint.empty()) hint = StrCat("add the ", kind_, " first");
  return FieldError(field, StrCat(kind_, " ", Quoted(name), " does not exist"), std::move(hint));
}

}  // namespace lmgate::contract

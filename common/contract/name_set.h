#pragma once

#include <absl/status/status.h>

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace lmgate::contract {

// The names of one kind of resource, to which others refer.
class NameSet {
 public:
  // `kind` as "connection": for messages.
  explicit NameSet(std::string_view kind) : kind_(kind) {}

  // False = it is in already.
  bool Add(const std::string& name) { return names_.insert(name).second; }
  // OK, or a refusal of `field` with the nearest name as a hint.
  absl::Status CheckReference(std::string_view field, std::string_view name) const;

 private:
  std::string kind_;
  // Ordered, so that of two names as near the hint is always the same.
  std::set<std::string, std::less<>> names_;
};

}  // namespace lmgate::contract

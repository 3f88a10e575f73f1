#pragma once

#include <absl/container/flat_hash_set.h>
#include <absl/status/status.h>

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
  absl::flat_hash_set<std::string> names_;
};

}  // namespace lmgate::contract

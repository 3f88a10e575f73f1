#pragma once

#include <absl/status/status.h>
#include <google/protobuf/repeated_field.h>

#include <string>
#include <string_view>

#include "common/contract/name_set.h"
#include "lmgate/v1/resources.pb.h"

namespace lmgate::contract {

// Model info is passed on to clients as it is.
inline constexpr size_t kModelInfoBytesMax = 64 * 1024;
// Any one text of a route's edits of system prompts, and the replacements of one route.
inline constexpr size_t kPromptBytesMax = 64 * 1024;
inline constexpr int kReplacementsMax = 100;

// One route by itself, and that what it names exists; field hints are relative to it.
absl::Status CheckRoute(const v1::Route& route, const NameSet& connections, const NameSet& groups);

// Model patterns of a route, a group or a key, whose field is called `field`.
absl::Status CheckPatterns(std::string_view field,
                           const google::protobuf::RepeatedPtrField<std::string>& patterns);

}  // namespace lmgate::contract

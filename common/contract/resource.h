#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lmgate/v1/resources.pb.h"

namespace lmgate::contract {

v1::ResourceKind KindOf(const v1::Resource& resource);
// Name; public id for keys; "" for settings.
const std::string& NameOf(const v1::Resource& resource);

// "connection", "route", "group", "key", "settings".
std::string_view KindName(v1::ResourceKind kind);

// First 8 bytes of SHA-256 over kind, name and the deterministic serialisation without `hash`;
// never 0. Only the control plane computes it; others add and subtract what they were given, so
// that programs of two versions agree.
uint64_t HashResource(const v1::Resource& resource);

// Wraps and hashes.
v1::Resource MakeResource(v1::Connection connection);
v1::Resource MakeResource(v1::Route route);
v1::Resource MakeResource(v1::Group group);
v1::Resource MakeResource(v1::Key key);
v1::Resource MakeResource(v1::Settings settings);

}  // namespace lmgate::contract

#include "common/contract/resource.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <openssl/sha.h>

#include <array>
#include <utility>

namespace lmgate::contract {
namespace {

void AppendLittleEndian(std::string* out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out->push_back(static_cast<char>(value >> shift));
}

// Maps in key order: equal messages give equal bytes, within one version of the schema.
void AppendDeterministic(std::string* out, const google::protobuf::MessageLite& message) {
  google::protobuf::io::StringOutputStream stream(out);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
}

const google::protobuf::MessageLite* InnerMessage(const v1::Resource& resource) {
  switch (resource.resource_case()) {
    case v1::Resource::kConnection:
      return &resource.connection();
    case v1::Resource::kRoute:
      return &resource.route();
    case v1::Resource::kGroup:
      return &resource.group();
    case v1::Resource::kKey:
      return &resource.key();
    case v1::Resource::kSettings:
      return &resource.settings();
    case v1::Resource::RESOURCE_NOT_SET:
      break;
  }
  return nullptr;
}

v1::Resource Hashed(v1::Resource resource) {
  resource.set_hash(HashResource(resource));
  return resource;
}

}  // namespace

v1::ResourceKind KindOf(const v1::Resource& resource) {
  switch (resource.resource_case()) {
    case v1::Resource::kConnection:
      return v1::RESOURCE_KIND_CONNECTION;
    case v1::Resource::kRoute:
      return v1::RESOURCE_KIND_ROUTE;
    case v1::Resource::kGroup:
      return v1::RESOURCE_KIND_GROUP;
    case v1::Resource::kKey:
      return v1::RESOURCE_KIND_KEY;
    case v1::Resource::kSettings:
      return v1::RESOURCE_KIND_SETTINGS;
    case v1::Resource::RESOURCE_NOT_SET:
      break;
  }
  return v1::RESOURCE_KIND_UNSPECIFIED;
}

const std::string& NameOf(const v1::Resource& resource) {
  static const std::string* const kEmpty = new std::string();
  switch (resource.resource_case()) {
    case v1::Resource::kConnection:
      return resource.connection().name();
    case v1::Resource::kRoute:
      return resource.route().name();
    case v1::Resource::kGroup:
      return resource.group().name();
    case v1::Resource::kKey:
      return resource.key().id();
    case v1::Resource::kSettings:
    case v1::Resource::RESOURCE_NOT_SET:
      break;
  }
  return *kEmpty;
}

std::string_view KindName(v1::ResourceKind kind) {
  switch (kind) {
    case v1::RESOURCE_KIND_CONNECTION:
      return "connection";
    case v1::RESOURCE_KIND_ROUTE:
      return "route";
    case v1::RESOURCE_KIND_GROUP:
      return "group";
    case v1::RESOURCE_KIND_KEY:
      return "key";
    case v1::RESOURCE_KIND_SETTINGS:
      return "settings";
    default:  // proto3 enums are open: a newer peer may send more
      return "resource";
  }
}

uint64_t HashResource(const v1::Resource& resource) {
  const std::string& name = NameOf(resource);
  std::string bytes;
  AppendLittleEndian(&bytes, static_cast<uint64_t>(KindOf(resource)));
  AppendLittleEndian(&bytes, name.size());
  bytes += name;
  if (const auto* inner = InnerMessage(resource)) AppendDeterministic(&bytes, *inner);

  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest.data());
  uint64_t hash = 0;
  for (int i = 7; i >= 0; --i) hash = (hash << 8) | digest[static_cast<size_t>(i)];
  return hash == 0 ? 1 : hash;
}

v1::Resource MakeResource(v1::Connection connection) {
  v1::Resource resource;
  *resource.mutable_connection() = std::move(connection);
  return Hashed(std::move(resource));
}

v1::Resource MakeResource(v1::Route route) {
  v1::Resource resource;
  *resource.mutable_route() = std::move(route);
  return Hashed(std::move(resource));
}

v1::Resource MakeResource(v1::Group group) {
  v1::Resource resource;
  *resource.mutable_group() = std::move(group);
  return Hashed(std::move(resource));
}

v1::Resource MakeResource(v1::Key key) {
  v1::Resource resource;
  *resource.mutable_key() = std::move(key);
  return Hashed(std::move(resource));
}

v1::Resource MakeResource(v1::Settings settings) {
  v1::Resource resource;
  *resource.mutable_settings() = std::move(settings);
  return Hashed(std::move(resource));
}

}  // namespace lmgate::contract

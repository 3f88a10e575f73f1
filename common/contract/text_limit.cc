#include "common/contract/text_limit.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/config_check.h"
#include "common/contract/field_error.h"
#include "lmgate/v1/resources.pb.h"

namespace lmgate::contract {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

absl::Status CheckText(std::string_view field, std::string_view text) {
  if (text.size() > kTextBytesMax) {
    return FieldError(field, StrCat("is longer than ", kTextBytesMax, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status CheckCount(std::string_view field, size_t count) {
  if (count > static_cast<size_t>(kListEntriesMax)) {
    return FieldError(field, StrCat("has more than ", kListEntriesMax, " entries"));
  }
  return absl::OkStatus();
}

absl::Status CheckString(const FieldDescriptor& descriptor, std::string_view field,
                         std::string_view text) {
  LMGATE_RETURN_IF_ERROR(CheckText(field, text));
  if (descriptor.type() == FieldDescriptor::TYPE_STRING && HasControlCharacter(text)) {
    return FieldError(field, "contains a control character");
  }
  return absl::OkStatus();
}

bool IsOurs(const FieldDescriptor& descriptor) {
  const auto& type = *descriptor.message_type();
  return type.file()->package() == "lmgate.v1" && &type != v1::SystemEdits::descriptor();
}

absl::Status CheckRepeated(const Message& message, const FieldDescriptor& descriptor) {
  const Reflection& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &descriptor);
  LMGATE_RETURN_IF_ERROR(CheckCount(descriptor.name(), static_cast<size_t>(size)));
  std::string scratch;
  for (int i = 0; i < size; ++i) {
    const std::string field = StrCat(descriptor.name(), "[", i, "]");
    if (descriptor.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      LMGATE_RETURN_IF_ERROR(
          CheckString(descriptor, field,
                      reflection.GetRepeatedStringReference(message, &descriptor, i, &scratch)));
    } else if (descriptor.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && IsOurs(descriptor)) {
      LMGATE_RETURN_IF_ERROR(
          InParent(field, CheckTextLimits(reflection.GetRepeatedMessage(message, &descriptor, i))));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSingular(const Message& message, const FieldDescriptor& descriptor) {
  const Reflection& reflection = *message.GetReflection();
  if (descriptor.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    std::string scratch;
    return CheckString(descriptor, descriptor.name(),
                       reflection.GetStringReference(message, &descriptor, &scratch));
  }
  if (descriptor.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && IsOurs(descriptor) &&
      reflection.HasField(message, &descriptor)) {
    return InParent(descriptor.name(),
                    CheckTextLimits(reflection.GetMessage(message, &descriptor)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTextLimits(const Message& message) {
  const auto& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    // Reading a map by reflection would make a second copy of it inside the message.
    if (field.is_map()) continue;
    LMGATE_RETURN_IF_ERROR(field.is_repeated() ? CheckRepeated(message, field)
                                               : CheckSingular(message, field));
  }
  return absl::OkStatus();
}

absl::Status CheckMapLimits(std::string_view field,
                            const google::protobuf::Map<std::string, std::string>& map) {
  LMGATE_RETURN_IF_ERROR(CheckCount(field, map.size()));
  for (const auto& [key, value] : map) {
    const std::string entry = MapField(field, key);
    LMGATE_RETURN_IF_ERROR(CheckText(entry, key));
    LMGATE_RETURN_IF_ERROR(CheckText(entry, value));
    if (HasControlCharacter(key) || HasControlCharacter(value)) {
      return FieldError(entry, "contains a control character");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckName(std::string_view field, std::string_view name, std::string_view marks) {
  constexpr size_t kBytesMax = 64;
  const bool letters = std::all_of(name.begin(), name.end(), [marks](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
  });
  if (name.empty() || name.size() > kBytesMax || !letters) {
    return FieldError(field,
                      StrCat(Quoted(name), " is not a name: 1 to 64 letters, digits and ", marks));
  }
  return absl::OkStatus();
}

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

std::string MapField(std::string_view field, std::string_view key) {
  return StrCat(field, "[", Quoted(key), "]");
}

}  // namespace lmgate::contract

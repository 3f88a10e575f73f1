#include "controlplane/admin/field_mask.h"

#include <absl/strings/str_join.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/field_error.h"

namespace lmgate::admin {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kPathsMax = 1000;

// Messages of our schema can be entered; Duration or Struct are values.
bool IsOurs(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field.is_repeated() &&
         field.message_type()->file()->package() == "lmgate.v1";
}

bool IsTextMap(const FieldDescriptor& field) {
  return field.is_map() &&
         field.message_type()->map_value()->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
}

absl::Status UnknownField(const std::string& path, std::vector<std::string> known) {
  std::string hint = contract::DidYouMean(NearestWord(path, known));
  if (hint.empty()) hint = StrCat("fields are: ", absl::StrJoin(known, ", "));
  return contract::FieldError("update_mask",
                              StrCat(contract::Quoted(path), " is no field that can change; ",
                                     "fields are: ", absl::StrJoin(known, ", ")),
                              hint);
}

std::vector<std::string> FieldNames(const Descriptor& type, const std::string& prefix,
                                    absl::Span<const std::string_view> fixed) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) {
    const std::string& name = type.field(i)->name();
    if (std::find(fixed.begin(), fixed.end(), name) == fixed.end()) {
      names.push_back(prefix + name);
    }
  }
  return names;
}

// `field` of `from` and nothing else, put into `to`.
void CopyField(const Message& from, const FieldDescriptor& field, Message* to) {
  const auto* reflection = to->GetReflection();
  reflection->ClearField(to, &field);
  const std::unique_ptr<Message> only(from.New());
  only->CopyFrom(from);
  std::vector<const FieldDescriptor*> present;
  reflection->ListFields(*only, &present);
  for (const FieldDescriptor* other : present) {
    if (other != &field) reflection->ClearField(only.get(), other);
  }
  to->MergeFrom(*only);
}

// The map without the entry of this key, and the entry's value in `map`; by position, since
// reflection has no other public way into a map.
int FindEntry(const Message& message, const FieldDescriptor& map, const std::string& key) {
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < reflection->FieldSize(message, &map); ++i) {
    const Message& entry = reflection->GetRepeatedMessage(message, &map, i);
    if (entry.GetReflection()->GetString(entry, map.message_type()->map_key()) == key) return i;
  }
  return -1;
}

void CopyEntry(const Message& from, const FieldDescriptor& map, const std::string& key,
               Message* to) {
  const auto* reflection = to->GetReflection();
  const int there = FindEntry(*to, map, key);
  if (there >= 0) {
    reflection->SwapElements(to, &map, there, reflection->FieldSize(*to, &map) - 1);
    reflection->RemoveLast(to, &map);
  }
  const int here = FindEntry(from, map, key);
  if (here < 0) return;
  reflection->AddMessage(to, &map)->CopyFrom(reflection->GetRepeatedMessage(from, &map, here));
}

absl::Status CopyPath(const std::string& path, const Message& from, Message* to,
                      absl::Span<const std::string_view> fixed) {
  const Descriptor& type = *to->GetDescriptor();
  const size_t dot = path.find('.');
  const std::string name = path.substr(0, dot);
  const FieldDescriptor* field = type.FindFieldByName(name);
  if (field == nullptr || std::find(fixed.begin(), fixed.end(), name) != fixed.end()) {
    return UnknownField(path, FieldNames(type, "", fixed));
  }
  if (dot == std::string::npos) {
    CopyField(from, *field, to);
    return absl::OkStatus();
  }
  const std::string rest = path.substr(dot + 1);
  if (IsTextMap(*field) && !rest.empty()) {
    CopyEntry(from, *field, rest, to);
    return absl::OkStatus();
  }
  if (!IsOurs(*field)) return UnknownField(path, FieldNames(type, "", fixed));
  const FieldDescriptor* inner = field->message_type()->FindFieldByName(rest);
  if (inner == nullptr) {
    return UnknownField(path, FieldNames(*field->message_type(), name + ".", {}));
  }
  const auto* reflection = to->GetReflection();
  Message* part = reflection->MutableMessage(to, field);
  CopyField(reflection->GetMessage(from, field), *inner, part);
  if (part->ByteSizeLong() == 0) reflection->ClearField(to, field);
  return absl::OkStatus();
}

}  // namespace

absl::Status CopyFields(const google::protobuf::FieldMask& mask, const Message& from, Message* to,
                        absl::Span<const std::string_view> fixed) {
  if (mask.paths_size() > kPathsMax) {
    return contract::FieldError("update_mask", StrCat("has more than ", kPathsMax, " paths"));
  }
  const std::unique_ptr<Message> changed(to->New());
  changed->CopyFrom(*to);
  for (const std::string& path : mask.paths()) {
    LMGATE_RETURN_IF_ERROR(CopyPath(path, from, changed.get(), fixed));
  }
  to->CopyFrom(*changed);
  return absl::OkStatus();
}

}  // namespace lmgate::admin

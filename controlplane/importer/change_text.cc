#include "controlplane/importer/change_text.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_join.h>
#include <absl/time/time.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "common/contract/secret_ref.h"
#include "common/options/friendly_duration.h"
#include "controlplane/importer/target_text.h"

namespace lmgate::importer {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr char kUnset[] = "(unset)";

// One line, whatever a user put into the value.
std::string OneLine(std::string text) {
  const bool control = std::any_of(
      text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7F; });
  if (control) text = absl::Utf8SafeCEscape(text);
  if (text.empty()) text = "\"\"";
  if (text.size() > kChangeValueBytesMax) {
    size_t end = kChangeValueBytesMax;
    while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
    text += "…";
  }
  return text;
}

std::string MessageText(const Message& message) {
  const std::string& type = message.GetDescriptor()->full_name();
  if (type == "google.protobuf.Duration") {
    const auto& duration = static_cast<const google::protobuf::Duration&>(message);
    return options::FormatFriendlyDuration(absl::Seconds(duration.seconds()) +
                                           absl::Nanoseconds(duration.nanos()));
  }
  if (type == "google.protobuf.Timestamp") {
    const auto& time = static_cast<const google::protobuf::Timestamp&>(message);
    return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ",
                            absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()),
                            absl::UTCTimeZone());
  }
  if (message.GetDescriptor() == v1::Target::descriptor()) {
    const auto& target = static_cast<const v1::Target&>(message);
    if (const auto text = FormatTargetText(target)) return *text;
    const std::string_view model = target.model().empty() ? "*" : std::string_view(target.model());
    return StrCat(target.connection(), ".", model, " weight ", target.weight());
  }
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json);
  return status.ok() ? json : "(unreadable)";
}

std::string ElementText(const Message& message, const FieldDescriptor* field, int index) {
  const Reflection* reflection = message.GetReflection();
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return MessageText(reflection->GetRepeatedMessage(message, field, index));
  }
  LMGATE_CHECK(field->cpp_type() == FieldDescriptor::CPPTYPE_STRING);
  return reflection->GetRepeatedString(message, field, index);
}

bool IsSet(const Message& message, const FieldDescriptor* field) {
  const Reflection* reflection = message.GetReflection();
  return field->is_repeated() ? reflection->FieldSize(message, field) > 0
                              : reflection->HasField(message, field);
}

std::string FieldText(const Message& message, const FieldDescriptor* field) {
  if (!IsSet(message, field)) return kUnset;
  const Reflection* reflection = message.GetReflection();
  if (field->is_repeated()) {
    std::vector<std::string> elements;
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      elements.push_back(ElementText(message, field, i));
    }
    return OneLine(StrCat("[", absl::StrJoin(elements, ", "), "]"));
  }
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return OneLine(reflection->GetString(message, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message, field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT64:
      return StrCat(reflection->GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return StrCat(reflection->GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return OneLine(MessageText(reflection->GetMessage(message, field)));
    default:
      return StrCat("(", field->cpp_type_name(), ")");
  }
}

std::map<std::string, std::string> TextMap(const Message& message, const FieldDescriptor* field) {
  std::map<std::string, std::string> out;
  const Reflection* reflection = message.GetReflection();
  for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
    const Message& entry = reflection->GetRepeatedMessage(message, field, i);
    const google::protobuf::Descriptor* type = entry.GetDescriptor();
    const Reflection* access = entry.GetReflection();
    out[access->GetString(entry, type->map_key())] = access->GetString(entry, type->map_value());
  }
  return out;
}

class Differ {
 public:
  void Compare(const Message& before, const Message& after, const std::string& prefix) {
    const google::protobuf::Descriptor* type = before.GetDescriptor();
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      if (field->name() == "revision") continue;
      CompareField(before, after, field, prefix + field->name());
    }
  }

  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  void CompareField(const Message& before, const Message& after, const FieldDescriptor* field,
                    const std::string& path) {
    if (field->is_map()) return CompareMaps(TextMap(before, field), TextMap(after, field), path);
    if (field->type() == FieldDescriptor::TYPE_BYTES) {
      const Reflection* reflection = before.GetReflection();
      if (reflection->GetString(before, field) != reflection->GetString(after, field)) {
        lines_.push_back(path + ": changed");
      }
      return;
    }
    const bool ours = !field->is_repeated() &&
                      field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
                      field->message_type()->file()->package() == "lmgate.v1";
    if (ours) return CompareParts(before, after, field, path);
    if (FullText(before, field) == FullText(after, field)) return;
    lines_.push_back(StrCat(path, ": ", FieldText(before, field), " -> ", FieldText(after, field)));
  }

  // Uncut, to compare.
  static std::string FullText(const Message& message, const FieldDescriptor* field) {
    if (!IsSet(message, field)) return "unset";
    const Reflection* reflection = message.GetReflection();
    std::string text = "set";
    if (!field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      return text + reflection->GetString(message, field);
    }
    if (!field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return text + MessageText(reflection->GetMessage(message, field));
    }
    if (!field->is_repeated()) return text + FieldText(message, field);
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      const std::string element = ElementText(message, field, i);
      StrAppend(&text, element.size(), ":", element);
    }
    return text;
  }

  void CompareParts(const Message& before, const Message& after, const FieldDescriptor* field,
                    const std::string& path) {
    const size_t lines = lines_.size();
    Compare(before.GetReflection()->GetMessage(before, field),
            after.GetReflection()->GetMessage(after, field), path + ".");
    // `auth: {}` against no auth at all: no part differs, and still it is not the same.
    if (lines_.size() == lines && IsSet(before, field) != IsSet(after, field)) {
      lines_.push_back(StrCat(path, ": ", IsSet(before, field) ? "{}" : kUnset, " -> ",
                              IsSet(after, field) ? "{}" : kUnset));
    }
  }

  void CompareMaps(const std::map<std::string, std::string>& before,
                   const std::map<std::string, std::string>& after, const std::string& path) {
    for (const auto& [key, value] : before) {
      const auto other = after.find(key);
      if (other != after.end() && other->second == value) continue;
      lines_.push_back(StrCat(path, ".", OneLine(key), ": ", OneLine(value), " -> ",
                              other == after.end() ? kUnset : OneLine(other->second)));
    }
    for (const auto& [key, value] : after) {
      if (before.contains(key)) continue;
      lines_.push_back(StrCat(path, ".", OneLine(key), ": ", kUnset, " -> ", OneLine(value)));
    }
  }

  std::vector<std::string> lines_;
};

const Message& PayloadOf(const v1::Resource& resource) {
  switch (resource.resource_case()) {
    case v1::Resource::kConnection:
      return resource.connection();
    case v1::Resource::kRoute:
      return resource.route();
    case v1::Resource::kGroup:
      return resource.group();
    case v1::Resource::kKey:
      return resource.key();
    case v1::Resource::kSettings:
    case v1::Resource::RESOURCE_NOT_SET:
      break;
  }
  return resource.settings();
}

v1::Resource Redacted(v1::Resource resource, std::string_view pepper) {
  if (resource.has_connection()) {
    contract::RedactConnection(resource.mutable_connection(), pepper);
  }
  return resource;
}

}  // namespace

v1::PlannedChange DescribeChange(const v1::Resource* before, const v1::Resource* after,
                                 std::string_view pepper) {
  LMGATE_CHECK(before != nullptr || after != nullptr);
  const v1::Resource& any = after != nullptr ? *after : *before;
  v1::PlannedChange change;
  change.set_kind(contract::KindOf(any));
  change.set_name(contract::NameOf(any));
  change.set_action(before == nullptr ? "create" : after == nullptr ? "delete" : "update");
  if (before == nullptr || after == nullptr) return change;

  Differ differ;
  const v1::Resource from = Redacted(*before, pepper);
  const v1::Resource to = Redacted(*after, pepper);
  differ.Compare(PayloadOf(from), PayloadOf(to), "");
  for (std::string& line : differ.Take()) change.add_details(std::move(line));
  return change;
}

std::vector<v1::PlannedChange> DescribeChanges(absl::Span<const v1::ResourceChange> changes,
                                               const contract::SnapshotState& current) {
  std::vector<v1::PlannedChange> plan;
  plan.reserve(changes.size());
  for (const v1::ResourceChange& change : changes) {
    const contract::SnapshotState::ResourcePtr before = current.Find(change.kind(), change.name());
    const v1::Resource* after = change.has_resource() ? &change.resource() : nullptr;
    plan.push_back(DescribeChange(before.get(), after, current.key_pepper()));
  }
  return plan;
}

}  // namespace lmgate::importer

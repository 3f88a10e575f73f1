#include "controlplane/importer/config_export.h"

#include <absl/time/time.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/contract/secret_ref.h"
#include "common/options/friendly_duration.h"
#include "controlplane/importer/target_text.h"

namespace lmgate::importer {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using nlohmann::ordered_json;

// YAML readers take a key beyond 1024 characters only with a question mark before it (YAML 1.2,
// 7.4.2). An escape makes up to four of a byte.
constexpr size_t kSimpleKeyBytesMax = 256;

ordered_json MessageTree(const Message& message);

// The file's way to write a message that has a short form.
ordered_json ElementTree(const Message& message) {
  if (message.GetDescriptor() == v1::Target::descriptor()) {
    const auto text = FormatTargetText(static_cast<const v1::Target&>(message));
    if (text) return *text;
  }
  if (message.GetDescriptor() == v1::Auth::descriptor()) {
    const auto& auth = static_cast<const v1::Auth&>(message);
    const bool known =
        auth.mode() == "none" || auth.mode() == "passthrough" || auth.mode() == "credential";
    if (known && auth.header().empty() && !auth.has_scheme()) return auth.mode();
  }
  if (message.GetDescriptor()->full_name() == "google.protobuf.Duration") {
    const auto& duration = static_cast<const google::protobuf::Duration&>(message);
    return options::FormatFriendlyDuration(absl::Seconds(duration.seconds()) +
                                           absl::Nanoseconds(duration.nanos()));
  }
  if (message.GetDescriptor()->full_name() == "google.protobuf.Struct") {
    std::string text;
    const auto status = google::protobuf::util::MessageToJsonString(message, &text);
    LMGATE_CHECK(status.ok());
    // By way of a sorted tree: the order in a Struct is that of a hash table.
    return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  }
  return MessageTree(message);
}

ordered_json MapTree(const Message& message, const FieldDescriptor* field) {
  std::map<std::string, std::string> sorted;
  const Reflection* reflection = message.GetReflection();
  for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
    const Message& entry = reflection->GetRepeatedMessage(message, field, i);
    const google::protobuf::Descriptor* type = entry.GetDescriptor();
    const Reflection* access = entry.GetReflection();
    sorted[access->GetString(entry, type->map_key())] = access->GetString(entry, type->map_value());
  }
  return sorted;
}

ordered_json ListTree(const Message& message, const FieldDescriptor* field) {
  ordered_json list = ordered_json::array();
  const Reflection* reflection = message.GetReflection();
  for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      list.push_back(ElementTree(reflection->GetRepeatedMessage(message, field, i)));
    } else {
      list.push_back(reflection->GetRepeatedString(message, field, i));
    }
  }
  if (list.size() == 1) return ordered_json(list.front());
  return list;
}

ordered_json ValueTree(const Message& message, const FieldDescriptor* field) {
  const Reflection* reflection = message.GetReflection();
  if (field->is_map()) return MapTree(message, field);
  if (field->is_repeated()) return ListTree(message, field);
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ElementTree(reflection->GetMessage(message, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message, field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection->GetUInt32(message, field);
    default:
      LMGATE_CHECK(field->cpp_type() == FieldDescriptor::CPPTYPE_STRING);
      return reflection->GetString(message, field);
  }
}

ordered_json MessageTree(const Message& message) {
  ordered_json out = ordered_json::object();
  const google::protobuf::Descriptor* type = message.GetDescriptor();
  const Reflection* reflection = message.GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->name() == "revision" || field->name() == "order") continue;
    const bool set = field->is_repeated() ? reflection->FieldSize(message, field) > 0
                                          : reflection->HasField(message, field);
    if (set) out[field->name()] = ValueTree(message, field);
  }
  return out;
}

template <typename T>
ordered_json TreeByName(const google::protobuf::RepeatedPtrField<T>& list) {
  ordered_json out = ordered_json::object();
  for (const T& message : list) {
    ordered_json tree = MessageTree(message);
    tree.erase("name");
    out[message.name()] = std::move(tree);
  }
  return out;
}

ordered_json RoutesTree(const google::protobuf::RepeatedPtrField<v1::Route>& routes) {
  ordered_json out = ordered_json::array();
  for (const v1::Route& route : routes) {
    ordered_json tree = MessageTree(route);
    if (route.model_size() > 0 && route.name() == route.model(0)) tree.erase("name");
    out.push_back(std::move(tree));
  }
  return out;
}

// 500ms, 90s: no YAML reader takes these for numbers.
bool IsDuration(const std::string& text) {
  const size_t unit = text.find_first_not_of("0123456789");
  if (unit == 0 || unit == std::string::npos) return false;
  const std::string_view word = std::string_view(text).substr(unit);
  return word == "ms" || word == "s" || word == "m" || word == "h" || word == "d";
}

// True for what every YAML reader takes for this very text without quotes.
bool IsPlainText(const std::string& text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (IsDuration(text)) return true;
  if (text.empty() || (!is_letter(text[0]) && text[0] != '/')) return false;
  const bool safe = std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') ||
           std::string_view("_-./:*?+").find(c) != std::string_view::npos;
  });
  if (!safe || text.back() == ':') return false;
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  // Words that YAML 1.1 or 1.2 takes for something else.
  constexpr std::string_view kWords[] = {"null", "true", "false", "yes", "no",
                                         "on",   "off",  "y",     "n"};
  return std::find(std::begin(kWords), std::end(kWords), lower) == std::end(kWords);
}

void EmitText(const std::string& text, YAML::Emitter* out) {
  if (!IsPlainText(text)) *out << YAML::DoubleQuoted;
  *out << text;
}

void Emit(const ordered_json& tree, YAML::Emitter* out) {
  if (tree.is_object()) {
    if (tree.empty()) *out << YAML::Flow;
    *out << YAML::BeginMap;
    for (const auto& [key, value] : tree.items()) {
      if (key.size() >= kSimpleKeyBytesMax) *out << YAML::LongKey;
      *out << YAML::Key;
      EmitText(key, out);
      *out << YAML::Value;
      Emit(value, out);
    }
    *out << YAML::EndMap;
    return;
  }
  if (tree.is_array()) {
    const bool leaves = std::none_of(tree.begin(), tree.end(), [](const ordered_json& element) {
      return element.is_structured();
    });
    if (leaves) *out << YAML::Flow;
    *out << YAML::BeginSeq;
    for (const ordered_json& element : tree) Emit(element, out);
    *out << YAML::EndSeq;
    return;
  }
  if (tree.is_string()) return EmitText(tree.get_ref<const std::string&>(), out);
  if (tree.is_null()) {
    *out << YAML::Null;
    return;
  }
  *out << tree.dump();  // true, 4.5: JSON and YAML write them alike
}

}  // namespace

absl::StatusOr<ExportFormat> ParseExportFormat(std::string_view name) {
  if (name.empty() || name == "yaml") return ExportFormat::kYaml;
  if (name == "json") return ExportFormat::kJson;
  return absl::InvalidArgumentError(StrCat("format: \"", name, "\" is neither yaml nor json"));
}

v1::ConfigSet CollectConfig(const contract::SnapshotState& state) {
  v1::ConfigSet config;
  state.ForEach([&](const contract::SnapshotState::ResourcePtr& resource) {
    if (resource->has_connection()) *config.add_connections() = resource->connection();
    if (resource->has_route()) *config.add_routes() = resource->route();
    if (resource->has_group()) *config.add_groups() = resource->group();
    if (resource->has_settings()) *config.mutable_settings() = resource->settings();
  });
  const auto by_name = [](const auto& a, const auto& b) { return a.name() < b.name(); };
  std::sort(config.mutable_connections()->begin(), config.mutable_connections()->end(), by_name);
  std::sort(config.mutable_groups()->begin(), config.mutable_groups()->end(), by_name);
  std::sort(config.mutable_routes()->begin(), config.mutable_routes()->end(),
            [](const v1::Route& a, const v1::Route& b) { return a.order() < b.order(); });
  return config;
}

std::string ExportConfig(const v1::ConfigSet& config, std::string_view pepper,
                         ExportFormat format) {
  v1::ConfigSet redacted = config;
  for (v1::Connection& connection : *redacted.mutable_connections()) {
    contract::RedactConnection(&connection, pepper);
  }
  // All three lists, be they empty: a file that lacks a section would leave it alone.
  ordered_json tree = ordered_json::object();
  tree["connections"] = TreeByName(redacted.connections());
  tree["routes"] = RoutesTree(redacted.routes());
  tree["groups"] = TreeByName(redacted.groups());
  if (redacted.has_settings()) tree["settings"] = MessageTree(redacted.settings());
  if (format == ExportFormat::kJson) {
    // Replaces what is not UTF-8 instead of throwing.
    return tree.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  }

  YAML::Emitter out;
  Emit(tree, &out);
  LMGATE_CHECK(out.good());
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace lmgate::importer

#include "cli/json_text.h"

#include <absl/strings/match.h>
#include <absl/strings/str_replace.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wrappers.pb.h>
#include <yaml-cpp/yaml.h>

#include <memory>
#include <vector>

#include "common/base/logging.h"
#include "common/base/strings.h"

namespace lmgate::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string Json(const Message& message, JsonFields fields, bool whitespace) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = whitespace;
  options.always_print_primitive_fields = fields == JsonFields::kAll;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails for times beyond the year 9999 and the like, which a server of ours never sends.
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return "{}";
  while (!json.empty() && json.back() == '\n') json.pop_back();
  return json;
}

// True when the text, written plainly, would not come back as this very string.
bool NeedsQuotes(const std::string& text) {
  if (text.empty()) return true;
  static constexpr std::string_view kWords[] = {
      "null",  "Null", "NULL", "~",   "true", "True", "TRUE", "false", "False",
      "FALSE", "yes",  "Yes",  "YES", "no",   "No",   "NO",   "on",    "On",
      "ON",    "off",  "Off",  "OFF", "y",    "Y",    "n",    "N"};
  for (const std::string_view word : kWords) {
    if (text == word) return true;
  }
  // Numbers and times; "10.0.0.0/8" is caught as well, which costs nothing but two quotes.
  return std::string_view("0123456789+-.=").find(text.front()) != std::string_view::npos;
}

void Emit(YAML::Emitter& out, const YAML::Node& node) {
  if (node.IsMap()) {
    if (node.size() == 0) {
      out << YAML::Flow << YAML::BeginMap << YAML::EndMap;
      return;
    }
    out << YAML::BeginMap;
    for (const auto& entry : node) {
      out << YAML::Key;
      Emit(out, entry.first);
      out << YAML::Value;
      Emit(out, entry.second);
    }
    out << YAML::EndMap;
    return;
  }
  if (node.IsSequence()) {
    if (node.size() == 0) {
      out << YAML::Flow << YAML::BeginSeq << YAML::EndSeq;
      return;
    }
    out << YAML::BeginSeq;
    for (const auto& entry : node) Emit(out, entry);
    out << YAML::EndSeq;
    return;
  }
  if (node.IsNull()) {
    out << YAML::Null;
    return;
  }
  // JSON's quoted scalars carry the non-specific tag "!".
  if (node.Tag() == "!" && NeedsQuotes(node.Scalar())) out << YAML::DoubleQuoted;
  out << node.Scalar();
}

bool IsReference(const std::string& value) {
  return value.empty() || absl::StartsWith(value, "env:") || absl::StartsWith(value, "file:") ||
         absl::StartsWith(value, "stored:");
}

bool IsSecretName(const std::string& name) {
  return name == "api_key" || name == "secret_access_key" || name == "session_token" ||
         name == "service_account" || name == "client_secret";
}

void Mask(Message* message) {
  const auto* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  const bool is_header_entry =
      message->GetDescriptor()->full_name() == "lmgate.v1.Connection.HeadersEntry";
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (field->is_repeated()) {
        for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
          Mask(reflection->MutableRepeatedMessage(message, field, i));
        }
      } else {
        Mask(reflection->MutableMessage(message, field));
      }
      continue;
    }
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING || field->is_repeated()) continue;
    const std::string value = reflection->GetString(*message, field);
    if (field->type() == FieldDescriptor::TYPE_BYTES) {
      reflection->SetString(message, field, "");
    } else if (field->name() == "secret" && !value.empty()) {
      reflection->SetString(message, field, "***");
    } else if ((IsSecretName(field->name()) || (is_header_entry && field->name() == "value")) &&
               !IsReference(value)) {
      reflection->SetString(message, field, "***");
    }
  }
}

}  // namespace

std::string JsonText(const Message& message, JsonFields fields) {
  return Json(message, fields, true);
}

std::string JsonLine(const Message& message, JsonFields fields) {
  return Json(message, fields, false);
}

std::string JsonQuote(std::string_view text) {
  google::protobuf::StringValue value;
  value.set_value(std::string(text));
  // protobuf refuses to print what is not UTF-8, and says so on stderr.
  if (!google::protobuf::internal::IsStructurallyValidUTF8(text.data(),
                                                           static_cast<int>(text.size()))) {
    for (char& c : *value.mutable_value()) {
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    }
  }
  return Json(value, JsonFields::kSet, false);
}

std::string JsonNested(std::string_view json) {
  return absl::StrReplaceAll(ToAbsl(json), {{"\n", "\n "}});
}

std::string YamlFromJson(std::string_view json) {
  // JSON is YAML, so what yaml-cpp cannot read (an escaped surrogate pair) is shown as it is.
  try {
    YAML::Emitter out;
    Emit(out, YAML::Load(std::string(json)));
    if (out.good()) return StrCat(out.c_str(), "\n");
  } catch (const YAML::Exception&) {
  }
  return StrCat(json, "\n");
}

std::string MaskedLine(const Message& message) {
  const std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  Mask(copy.get());
  return Json(*copy, JsonFields::kSet, false);
}

}  // namespace lmgate::cli

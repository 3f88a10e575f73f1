#include "controlplane/importer/config_expander.h"

#include <absl/container/flat_hash_map.h>
#include <absl/strings/numbers.h>
#include <google/protobuf/descriptor.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "common/contract/provider_preset.h"
#include "common/options/friendly_duration.h"
#include "controlplane/importer/target_text.h"
#include "lmgate/v1/config.pb.h"

namespace lmgate::importer {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::json;
using Kind = Document::Kind;

// A google.protobuf.Struct costs three protobuf levels each, and protobuf parsers stop at 100.
constexpr int kStructDepthMax = 16;

// Fields of design.md 3 that later versions will have: an honest answer instead of a guess.
struct LaterField {
  std::string_view message;
  std::string_view field;
};
constexpr LaterField kLaterFields[] = {
    {"lmgate.v1.Connection", "defaults"},
    {"lmgate.v1.Connection", "health"},
    {"lmgate.v1.Connection", "listing"},
    {"lmgate.v1.Connection", "limits"},
    {"lmgate.v1.Connection", "max_concurrent"},
    {"lmgate.v1.Route", "defaults"},
    {"lmgate.v1.Route", "handlers"},
    {"lmgate.v1.Route", "limits"},
    {"lmgate.v1.Route", "retry"},
    {"lmgate.v1.Route", "set"},
    {"lmgate.v1.Group", "handlers"},
    {"lmgate.v1.Group", "limits"},
    {"lmgate.v1.Settings", "key_check"},
    {"lmgate.v1.Settings", "log_sinks"},
};

// A place in the file, linked to what it is within; lives on the stack of the walk.
struct Place {
  const Place* parent = nullptr;
  std::string_view key;
  std::optional<size_t> index;

  std::string Text() const {
    if (parent == nullptr) return "";
    std::string text = parent->Text();
    if (index) {
      StrAppend(&text, "[", *index, "]");
      return text;
    }
    const bool plain =
        !key.empty() &&
        key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
            std::string_view::npos;
    if (plain) {
      StrAppend(&text, text.empty() ? "" : ".", key);
    } else {
      StrAppend(&text, "[\"", key, "\"]");
    }
    return text;
  }
};

// The value of a plain scalar by the YAML 1.2 core schema, without octal, hex and infinities.
json UntypedScalar(const Document::Node& node) {
  if (node.quoted) return node.text;
  if (node.text == "true" || node.text == "True" || node.text == "TRUE") return true;
  if (node.text == "false" || node.text == "False" || node.text == "FALSE") return false;
  const bool numeric = node.text.find_first_not_of("0123456789+-.eE") == std::string::npos &&
                       node.text.find_first_of("0123456789") != std::string::npos;
  double number = 0;
  if (!numeric || !absl::SimpleAtod(node.text, &number) || !std::isfinite(number)) {
    return node.text;
  }
  // 2^53: up to here a double, which is all that google.protobuf.Value has, counts exactly.
  if (std::trunc(number) == number && std::abs(number) <= 9007199254740992.0) {
    return static_cast<int64_t>(number);
  }
  return number;
}

class Expander {
 public:
  explicit Expander(const Document& document) : document_(document) {}

  Expansion Run() {
    const Place file;
    if (document_.root().kind == Kind::kNull) {
      Fail(1, file, "the file is empty", "it has connections, routes, groups or settings");
    } else {
      out_.json = Message(v1::ConfigSet::descriptor(), document_.root(), file, {}).dump();
    }
    return std::move(out_);
  }

 private:
  // Entries of a list by their names: the line where each stands.
  using NameLines = absl::flat_hash_map<std::string, int>;

  void Fail(int line, const Place& place, std::string message, std::string hint = "") {
    out_.errors.push_back({line, place.Text(), std::move(message), std::move(hint)});
  }

  // `name`: given by the key of a map by name.
  json Message(const Descriptor* type, const Document::Node& node, const Place& place,
               std::optional<std::string_view> name) {
    json out = json::object();
    if (node.kind == Kind::kScalar) {
      if (type == v1::Target::descriptor()) return Target(node, place);
      if (type == v1::Auth::descriptor()) return Auth(node, place);
    }
    if (name.has_value()) out["name"] = *name;
    if (node.kind == Kind::kNull && name.has_value()) return out;
    if (node.kind != Kind::kMap) {
      Fail(node.line, place, "must be a mapping");
      return out;
    }
    for (size_t i = 0; i < node.keys.size(); ++i) {
      Field(type, node.keys[i], node.key_lines[i], document_[node.items[i]], place, &out);
    }
    if (name.has_value() && out["name"] != *name) {
      Fail(node.line, Place{&place, "name", {}}, StrCat("differs from the key \"", *name, "\""));
    }
    return out;
  }

  void Field(const Descriptor* type, const std::string& key, int key_line,
             const Document::Node& value, const Place& parent, json* out) {
    const Place place{&parent, key, {}};
    const FieldDescriptor* field = type->FindFieldByName(key);
    if (field == nullptr) return Unknown(type, key, key_line, place);
    if (key == "revision") return;
    if (type == v1::Route::descriptor() && key == "order") {
      out_.warnings.push_back(
          {key_line, place.Text(), "ignored", "the order in the file is the order of the routes"});
      return;
    }
    if (value.kind == Kind::kNull) return;
    if (field->is_map()) {
      (*out)[key] = Map(value, place);
    } else if (field->is_repeated()) {
      (*out)[key] = Repeated(field, value, place);
    } else {
      (*out)[key] = Value(field, value, place);
    }
  }

  void Unknown(const Descriptor* type, const std::string& key, int line, const Place& place) {
    for (const LaterField& later : kLaterFields) {
      if (later.message == type->full_name() && later.field == key) {
        return Fail(line, place, "not supported yet in this version");
      }
    }
    if (type == v1::ConfigSet::descriptor() && key == "keys") {
      return Fail(line, place, "keys are issued, not configured", "see lmctl keys add");
    }
    std::vector<std::string> known;
    for (int i = 0; i < type->field_count(); ++i) known.push_back(type->field(i)->name());
    const std::string near = NearestWord(key, known);
    Fail(line, place, "unknown field", near.empty() ? "" : StrCat("did you mean \"", near, "\"?"));
  }

  json Map(const Document::Node& node, const Place& place) {
    json out = json::object();
    if (node.kind != Kind::kMap) {
      Fail(node.line, place, "must be a mapping");
      return out;
    }
    for (size_t i = 0; i < node.keys.size(); ++i) {
      const Document::Node& value = document_[node.items[i]];
      const Place entry{&place, node.keys[i], {}};
      if (value.kind == Kind::kNull) continue;
      out[node.keys[i]] = Text(value, entry);
    }
    return out;
  }

  json Repeated(const FieldDescriptor* field, const Document::Node& node, const Place& place) {
    const bool named = field->message_type() != nullptr &&
                       field->message_type()->FindFieldByName("name") != nullptr;
    json out = json::array();
    NameLines names;
    if (named && node.kind == Kind::kMap) {
      for (size_t i = 0; i < node.keys.size(); ++i) {
        const Document::Node& value = document_[node.items[i]];
        const Place entry{&place, node.keys[i], {}};
        out.push_back(Message(field->message_type(), value, entry, node.keys[i]));
      }
      return out;
    }
    if (named && node.kind == Kind::kScalar) {
      Fail(node.line, place, "must be a mapping by name or a list");
      return out;
    }
    if (node.kind != Kind::kList) {
      out.push_back(Value(field, node, place));
      return out;
    }
    for (size_t i = 0; i < node.items.size(); ++i) {
      const Document::Node& value = document_[node.items[i]];
      const Place entry{&place, {}, i};
      json element = Value(field, value, entry);
      if (named) CheckName(field->message_type(), value, entry, &element, &names);
      out.push_back(std::move(element));
    }
    return out;
  }

  void CheckName(const Descriptor* type, const Document::Node& node, const Place& place,
                 json* element, NameLines* names) {
    if (node.kind != Kind::kMap) return;  // has its error already
    json& name = (*element)["name"];
    const bool has_name = name.is_string() && !name.get_ref<const std::string&>().empty();
    if (!has_name && type == v1::Route::descriptor()) {
      const auto model = element->find("model");
      if (model == element->end() || model->empty() || !model->front().is_string()) {
        return Fail(node.line, place, "has neither name nor model");
      }
      name = model->front();
    } else if (!has_name) {
      return Fail(node.line, place, "has no name");
    }
    const auto [first, inserted] = names->emplace(name.get<std::string>(), node.line);
    if (inserted) return;
    Fail(node.line, place,
         StrCat("the name \"", first->first, "\" is taken by line ", first->second),
         "give each its own `name`");
  }

  json Value(const FieldDescriptor* field, const Document::Node& node, const Place& place) {
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (field->message_type()->full_name() == "google.protobuf.Duration") {
          return Duration(node, place);
        }
        if (field->message_type()->full_name() == "google.protobuf.Struct") {
          if (node.kind != Kind::kMap) Fail(node.line, place, "must be a mapping");
          return Untyped(node, place, 0);
        }
        return Message(field->message_type(), node, place, {});
      case FieldDescriptor::CPPTYPE_BOOL:
        return Bool(node, place);
      case FieldDescriptor::CPPTYPE_UINT32:
        return Unsigned(node, place);
      default:
        break;
    }
    json text = Text(node, place);
    if (field->name() == "dialect" && text == "claude") text = contract::kDialectAnthropic;
    return text;
  }

  json Text(const Document::Node& node, const Place& place) {
    if (node.kind == Kind::kScalar) return node.text;
    Fail(node.line, place, node.kind == Kind::kNull ? "must not be null" : "must be a text");
    return "";
  }

  json Bool(const Document::Node& node, const Place& place) {
    const json value = node.kind == Kind::kScalar ? UntypedScalar(node) : json();
    if (value.is_boolean()) return value;
    Fail(node.line, place, "must be true or false");
    return false;
  }

  json Unsigned(const Document::Node& node, const Place& place) {
    uint32_t value = 0;
    const bool digits = node.kind == Kind::kScalar && !node.text.empty() &&
                        node.text.find_first_not_of("0123456789") == std::string::npos;
    if (digits && absl::SimpleAtoi(node.text, &value)) return value;
    Fail(node.line, place,
         StrCat("must be a whole number from 0 to ", std::numeric_limits<uint32_t>::max()));
    return 0;
  }

  json Duration(const Document::Node& node, const Place& place) {
    const json zero = "0s";
    if (node.kind != Kind::kScalar) {
      Fail(node.line, place, "must be a duration", "as 500ms, 10s, 1m, 30d");
      return zero;
    }
    const absl::StatusOr<absl::Duration> value = options::ParseFriendlyDuration(node.text);
    if (!value.ok()) {
      Fail(node.line, place, std::string(value.status().message()));
      return zero;
    }
    absl::Duration rest;
    const int64_t seconds = absl::IDivDuration(*value, absl::Seconds(1), &rest);
    std::string nanos = StrCat(absl::ToInt64Nanoseconds(rest));
    nanos.insert(0, 9 - nanos.size(), '0');
    return StrCat(seconds, ".", nanos, "s");
  }

  json Target(const Document::Node& node, const Place& place) {
    const std::optional<v1::Target> target = ParseTargetText(node.text);
    if (!target) {
      Fail(node.line, place, StrCat("\"", node.text, "\" is not connection.model"),
           "connection.* stands for the client's model name");
      return json::object();
    }
    return {{"connection", target->connection()}, {"model", target->model()}};
  }

  json Auth(const Document::Node& node, const Place& place) {
    if (node.text != "none" && node.text != "passthrough" && node.text != "credential") {
      // The value is not shown: people put the credential itself here.
      Fail(node.line, place, "must be none, passthrough, credential or a mapping");
    }
    return {{"mode", node.text}};
  }

  json Untyped(const Document::Node& node, const Place& place, int depth) {
    if (depth > kStructDepthMax) {
      Fail(node.line, place, StrCat("nested deeper than ", kStructDepthMax, " levels"));
      return nullptr;
    }
    switch (node.kind) {
      case Kind::kNull:
        return nullptr;
      case Kind::kScalar:
        return UntypedScalar(node);
      case Kind::kList: {
        json list = json::array();
        for (size_t i = 0; i < node.items.size(); ++i) {
          const Place entry{&place, {}, i};
          list.push_back(Untyped(document_[node.items[i]], entry, depth + 1));
        }
        return list;
      }
      case Kind::kMap: {
        json map = json::object();
        for (size_t i = 0; i < node.keys.size(); ++i) {
          const Place entry{&place, node.keys[i], {}};
          map[node.keys[i]] = Untyped(document_[node.items[i]], entry, depth + 1);
        }
        return map;
      }
    }
    return nullptr;
  }

  const Document& document_;
  Expansion out_;
};

}  // namespace

Expansion ExpandConfig(const Document& document) { return Expander(document).Run(); }

}  // namespace lmgate::importer

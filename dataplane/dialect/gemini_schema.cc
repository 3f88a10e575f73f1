#include "dataplane/dialect/gemini_schema.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/strings.h"

namespace lmgate::dialect {
namespace {

// A recursive reference is written out so often before it is cut.
constexpr std::ptrdiff_t kRoundsMax = 2;

// Taken over as they are; the others of the subset need more.
constexpr std::array<std::string_view, 13> kPlainKeys = {
    "format",    "title",     "description",      "minItems", "maxItems", "minimum", "maximum",
    "minLength", "maxLength", "propertyOrdering", "pattern",  "default",  "example"};

std::string Upper(std::string_view text) { return absl::AsciiStrToUpper(ToAbsl(text)); }
std::string Lower(std::string_view text) { return absl::AsciiStrToLower(ToAbsl(text)); }

bool Has(const Json& object, std::string_view name) { return Find(object, name) != nullptr; }

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// What the name of a JSON pointer's step stands for (RFC 6901, 3 and 6).
std::string StepName(std::string_view step) {
  std::string name;
  for (size_t i = 0; i < step.size(); ++i) {
    unsigned value = 0;
    if (step[i] == '~' && i + 1 < step.size()) {
      name.push_back(step[++i] == '0' ? '~' : '/');
    } else if (step[i] == '%' && i + 2 < step.size() &&
               absl::SimpleHexAtoi(ToAbsl(step.substr(i + 1, 2)), &value)) {
      name.push_back(static_cast<char>(value));
      i += 2;
    } else {
      name.push_back(step[i]);
    }
  }
  return name;
}

// Null = it leads nowhere, or outside of the document.
const Json* Resolve(const Json& root, std::string_view reference) {
  if (!reference.starts_with('#')) return nullptr;
  reference.remove_prefix(1);
  const Json* at = &root;
  while (!reference.empty() && at != nullptr) {
    if (reference.front() != '/') return nullptr;
    reference.remove_prefix(1);
    const std::string step = StepName(reference.substr(0, reference.find('/')));
    reference.remove_prefix(std::min(reference.find('/'), reference.size()));
    if (at->is_array()) {
      size_t index = 0;
      const bool found = absl::SimpleAtoi(step, &index) && index < at->size();
      at = found ? &(*at)[index] : nullptr;
    } else {
      at = Find(*at, step);
    }
  }
  return at;
}

// Both hold: what `base` says beside `schema`, which wins. Properties and required are of both.
void MergeInto(Json base, Json* schema) {
  for (auto& [key, value] : base.items()) {
    Json* const own = schema->contains(key) ? &(*schema)[key] : nullptr;
    if (own == nullptr) {
      (*schema)[key] = std::move(value);
    } else if (key == "properties") {
      for (auto& [name, property] : value.items()) {
        if (!own->contains(name)) (*own)[name] = std::move(property);
      }
    } else if (key == "required") {
      for (Json& name : value) own->push_back(std::move(name));
    }
  }
}

size_t CountNodes(const Json& json) {
  size_t count = 1;
  if (!json.is_structured()) return count;
  for (const Json& value : json) count += CountNodes(value);
  return count;
}

class SubsetWriter {
 public:
  explicit SubsetWriter(const Json& root) : root_(root) {}

  Json Write(const Json& schema) { return Finish(Read(schema)); }

 private:
  bool Spend(size_t nodes) {
    nodes_left_ -= std::min(nodes, nodes_left_);
    return nodes_left_ > 0;
  }

  // The keys of the subset, of which those that depend on the type are still to be checked, and
  // the alternatives to be told apart from what stands beside them: Finish does.
  Json Read(const Json& schema) {
    if (!schema.is_object()) return Json::object();
    if (depth_ >= kGeminiSchemaDepthMax || !Spend(1)) return Json{{"type", "OBJECT"}};
    ++depth_;
    Json read = Json::object();
    ReadType(schema, &read);
    for (const std::string_view key : kPlainKeys) {
      if (const Json* const value = Find(schema, key)) read[std::string(key)] = *value;
    }
    ReadBounds(schema, &read);
    ReadEnum(schema, &read);
    ReadObject(schema, &read);
    ReadItems(schema, &read);
    for (const std::string_view key : {"anyOf", "oneOf"}) ReadAlternatives(schema, key, &read);
    if (const Json* const all = Find(schema, "allOf"); all != nullptr && all->is_array()) {
      for (const Json& one : *all) MergeInto(Read(one), &read);
    }
    ReadReference(schema, &read);
    --depth_;
    return read;
  }

  static void ReadType(const Json& schema, Json* read) {
    const Json* const type = Find(schema, "type");
    if (FindBool(schema, "nullable").value_or(false)) (*read)["nullable"] = true;
    if (type == nullptr) return;
    std::vector<std::string> types;
    const auto add = [&](const Json& name) {
      if (!name.is_string()) return;
      std::string upper = Upper(name.get<std::string>());
      if (upper != "NULL") {
        types.push_back(std::move(upper));
      } else if (type->is_array()) {
        (*read)["nullable"] = true;
      } else {
        types.emplace_back("NULL");
      }
    };
    if (type->is_array()) {
      for (const Json& name : *type) add(name);
    } else {
      add(*type);
    }
    if (types.size() == 1) (*read)["type"] = types.front();
    if (types.size() < 2) return;
    Json alternatives = Json::array();
    for (const std::string& name : types) alternatives.push_back(Json{{"type", name}});
    (*read)["anyOf"] = std::move(alternatives);
  }

  // "exclusiveMinimum": 0 of integers is "minimum": 1.
  static void ReadBounds(const Json& schema, Json* read) {
    const bool integers = FindString(*read, "type") == "INTEGER";
    const std::pair<std::string_view, std::string_view> bounds[] = {
        {"exclusiveMinimum", "minimum"}, {"exclusiveMaximum", "maximum"}};
    for (const auto& [exclusive, inclusive] : bounds) {
      const Json* const bound = Find(schema, exclusive);
      if (bound == nullptr || !bound->is_number() || Has(*read, inclusive)) continue;
      const auto whole = FindInteger(schema, exclusive);
      constexpr int64_t kSafe = int64_t{1} << 53;
      if (integers && whole.has_value() && *whole > -kSafe && *whole < kSafe) {
        (*read)[std::string(inclusive)] = *whole + (inclusive == "minimum" ? 1 : -1);
      } else {
        (*read)[std::string(inclusive)] = *bound;
      }
    }
  }

  // Only strings may be enumerated, and none may be empty.
  static void ReadEnum(const Json& schema, Json* read) {
    Json values = Json::array();
    const auto add = [&](const Json& value) {
      if (value.is_null()) (*read)["nullable"] = true;
      if (value.is_string() && !value.get_ref<const std::string&>().empty())
        values.push_back(value);
    };
    const Json* const listed = Find(schema, "enum");
    if (listed != nullptr && listed->is_array()) {
      for (const Json& value : *listed) add(value);
    } else if (const Json* const constant = Find(schema, "const")) {
      add(*constant);
    }
    if (!values.empty()) (*read)["enum"] = std::move(values);
  }

  void ReadObject(const Json& schema, Json* read) {
    const Json* const properties = Find(schema, "properties");
    if (properties != nullptr && properties->is_object() && !properties->empty()) {
      Json written = Json::object();
      for (const auto& [name, property] : properties->items()) written[name] = Write(property);
      (*read)["properties"] = std::move(written);
    }
    const Json* const required = Find(schema, "required");
    if (required != nullptr && required->is_array()) (*read)["required"] = *required;
  }

  // A tuple is an array of either of its types.
  void ReadItems(const Json& schema, Json* read) {
    const Json* items = Find(schema, "items");
    if (const Json* const tuple = Find(schema, "prefixItems")) items = tuple;
    if (items == nullptr) return;
    if (!items->is_array()) {
      (*read)["items"] = Write(*items);
      return;
    }
    Json alternatives = Json::array();
    for (const Json& item : *items) {
      Json written = Write(item);
      if (std::find(alternatives.begin(), alternatives.end(), written) == alternatives.end()) {
        alternatives.push_back(std::move(written));
      }
    }
    if (alternatives.size() == 1) (*read)["items"] = std::move(alternatives.front());
    if (alternatives.size() > 1) (*read)["items"]["anyOf"] = std::move(alternatives);
  }

  void ReadAlternatives(const Json& schema, std::string_view key, Json* read) {
    const Json* const list = Find(schema, key);
    if (list == nullptr || !list->is_array()) return;
    Json alternatives = Json::array();
    for (const Json& one : *list) {
      Json alternative = Read(one);
      if (FindString(alternative, "type") == "NULL") {
        (*read)["nullable"] = true;
      } else {
        alternatives.push_back(std::move(alternative));
      }
    }
    if (alternatives.size() == 1) {
      MergeInto(std::move(alternatives.front()), read);
    } else if (!alternatives.empty()) {
      (*read)["anyOf"] = std::move(alternatives);
    }
  }

  void ReadReference(const Json& schema, Json* read) {
    const std::string reference = FindString(schema, "$ref");
    if (reference.empty()) return;
    const Json* const target = Resolve(root_, reference);
    const std::ptrdiff_t round = std::count(open_.begin(), open_.end(), target);
    if (target == nullptr || round >= kRoundsMax) {
      MergeInto(Json{{"type", "OBJECT"}}, read);
      return;
    }
    open_.push_back(target);
    MergeInto(Read(*target), read);
    open_.pop_back();
  }

  // Gemini wants `anyOf` alone: what stands beside it is said in each alternative.
  Json Finish(Json schema) {
    if (!schema.contains("anyOf")) return FinishType(std::move(schema));
    Json listed = std::move(schema["anyOf"]);
    schema.erase("anyOf");
    const size_t base_nodes = CountNodes(schema);
    Json alternatives = Json::array();
    for (Json& alternative : listed) {
      if (!Spend(base_nodes)) break;
      MergeInto(schema, &alternative);
      if (++depth_ > kGeminiSchemaDepthMax) alternative.erase("anyOf");
      alternatives.push_back(Finish(std::move(alternative)));
      --depth_;
    }
    if (alternatives.empty()) return Json{{"type", "OBJECT"}};
    Json finished = Json::object();
    finished["anyOf"] = std::move(alternatives);
    return finished;
  }

  static std::string TypeOf(const Json& schema) {
    std::string type = FindString(schema, "type");
    if (!type.empty()) return type;
    if (Has(schema, "properties")) return "OBJECT";
    if (Has(schema, "items")) return "ARRAY";
    if (Has(schema, "minimum") || Has(schema, "maximum")) return "NUMBER";
    return "STRING";
  }

  static Json FinishType(Json schema) {
    const std::string type = TypeOf(schema);
    Json finished = Json::object();
    finished["type"] = type;
    for (auto& [key, value] : schema.items()) {
      if (key != "type" && MayStand(key, value, type)) finished[key] = std::move(value);
    }
    if (type == "ARRAY" && !finished.contains("items")) finished["items"] = {{"type", "STRING"}};
    FinishNames("required", &finished);
    FinishNames("propertyOrdering", &finished);
    return finished;
  }

  static bool MayStand(std::string_view key, const Json& value, std::string_view type) {
    if (IsOneOf(key, {"properties", "required", "propertyOrdering"})) return type == "OBJECT";
    if (IsOneOf(key, {"items", "minItems", "maxItems"})) return type == "ARRAY";
    if (IsOneOf(key, {"enum", "minLength", "maxLength", "pattern"})) return type == "STRING";
    if (IsOneOf(key, {"minimum", "maximum"})) return type == "INTEGER" || type == "NUMBER";
    if (key == "format") {
      if (!value.is_string()) return false;
      const auto& format = value.get_ref<const std::string&>();
      if (type == "STRING") return IsOneOf(format, {"enum", "date-time"});
      if (type == "INTEGER") return IsOneOf(format, {"int32", "int64"});
      return type == "NUMBER" && IsOneOf(format, {"float", "double"});
    }
    if (IsOneOf(key, {"title", "description"})) return value.is_string();
    return true;
  }

  // Only names of properties that there are, each once.
  static void FinishNames(const std::string& key, Json* schema) {
    if (!schema->contains(key)) return;
    std::set<std::string> left;
    if (const Json* const properties = Find(*schema, "properties")) {
      for (const auto& property : properties->items()) left.insert(property.key());
    }
    Json names = Json::array();
    for (const Json& name : (*schema)[key]) {
      if (name.is_string() && left.erase(name.get<std::string>()) > 0) names.push_back(name);
    }
    if (names.empty()) {
      schema->erase(key);
    } else {
      (*schema)[key] = std::move(names);
    }
  }

  const Json& root_;
  std::vector<const Json*> open_;  // references that are being written out
  int depth_ = 0;
  size_t nodes_left_ = kGeminiSchemaNodesMax;
};

// "5" of an int64 in proto JSON is 5.
Json NumberOf(const Json& value) {
  int64_t number = 0;
  if (value.is_string() && absl::SimpleAtoi(value.get<std::string>(), &number)) return number;
  return value;
}

void AddNull(Json* schema) {
  if (schema->contains("type")) {
    Json& type = (*schema)["type"];
    Json types = type.is_array() ? type : Json::array({type});
    if (std::find(types.begin(), types.end(), "null") == types.end()) types.push_back("null");
    type = std::move(types);
  } else if (schema->contains("anyOf") && (*schema)["anyOf"].is_array()) {
    (*schema)["anyOf"].push_back(Json{{"type", "null"}});
  }
  if (schema->contains("enum") && (*schema)["enum"].is_array()) {
    (*schema)["enum"].push_back(nullptr);
  }
}

}  // namespace

Json GeminiSchemaOf(const Json& json_schema) {
  return SubsetWriter(json_schema).Write(json_schema);
}

Json JsonSchemaOfGemini(const Json& gemini_schema) {
  if (!gemini_schema.is_object()) return gemini_schema;
  Json schema = Json::object();
  bool nullable = false;
  for (const auto& [written, value] : gemini_schema.items()) {
    std::string key = written;
    for (const std::string_view known : {"anyOf", "minItems", "maxItems", "minLength", "maxLength",
                                         "minProperties", "maxProperties", "propertyOrdering"}) {
      std::string snake;
      for (const char c : known) {
        if (absl::ascii_isupper(static_cast<unsigned char>(c))) snake.push_back('_');
        snake.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
      }
      if (key == snake) key = known;
    }
    if (value.is_null() || key == "propertyOrdering" || key == "example") continue;
    if (key == "nullable") {
      nullable = value.is_boolean() && value.get<bool>();
    } else if (key == "type" && value.is_string()) {
      std::string type = Lower(value.get<std::string>());
      if (type != "type_unspecified") schema[key] = std::move(type);
    } else if (key == "format" && value == "enum") {
      continue;  // Gemini's own
    } else if (key == "items" || key == "additionalProperties") {
      schema[key] = JsonSchemaOfGemini(value);
    } else if (key == "anyOf" && value.is_array()) {
      Json alternatives = Json::array();
      for (const Json& one : value) alternatives.push_back(JsonSchemaOfGemini(one));
      schema[key] = std::move(alternatives);
    } else if (IsOneOf(key, {"properties", "$defs", "defs"}) && value.is_object()) {
      Json properties = Json::object();
      for (const auto& [name, property] : value.items()) {
        properties[name] = JsonSchemaOfGemini(property);
      }
      schema[key == "defs" ? "$defs" : key] = std::move(properties);
    } else if (key.starts_with("min") || key.starts_with("max")) {
      schema[key] = NumberOf(value);
    } else {
      schema[key] = value;
    }
  }
  if (nullable) AddNull(&schema);
  return schema;
}

}  // namespace lmgate::dialect

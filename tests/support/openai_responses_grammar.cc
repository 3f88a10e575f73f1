#include "tests/support/openai_responses_grammar.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

namespace lmgate::testing {
namespace {

using Json = nlohmann::ordered_json;

struct Event {
  std::string type;
  Json data;
};

// An empty list and `wrong` when it is no event stream.
std::vector<Event> Split(std::string_view bytes, std::string* wrong) {
  std::vector<Event> events;
  while (!bytes.empty()) {
    const size_t end = bytes.find("\n\n");
    if (end == std::string_view::npos) {
      *wrong = "the last event has no end";
      return {};
    }
    const std::string_view block = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    const size_t line = block.find('\n');
    if (!block.starts_with("event: ") || line == std::string_view::npos ||
        !block.substr(line + 1).starts_with("data: ")) {
      *wrong = "no event of two lines: " + std::string(block.substr(0, 100));
      return {};
    }
    Event event{.type = std::string(block.substr(7, line - 7)),
                .data = Json::parse(block.substr(line + 7), nullptr, false)};
    if (!event.data.is_object() || event.data.value("type", "") != event.type) {
      *wrong = "the data of " + event.type + " is none of its type";
      return {};
    }
    events.push_back(std::move(event));
  }
  return events;
}

// Also for an item of an answer that was cut.
constexpr std::string_view kWhole = "completed";

std::string CheckItem(const Json& item, std::string_view status) {
  static const std::map<std::string, std::string> prefixes = {{"message", "msg_"},
                                                              {"function_call", "fc_"},
                                                              {"custom_tool_call", "ctc_"},
                                                              {"reasoning", "rs_"}};
  if (!item.is_object()) return "an item is no object";
  const std::string type = item.value("type", "");
  const auto prefix = prefixes.find(type);
  if (prefix == prefixes.end()) return "unknown item type " + type;
  const std::string id = item.value("id", "");
  if (!id.starts_with(prefix->second)) return "the id of a " + type + " is " + id;
  if (type == "reasoning") {
    if (!item.contains("summary") || !item["summary"].is_array()) return id + ": no summary";
    for (const Json& part : item["summary"]) {
      if (part.value("type", "") != "summary_text" || part.value("text", "").empty()) {
        return id + ": a summary without text";
      }
    }
    return {};
  }
  const bool cut = status == kWhole && item.value("status", "") == "incomplete";
  if (item.value("status", "") != status && !cut)
    return id + ": its status is not " + std::string(status);
  if (type == "message") {
    if (item.value("role", "") != "assistant") return id + ": its role is not assistant";
    if (!item.contains("content") || !item["content"].is_array()) return id + ": no content";
    for (const Json& part : item["content"]) {
      const std::string part_type = part.value("type", "");
      if (part_type == "refusal" && part.contains("refusal") && part["refusal"].is_string()) {
        continue;
      }
      if (part_type != "output_text" || !part.contains("text") || !part["text"].is_string() ||
          !part.contains("annotations") || !part["annotations"].is_array()) {
        return id + ": a part is neither text with annotations nor refusal";
      }
    }
    return {};
  }
  for (const char* const member :
       {"call_id", "name", type == "function_call" ? "arguments" : "input"}) {
    if (!item.contains(member) || !item[member].is_string()) return id + ": no " + member;
  }
  if (item["call_id"] == "" || item["call_id"] == id) return id + ": call_id is the item's id";
  return {};
}

std::string CheckResponse(const Json& response) {
  if (!response.is_object() || response.value("object", "") != "response") {
    return "no response object";
  }
  for (const char* const member : {"id",
                                   "created_at",
                                   "status",
                                   "error",
                                   "incomplete_details",
                                   "instructions",
                                   "model",
                                   "output",
                                   "parallel_tool_calls",
                                   "tool_choice",
                                   "tools",
                                   "text",
                                   "temperature",
                                   "top_p",
                                   "metadata",
                                   "usage",
                                   "reasoning",
                                   "truncation",
                                   "max_output_tokens",
                                   "previous_response_id"}) {
    if (!response.contains(member)) return std::string("the response has no ") + member;
  }
  if (!response["id"].is_string() || !response.value("id", "").starts_with("resp_")) {
    return "the response's id does not begin with resp_";
  }
  if (!response["created_at"].is_number_integer()) return "created_at is no integer";
  if (!response["model"].is_string()) return "model is no string";
  if (!response["tools"].is_array() || !response["output"].is_array()) {
    return "tools or output is no list";
  }
  const std::string status = response.value("status", "");
  const bool whole = status == "completed" || status == "incomplete";
  if ((status == "failed") != response["error"].is_object()) return "error does not fit " + status;
  if ((status == "incomplete") != response["incomplete_details"].is_object()) {
    return "incomplete_details does not fit " + status;
  }
  if (!whole) return {};
  const Json& usage = response["usage"];
  if (!usage.is_object()) return "no usage";
  for (const char* const member : {"input_tokens", "output_tokens", "total_tokens"}) {
    if (!usage.contains(member) || !usage[member].is_number_integer()) {
      return std::string("usage has no ") + member;
    }
  }
  for (const char* const member : {"input_tokens_details", "output_tokens_details"}) {
    if (!usage.contains(member) || !usage[member].is_object()) {
      return std::string("usage has no ") + member;
    }
  }
  return {};
}

// Follows the items of one stream.
class Checker {
 public:
  std::string Add(const Event& event);
  std::string AddLast(const Event& event);

 private:
  struct Item {
    Json announced;
    std::string text;   // deltas of what is open
    bool part = false;  // a content or summary part is open
    bool part_over = false;
    bool text_done = false;
    std::string final_text;
    bool had_part = false;
    bool done = false;
    Json whole;
    std::vector<std::string> refusals;  // types of events of a refusal behind the text
  };

  std::string Announce(const Json& data);
  std::string FinishItem(const Json& data);
  std::string AddToItem(const std::string& type, const Json& data, Item* item);
  static std::string AddToRefusal(const std::string& type, const Json& data,
                                  std::vector<std::string>* refusals);
  std::string AddDone(const std::string& member, const Json& data, Item* item);

  std::vector<Item> items_;
  std::set<std::string> ids_;
};

std::string Checker::Announce(const Json& data) {
  if (!data.contains("output_index") || data["output_index"] != items_.size()) {
    return "output_index is not dense";
  }
  if (!data.contains("item")) return "no item";
  Item item;
  item.announced = data["item"];
  std::string wrong = CheckItem(item.announced, "in_progress");
  if (!wrong.empty()) return wrong;
  const std::string type = item.announced.value("type", "");
  if (type == "message" && !item.announced["content"].empty()) return "announced with content";
  if (type == "function_call" && item.announced["arguments"] != "") return "announced with text";
  if (!ids_.insert(item.announced.value("id", "")).second) return "an id is used twice";
  const auto is_call = [](const Json& each) { return each.value("type", "").ends_with("_call"); };
  for (const Item& other : items_) {
    if (!other.done && !is_call(other.announced) && !is_call(item.announced)) {
      return "an item is announced before the one before it is done";
    }
  }
  items_.push_back(std::move(item));
  return {};
}

std::string Checker::AddDone(const std::string& member, const Json& data, Item* item) {
  if (!data.contains(member) || !data[member].is_string()) return "no " + member;
  if (item->text_done) return "done twice";
  item->text_done = true;
  item->final_text = data[member].get<std::string>();
  const bool no_arguments = member == "arguments" && item->text.empty();
  if (item->final_text != (no_arguments ? "{}" : item->text)) {
    return "the whole is not what the deltas say";
  }
  return {};
}

std::string Checker::AddToRefusal(const std::string& type, const Json& data,
                                  std::vector<std::string>* refusals) {
  static const std::vector<std::string> types = {"response.content_part.added",
                                                 "response.refusal.delta", "response.refusal.done",
                                                 "response.content_part.done"};
  if (refusals->size() >= types.size() || type != types[refusals->size()]) {
    return "no refusal behind the text";
  }
  if (type.ends_with("part.done") && data["part"].value("type", "") != "refusal") {
    return "the second part is no refusal";
  }
  refusals->push_back(type);
  return {};
}

std::string Checker::AddToItem(const std::string& type, const Json& data, Item* item) {
  const std::string kind = item->announced.value("type", "");
  if (item->done) return "the item is done already";
  if (data.value("item_id", "") != item->announced.value("id", "")) return "item_id is another's";
  const auto delta = [&]() -> std::string {
    if (!data.contains("delta") || !data["delta"].is_string() || data["delta"] == "") {
      return "no delta";
    }
    if (item->text_done) return "a delta after done";
    item->text += data["delta"].get<std::string>();
    return {};
  };
  const bool message = kind == "message";
  const bool of_content = type.starts_with("response.content_part.") ||
                          type.starts_with("response.output_text.") ||
                          type.starts_with("response.refusal.");
  const bool of_summary = type.starts_with("response.reasoning_summary_");
  if (of_content != message || of_summary != (kind == "reasoning")) return "not of a " + kind;
  // Behind the text, a message may have a refusal.
  if (of_content && message && item->part_over && data.value("content_index", -1) == 1) {
    return AddToRefusal(type, data, &item->refusals);
  }
  if (of_content && data.value("content_index", -1) != 0) return "no content_index 0";
  if (of_summary && data.value("summary_index", -1) != 0) return "no summary_index 0";
  if (type.ends_with("part.added")) {
    if (item->had_part) return "a second part";
    item->part = item->had_part = true;
    return data.contains("part") && data["part"].is_object() ? "" : "no part";
  }
  if (type.ends_with("part.done")) {
    if (!item->part || !item->text_done) return "part.done before its text";
    item->part = false;
    item->part_over = true;
    const Json& part = data["part"];
    const std::string text =
        part.value(part.value("type", "") == "refusal" ? "refusal" : "text", "\x01");
    return text == item->final_text ? "" : "the part is not what its text was";
  }
  if (of_content || of_summary) {
    if (!item->part) return "outside of a part";
    if (type == "response.output_text.delta" && !data.contains("logprobs")) return "no logprobs";
    if (type.ends_with("annotation.added")) {
      return data.contains("annotation") && data.contains("annotation_index") ? ""
                                                                              : "no annotation";
    }
    if (type.ends_with(".delta")) return delta();
    return AddDone(type == "response.refusal.done" ? "refusal" : "text", data, item);
  }
  if (kind == "function_call" && type == "response.function_call_arguments.delta") return delta();
  if (kind == "function_call" && type == "response.function_call_arguments.done") {
    if (data.value("name", "") != item->announced.value("name", "")) return "no name";
    return AddDone("arguments", data, item);
  }
  if (kind == "custom_tool_call" && type == "response.custom_tool_call_input.delta") return delta();
  if (kind == "custom_tool_call" && type == "response.custom_tool_call_input.done") {
    return AddDone("input", data, item);
  }
  return "unknown event";
}

std::string Checker::FinishItem(const Json& data) {
  const size_t index = data.value("output_index", size_t{1} << 20);
  if (index >= items_.size() || items_[index].done) return "no open item has this output_index";
  Item& item = items_[index];
  item.done = true;
  if (!data.contains("item")) return "no item";
  item.whole = data["item"];
  std::string wrong = CheckItem(item.whole, "completed");
  if (!wrong.empty()) return wrong;
  for (const char* const member : {"id", "type", "call_id", "name", "namespace"}) {
    if (item.whole.value(member, "") != item.announced.value(member, "")) {
      return std::string("not announced with this ") + member;
    }
  }
  const std::string type = item.whole.value("type", "");
  if (item.part) return "its part is not done";
  if (type == "message") {
    if (!item.part_over || item.whole["content"].size() != 1 + item.refusals.size() / 4) {
      return "another number of content parts";
    }
    if (item.refusals.size() % 4 != 0) return "the refusal is not done";
    const Json& part = item.whole["content"][0];
    const bool refusal = part.value("type", "") == "refusal";
    if (part.value(refusal ? "refusal" : "text", "\x01") != item.final_text) return "another text";
  } else if (type == "reasoning") {
    if (item.whole["summary"].size() != (item.had_part ? 1 : 0)) return "another summary";
    if (item.had_part && item.whole["summary"][0].value("text", "") != item.final_text) {
      return "another summary text";
    }
  } else {
    if (!item.text_done) return "no done of its text";
    if (item.whole[type == "function_call" ? "arguments" : "input"] != item.final_text) {
      return "another text";
    }
  }
  return {};
}

std::string Checker::Add(const Event& event) {
  if (event.type == "response.output_item.added") return Announce(event.data);
  if (event.type == "response.output_item.done") return FinishItem(event.data);
  const size_t index = event.data.value("output_index", size_t{1} << 20);
  if (index >= items_.size()) return "no item has this output_index";
  return AddToItem(event.type, event.data, &items_[index]);
}

std::string Checker::AddLast(const Event& event) {
  const Json& response = event.data["response"];
  for (const Item& item : items_) {
    const bool cut = item.whole.is_object() && item.whole.value("status", "") == "incomplete";
    if (cut && (&item != &items_.back() || event.type != "response.incomplete")) {
      return "an item is incomplete that is not the last one of a cut answer";
    }
  }
  const bool failed = event.type == "response.failed";
  if ("response." + response.value("status", "") != event.type) return "another status";
  Json done = Json::array();
  for (const Item& item : items_) {
    if (item.done) {
      done.push_back(item.whole);
    } else if (!failed) {
      return "an item is not done";
    }
  }
  return response["output"] == done ? "" : "output is not what was streamed";
}

}  // namespace

std::string CheckOpenAiResponse(std::string_view json) {
  const Json response = Json::parse(json, nullptr, false);
  std::string wrong = CheckResponse(response);
  if (!wrong.empty()) return wrong;
  for (const Json& item : response["output"]) {
    wrong = CheckItem(item, "completed");
    if (!wrong.empty()) return wrong;
  }
  return {};
}

std::string CheckOpenAiResponsesStream(std::string_view bytes) {
  std::string wrong;
  const std::vector<Event> events = Split(bytes, &wrong);
  if (!wrong.empty()) return wrong;
  if (events.size() < 3) return "fewer than three events";
  Checker checker;
  std::string id;
  for (size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    const std::string at = "event " + std::to_string(i) + ", " + event.type + ": ";
    if (!event.data.contains("sequence_number") || event.data["sequence_number"] != i) {
      return at + "sequence_number is not " + std::to_string(i);
    }
    const bool last = event.type == "response.completed" || event.type == "response.incomplete" ||
                      event.type == "response.failed";
    if (last != (i + 1 == events.size())) return at + "not one terminal event at the end";
    if (i < 2 && event.type != (i == 0 ? "response.created" : "response.in_progress")) {
      return at + "not in its place";
    }
    if (i >= 2 && !last) {
      wrong = checker.Add(event);
      if (!wrong.empty()) return at + wrong;
      continue;
    }
    if (!event.data.contains("response")) return at + "no response";
    const Json& response = event.data["response"];
    wrong = CheckResponse(response);
    if (wrong.empty() && i == 0) id = response["id"];
    if (wrong.empty() && response["id"] != id) wrong = "the response's id changes";
    if (wrong.empty() && i < 2 &&
        (response["status"] != "in_progress" || !response["output"].empty())) {
      wrong = "not in progress";
    }
    if (wrong.empty() && last) wrong = checker.AddLast(event);
    if (!wrong.empty()) return at + wrong;
  }
  return {};
}

}  // namespace lmgate::testing

#include "tests/support/anthropic_grammar.h"

#include <nlohmann/json.hpp>
#include <set>

#include "common/base/strings.h"
#include "dataplane/dialect/sse_reader.h"

namespace lmgate::testing {
namespace {

using Json = nlohmann::ordered_json;

bool HasText(const Json& object, const char* name) {
  return object.is_object() && object.contains(name) && object[name].is_string();
}

bool HasCount(const Json& object, const char* name) {
  return object.is_object() && object.contains(name) && object[name].is_number_integer() &&
         object[name].get<int64_t>() >= 0;
}

// Follows one stream; each Check… returns what is wrong.
class Checker {
 public:
  std::string Check(const Json& event) {
    if (!HasText(event, "type")) return "an event without type";
    const std::string type = event["type"];
    if (ended_) return StrCat(type, " after the end");
    if (type == "ping") return "";
    if (type == "error") {
      ended_ = true;
      const bool whole = event.contains("error") && HasText(event["error"], "type") &&
                         HasText(event["error"], "message") &&
                         !event["error"]["message"].get<std::string>().empty();
      return whole ? "" : "an error without type or message";
    }
    if (type == "message_start") return CheckStart(event);
    if (!started_) return StrCat(type, " before message_start");
    if (type == "message_stop") {
      ended_ = true;
      return finished_ ? "" : "message_stop without message_delta";
    }
    if (finished_) return StrCat(type, " after message_delta");
    if (type == "message_delta") return CheckFinish(event);
    if (!HasCount(event, "index")) return StrCat(type, " without index");
    const int64_t index = event["index"];
    if (index != index_) return StrCat(type, " of index ", index, " instead of ", index_);
    if (type == "content_block_start") return CheckBlockStart(event);
    if (!open_) return StrCat(type, " of a block that is not open");
    if (type == "content_block_delta") return CheckDelta(event);
    if (type == "content_block_stop") return CheckBlockStop();
    return StrCat("unknown event ", type);
  }

  bool ended() const { return ended_; }

 private:
  static std::string CheckUsage(const Json& holder) {
    const bool counted = holder.contains("usage") && HasCount(holder["usage"], "input_tokens") &&
                         HasCount(holder["usage"], "output_tokens");
    return counted ? "" : "usage without input_tokens or output_tokens";
  }

  std::string CheckStart(const Json& event) {
    if (started_) return "message_start twice";
    started_ = true;
    if (!event.contains("message")) return "message_start without message";
    const Json& message = event["message"];
    if (!HasText(message, "id") || !message["id"].get<std::string>().starts_with("msg_")) {
      return "a message without an id of msg_…";
    }
    if (!HasText(message, "model") || message["model"].get<std::string>().empty()) {
      return "a message without model";
    }
    const bool plain = HasText(message, "type") && message["type"] == "message" &&
                       HasText(message, "role") && message["role"] == "assistant" &&
                       message.contains("content") && message["content"].is_array() &&
                       message["content"].empty() && message.contains("stop_reason") &&
                       message["stop_reason"].is_null() && message.contains("stop_sequence") &&
                       message["stop_sequence"].is_null();
    return plain ? CheckUsage(message) : "message_start with a message that is not an empty one";
  }

  std::string CheckFinish(const Json& event) {
    if (open_) return "message_delta while a block is open";
    finished_ = true;
    static const std::set<std::string> kReasons = {
        "end_turn",   "max_tokens", "stop_sequence", "tool_use",
        "pause_turn", "refusal",    "compaction",    "model_context_window_exceeded"};
    if (!event.contains("delta") || !HasText(event["delta"], "stop_reason") ||
        kReasons.count(event["delta"]["stop_reason"].get<std::string>()) == 0) {
      return "message_delta without a known stop_reason";
    }
    const bool by_sequence = event["delta"]["stop_reason"] == "stop_sequence";
    if (by_sequence != HasText(event["delta"], "stop_sequence")) {
      return "stop_sequence does not fit stop_reason";
    }
    const bool counted = event.contains("usage") && HasCount(event["usage"], "output_tokens");
    return counted ? "" : "message_delta without usage.output_tokens";
  }

  std::string CheckBlockStart(const Json& event) {
    if (open_) return "content_block_start while a block is open";
    if (!event.contains("content_block") || !HasText(event["content_block"], "type")) {
      return "content_block_start without content_block";
    }
    const Json& block = event["content_block"];
    open_ = true;
    kind_ = block["type"];
    signed_ = false;
    said_ = false;
    input_.clear();
    if (kind_ == "text") {
      said_ = HasText(block, "text") && !block["text"].get<std::string>().empty();
      return HasText(block, "text") ? "" : "a text block without text";
    }
    if (kind_ == "thinking") {
      return HasText(block, "thinking") && HasText(block, "signature")
                 ? ""
                 : "a thinking block without thinking and signature";
    }
    if (kind_ == "redacted_thinking") {
      return HasText(block, "data") && !block["data"].get<std::string>().empty()
                 ? ""
                 : "a redacted_thinking block without data";
    }
    if (kind_ == "tool_use") {
      if (!HasText(block, "id") || !HasText(block, "name") ||
          block["id"].get<std::string>().empty() || block["name"].get<std::string>().empty()) {
        return "a tool_use block without id and name";
      }
      if (!ids_.insert(block["id"].get<std::string>()).second) return "two calls with one id";
      return block.contains("input") && block["input"].is_object() ? ""
                                                                   : "a tool_use without input";
    }
    return "";
  }

  std::string CheckDelta(const Json& event) {
    if (!event.contains("delta") || !HasText(event["delta"], "type")) {
      return "content_block_delta without delta";
    }
    const Json& delta = event["delta"];
    const std::string type = delta["type"];
    const auto wants = [&](std::string_view kind, const char* member) -> std::string {
      if (kind_ != kind) return StrCat(type, " in a block of kind ", kind_);
      return HasText(delta, member) ? "" : StrCat(type, " without ", member);
    };
    if (type == "text_delta") {
      said_ = true;
      return wants("text", "text");
    }
    if (type == "thinking_delta") {
      if (signed_) return "thinking_delta behind the signature";
      return wants("thinking", "thinking");
    }
    if (type == "signature_delta") {
      if (signed_) return "two signatures of one block";
      signed_ = true;
      return wants("thinking", "signature");
    }
    if (type == "input_json_delta") {
      if (kind_ == "tool_use" && HasText(delta, "partial_json")) {
        input_.append(delta["partial_json"].get<std::string>());
      }
      if (kind_ == "server_tool_use") return "";
      return wants("tool_use", "partial_json");
    }
    if (type == "citations_delta") {
      said_ = true;
      return kind_ == "text" && delta.contains("citation") ? "" : "citations_delta out of place";
    }
    return StrCat("unknown delta ", type);
  }

  std::string CheckBlockStop() {
    open_ = false;
    ++index_;
    if (kind_ == "text" && !said_) return "a text block that says nothing";
    if (kind_ == "thinking" && !signed_) return "a thinking block without signature_delta";
    if (kind_ == "tool_use" && !input_.empty()) {
      const Json input = Json::parse(input_, nullptr, false);
      if (!input.is_object()) return StrCat("the input of a call is no object: ", input_);
    }
    return "";
  }

  bool started_ = false;
  bool finished_ = false;
  bool ended_ = false;
  bool open_ = false;
  bool signed_ = false;
  bool said_ = false;
  int64_t index_ = 0;
  std::string kind_;
  std::string input_;
  std::set<std::string> ids_;
};

std::string CheckOne(std::string_view json, std::string_view name, Checker* checker) {
  const Json event = Json::parse(json, nullptr, false);
  if (!event.is_object()) return StrCat("an event that is no JSON object: ", json);
  if (!name.empty() && (!HasText(event, "type") || event["type"] != name)) {
    return StrCat("event: ", name, " over ", json);
  }
  const std::string wrong = checker->Check(event);
  return wrong.empty() ? "" : StrCat(wrong, ": ", json);
}

}  // namespace

std::string CheckAnthropicStream(std::string_view bytes) {
  if (!bytes.ends_with("\n\n")) return "the last event is cut";
  dialect::SseReader reader;
  dialect::SseReader::Event event;
  Checker checker;
  while (reader.Next(&bytes, &event)) {
    if (event.type.empty()) return StrCat("an event without its name: ", event.data);
    if (std::string wrong = CheckOne(event.data, event.type, &checker); !wrong.empty()) {
      return wrong;
    }
  }
  return checker.ended() ? "" : "no end";
}

std::string CheckAnthropicEvents(const std::vector<std::string>& events, bool broken_off) {
  Checker checker;
  for (const std::string& event : events) {
    if (std::string wrong = CheckOne(event, "", &checker); !wrong.empty()) return wrong;
  }
  if (broken_off) return checker.ended() ? "an end before the error" : "";
  return checker.ended() ? "" : "no end";
}

}  // namespace lmgate::testing

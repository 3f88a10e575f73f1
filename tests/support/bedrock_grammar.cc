#include "tests/support/bedrock_grammar.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "common/base/strings.h"
#include "dataplane/dialect/aws_event_stream.h"

namespace lmgate::testing {
namespace {

using Json = nlohmann::json;
using dialect::EventFrame;

// What a block's deltas are, by the member that they have; "" = none came yet.
struct Block {
  std::string kind;
  std::string input;
  bool signed_or_redacted = false;
};

class Checker {
 public:
  std::string Add(const EventFrame& frame) {
    if (over_) return "a frame after the end";
    if (frame.content_type != "application/json") return "a frame without its content type";
    const Json payload = Json::parse(frame.payload, nullptr, false);
    if (!payload.is_object()) return "a payload is no JSON object";
    if (frame.message_type == "exception") return Exception(frame.exception_type, payload);
    if (!frame.message_type.empty()) return "a frame of a type that no server sends";
    const std::string& type = frame.event_type;
    if (type == "messageStart") return Start(payload);
    if (!started_) return type + " before messageStart";
    if (type == "metadata") return Metadata(payload);
    if (stopped_) return type + " after messageStop";
    if (type == "contentBlockStart") return BlockStart(payload);
    if (type == "contentBlockDelta") return Delta(payload);
    if (type == "contentBlockStop") return BlockStop(payload);
    if (type == "messageStop") return Stop(payload);
    return "an event of unknown type: " + type;
  }

  std::string End() const { return over_ ? "" : "the stream ends without metadata or exception"; }

 private:
  std::string Exception(const std::string& type, const Json& payload) {
    static const std::set<std::string> kTypes = {
        "internalServerException", "modelStreamErrorException", "validationException",
        "throttlingException", "serviceUnavailableException"};
    if (!kTypes.contains(type)) return "no exception of a stream: " + type;
    if (!payload.contains("message") || !payload["message"].is_string()) {
      return "an exception without a message";
    }
    over_ = true;
    return "";
  }

  std::string Start(const Json& payload) {
    if (started_) return "a second messageStart";
    started_ = true;
    return payload.value("role", "") == "assistant" ? "" : "messageStart without its role";
  }

  std::string BlockStart(const Json& payload) {
    if (block_.has_value()) return "a block begins before the last one ended";
    if (!IsNext(payload)) return "contentBlockStart with a wrong contentBlockIndex";
    const Json call = payload.value("start", Json::object()).value("toolUse", Json());
    if (!call.is_object()) return "contentBlockStart of something other than a tool call";
    const std::string id = call.value("toolUseId", "");
    if (id.empty() || !ids_.insert(id).second) return "a call without an id of its own";
    if (call.value("name", "").empty()) return "a call without a name";
    block_ = Block{.kind = "toolUse", .input = {}};
    return "";
  }

  std::string Delta(const Json& payload) {
    if (!IsNext(payload)) return "contentBlockDelta with a wrong contentBlockIndex";
    const Json delta = payload.value("delta", Json());
    if (!delta.is_object() || delta.size() != 1) return "a delta must have one member";
    const std::string member = delta.items().begin().key();
    const Json& value = delta.items().begin().value();
    const std::string kind = member == "citation" ? "text" : member;
    if (kind != "text" && kind != "toolUse" && kind != "reasoningContent") {
      return "a delta of unknown kind: " + member;
    }
    if (!block_.has_value()) {
      if (kind == "toolUse") return "arguments without contentBlockStart";
      block_ = Block{.kind = kind, .input = {}};
    }
    if (block_->kind != kind) return "deltas of two kinds in one block";
    if (member == "text" && (!value.is_string() || value.empty())) return "a text that is none";
    if (member == "citation" && !value.is_object()) return "a citation must be an object";
    if (member == "toolUse") {
      if (!value.contains("input") || !value["input"].is_string()) {
        return "arguments must be pieces of text";
      }
      block_->input += value["input"].get<std::string>();
    }
    return member == "reasoningContent" ? Reasoning(value) : "";
  }

  std::string Reasoning(const Json& value) {
    if (!value.is_object() || value.size() != 1) return "reasoning must have one member";
    const std::string member = value.items().begin().key();
    if (!value.items().begin().value().is_string()) return "reasoning must be a string";
    if (value.items().begin().value().get<std::string>().empty()) return "reasoning is empty";
    if (block_->signed_or_redacted) return "reasoning goes on after its signature";
    if (member == "signature" || member == "redactedContent") {
      block_->signed_or_redacted = true;
      return "";
    }
    return member == "text" ? "" : "reasoning of unknown kind: " + member;
  }

  std::string BlockStop(const Json& payload) {
    if (!block_.has_value()) return "contentBlockStop without a block";
    if (!IsNext(payload)) return "contentBlockStop with a wrong contentBlockIndex";
    if (block_->kind == "toolUse" && !block_->input.empty() &&
        !Json::parse(block_->input, nullptr, false).is_object()) {
      return "a call's arguments are no JSON object";
    }
    has_calls_ |= block_->kind == "toolUse";
    block_.reset();
    ++index_;
    return "";
  }

  std::string Stop(const Json& payload) {
    static const std::set<std::string> kReasons = {"end_turn",         "tool_use",
                                                   "max_tokens",       "stop_sequence",
                                                   "content_filtered", "guardrail_intervened"};
    if (block_.has_value()) return "messageStop while a block is open";
    const std::string reason = payload.value("stopReason", "");
    if (!kReasons.contains(reason)) return "no stopReason: " + reason;
    if (reason == "tool_use" && !has_calls_) return "tool_use without a call";
    if (reason == "end_turn" && has_calls_) return "end_turn with a call";
    stopped_ = true;
    return "";
  }

  std::string Metadata(const Json& payload) {
    if (!stopped_) return "metadata before messageStop";
    const Json usage = payload.value("usage", Json::object());
    for (const char* const name : {"inputTokens", "outputTokens", "totalTokens"}) {
      if (!usage.contains(name) || !usage[name].is_number_integer() || usage[name] < 0) {
        return StrCat("usage without ", name);
      }
    }
    const Json metrics = payload.value("metrics", Json::object());
    if (!metrics.contains("latencyMs")) return "metadata without metrics";
    over_ = true;
    return "";
  }

  bool IsNext(const Json& payload) const {
    const auto index = payload.find("contentBlockIndex");
    return index != payload.end() && index->is_number_integer() && *index == index_;
  }

  std::optional<Block> block_;
  std::set<std::string> ids_;
  int index_ = 0;
  bool has_calls_ = false;
  bool started_ = false;
  bool stopped_ = false;
  bool over_ = false;
};

}  // namespace

std::string CheckBedrockStream(std::string_view bytes) {
  dialect::EventFrameReader reader;
  reader.Feed(bytes);
  Checker checker;
  for (int number = 0;; ++number) {
    const auto frame = reader.Next();
    if (!frame.ok()) return std::string(frame.status().message());
    if (!frame->has_value()) break;
    if (const std::string wrong = checker.Add(**frame); !wrong.empty()) {
      return StrCat("frame ", number, ": ", wrong);
    }
  }
  if (!reader.AtBoundary()) return "the stream ends within a frame";
  return checker.End();
}

}  // namespace lmgate::testing

#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

namespace lmgate::testing {

// The grammar of a stream of OpenAI chat chunks as its SDKs read it (translation.md 10.2): roles,
// dense tool indexes, one finish reason for each choice, usage, the end. Shares no code with what
// it checks.
class OpenAiChatGrammar {
 public:
  // What is wrong with the stream; empty = nothing. One that ends with an error is lawful.
  std::string Check(std::string_view bytes) {
    while (!bytes.empty()) {
      const size_t end = bytes.find("\n\n");
      if (end == std::string_view::npos) return "the last event has no empty line";
      const std::string_view event = bytes.substr(0, end);
      bytes.remove_prefix(end + 2);
      if (event.starts_with(':')) continue;
      std::string wrong = CheckEvent(event);
      if (!wrong.empty()) return wrong + " in: " + std::string(event);
    }
    return closed_ ? "" : "the stream has neither [DONE] nor an error";
  }

 private:
  using Json = nlohmann::ordered_json;

  struct Choice {
    std::map<int64_t, std::string> arguments;  // by the index of the call
    bool calls_function = false;               // the older form, of one call
    std::string function_arguments = {};
    bool finished = false;
  };

  std::string CheckEvent(std::string_view event) {
    constexpr std::string_view kData = "data: ";
    if (closed_) return "an event after the end";
    if (!event.starts_with(kData)) return "an event that does not begin with data:";
    const std::string_view data = event.substr(kData.size());
    if (data.find_first_of("\r\n") != std::string_view::npos) return "several lines";
    if (data == "[DONE]") return CheckDone();
    const Json chunk = Json::parse(data, nullptr, false);
    if (!chunk.is_object()) return "data that is not a JSON object";
    if (chunk.contains("error")) return CheckError(chunk);
    return CheckChunk(chunk);
  }

  std::string CheckDone() {
    closed_ = true;
    if (choices_.empty()) return "no choice before [DONE]";
    for (const auto& [index, choice] : choices_) {
      if (!choice.finished) return "a choice without finish_reason before [DONE]";
    }
    return {};
  }

  std::string CheckError(const Json& chunk) {
    closed_ = true;
    const Json& error = chunk["error"];
    if (chunk.size() != 1 || !error.is_object()) return "an error with other members";
    if (!HasString(error, "message") || !HasString(error, "type")) return "an error without words";
    if (!error.contains("param") || !error.contains("code")) return "an error without its nulls";
    return {};
  }

  std::string CheckChunk(const Json& chunk) {
    if (!HasString(chunk, "id") || !HasString(chunk, "model")) return "no id or model";
    if (Text(chunk, "object") != "chat.completion.chunk") return "another object";
    if (!chunk.contains("created") || !chunk["created"].is_number_integer()) return "no created";
    const std::string head = chunk["id"].dump() + chunk["model"].dump() + chunk["created"].dump();
    if (!head_.empty() && head != head_) return "id, model or created changed";
    head_ = head;
    if (!chunk.contains("choices") || !chunk["choices"].is_array()) return "no choices";
    if (usage_seen_) return "a chunk after the usage";
    if (chunk["choices"].empty()) return CheckUsage(chunk);
    if (chunk.contains("usage") && !chunk["usage"].is_null()) return "usage beside choices";
    for (const Json& choice : chunk["choices"]) {
      std::string wrong = CheckChoice(choice);
      if (!wrong.empty()) return wrong;
    }
    return {};
  }

  std::string CheckUsage(const Json& chunk) {
    usage_seen_ = true;
    for (const auto& [index, choice] : choices_) {
      if (!choice.finished) return "usage before a finish_reason";
    }
    if (!chunk.contains("usage") || !chunk["usage"].is_object()) return "no choices and no usage";
    const Json& usage = chunk["usage"];
    for (const char* name : {"prompt_tokens", "completion_tokens", "total_tokens"}) {
      if (!usage.contains(name) || !usage[name].is_number_unsigned()) return "a count is missing";
    }
    const auto count = [&](const char* name) { return usage[name].get<int64_t>(); };
    const bool adds_up =
        count("prompt_tokens") + count("completion_tokens") == count("total_tokens");
    return adds_up ? "" : "the counts do not add up";
  }

  std::string CheckChoice(const Json& json) {
    if (!json.is_object() || !json.contains("index") || !json["index"].is_number_unsigned()) {
      return "a choice without index";
    }
    if (!json.contains("delta") || !json["delta"].is_object()) return "a choice without delta";
    if (!json.contains("finish_reason")) return "a choice without finish_reason, null even";
    const Json& delta = json["delta"];
    const auto [found, first] = choices_.try_emplace(json["index"].get<int64_t>());
    Choice& choice = found->second;
    if (choice.finished) return "a chunk after the choice's finish_reason";
    if (first && Text(delta, "role") != "assistant") return "a first delta without role";
    if (!first && delta.contains("role")) return "a role that is repeated";
    for (const char* name : {"content", "refusal", "reasoning_content"}) {
      const bool other = delta.contains(name) && !delta[name].is_null() && !delta[name].is_string();
      if (other) return std::string(name) + " that is not text";
    }
    if (delta.contains("tool_calls")) {
      const Json& calls = delta["tool_calls"];
      if (!calls.is_array() || calls.empty()) return "an empty list of tool calls";
      for (const Json& call : calls) {
        std::string wrong = CheckCall(call, &choice);
        if (!wrong.empty()) return wrong;
      }
    }
    if (delta.contains("function_call")) {
      const Json& call = delta["function_call"];
      if (!HasString(call, "arguments", true)) return "a function_call without arguments";
      if (HasString(call, "name") == choice.calls_function)
        return "not one name of a function_call";
      choice.calls_function = true;
      choice.function_arguments.append(Text(call, "arguments"));
    }
    const Json& finish = json["finish_reason"];
    if (finish.is_null()) return {};
    if (!delta.empty()) return "a finish_reason beside a delta";
    return finish.is_string() ? CheckFinish(finish.get<std::string>(), &choice)
                              : "a finish_reason that is not text";
  }

  std::string CheckCall(const Json& call, Choice* choice) {
    if (!call.is_object() || !call.contains("index") || !call["index"].is_number_unsigned()) {
      return "a call without index";
    }
    if (!call.contains("function") || !call["function"].is_object()) return "no function";
    const Json& function = call["function"];
    if (!HasString(function, "arguments", true)) return "a call without arguments, empty even";
    const auto index = call["index"].get<int64_t>();
    const auto known = choice->arguments.find(index);
    if (known != choice->arguments.end()) {
      if (call.contains("id") || function.contains("name")) return "an id or name that is repeated";
      known->second.append(Text(function, "arguments"));
      return {};
    }
    if (index != static_cast<int64_t>(choice->arguments.size())) return "a gap in the tool indexes";
    if (!HasString(call, "id") || !HasString(function, "name")) return "a call without id or name";
    if (Text(call, "type") != "function") return "a call that is no function";
    if (!ids_.insert(Text(call, "id")).second) return "two calls with one id";
    choice->arguments[index] = Text(function, "arguments");
    return {};
  }

  std::string CheckFinish(const std::string& reason, Choice* choice) {
    static const std::set<std::string> kReasons = {"stop", "length", "tool_calls", "content_filter",
                                                   "function_call"};
    choice->finished = true;
    if (!kReasons.contains(reason)) return "an unknown finish_reason";
    if (reason == "tool_calls" && choice->arguments.empty()) return "tool_calls without calls";
    if (reason == "stop" && !choice->arguments.empty()) return "stop in spite of calls";
    if (reason == "function_call" &&
        !Json::parse(choice->function_arguments, nullptr, false).is_object()) {
      return "function_call without one";
    }
    for (const auto& [index, arguments] : choice->arguments) {
      if (reason != "tool_calls") continue;
      if (!Json::parse(arguments, nullptr, false).is_object())
        return "arguments that are no object";
    }
    return {};
  }

  static std::string Text(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  }

  static bool HasString(const Json& object, const char* name, bool may_be_empty = false) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return false;
    return may_be_empty || !found->get_ref<const std::string&>().empty();
  }

  std::map<int64_t, Choice> choices_;
  std::set<std::string> ids_;
  std::string head_;
  bool usage_seen_ = false;
  bool closed_ = false;
};

// Empty, or what is wrong.
inline std::string CheckOpenAiChatStream(std::string_view bytes) {
  return OpenAiChatGrammar().Check(bytes);
}

}  // namespace lmgate::testing

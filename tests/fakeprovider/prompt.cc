#include "tests/fakeprovider/prompt.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/strings.h"
#include "tests/fakeprovider/json_text.h"
#include "tests/fakeprovider/sample_value.h"

namespace lmgate::fakeprovider {
namespace {

constexpr size_t kToolCallsMax = 8;
// Arguments are streamed in parts: at least this many, and of at most so many bytes.
constexpr size_t kArgumentPartsMin = 3;
constexpr size_t kArgumentPartBytesMax = 8;
// Of the user's text as a string argument.
constexpr size_t kArgumentTextBytesMax = 100;

constexpr std::string_view kReasoning = "Thinking about it.";
// Texts of the user that ask for something else than an echo.
constexpr std::string_view kAskForSystem = "system?";
constexpr std::string_view kAskForRefusal = "refuse?";
constexpr std::string_view kAskForAllTools = "all tools";
constexpr std::string_view kAskForTool = "call tool ";
constexpr std::string_view kToolArguments = " with ";
constexpr std::string_view kRefusal = "I cannot help with that.";

// Several calls at once must be asked for: by the request, or by the user.
bool WantsAllTools(const Prompt& prompt, const Fault& fault) {
  if (fault.kind == FaultKind::kToolInterleaved) return true;
  return prompt.parallel.value_or(prompt.said.find(kAskForAllTools) != std::string::npos);
}

// What the text begins with: a JSON object up to the brace that closes it; empty = it is none.
std::string_view LeadingObject(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
      continue;
    }
    in_string = c == '"';
    if (c == '{') ++depth;
    if (c == '}') --depth;
    if (depth > 0) continue;
    const std::string_view object = text.substr(0, i + 1);
    return nlohmann::json::accept(object) && c == '}' ? object : std::string_view();
  }
  return {};
}

struct AskedCall {
  std::string_view name;
  std::string_view arguments;
};

// The first "call tool NAME with {…}", whatever stands around it.
std::optional<AskedCall> FindAskedCall(std::string_view text) {
  size_t at = text.find(kAskForTool);
  for (; at != std::string_view::npos; at = text.find(kAskForTool, at)) {
    at += kAskForTool.size();
    const std::string_view rest = text.substr(at);
    const std::string_view name = rest.substr(0, rest.find(' '));
    const std::string_view end = rest.substr(name.size());
    if (!end.starts_with(kToolArguments)) continue;
    const std::string_view arguments = LeadingObject(end.substr(kToolArguments.size()));
    if (!arguments.empty()) return AskedCall{.name = name, .arguments = arguments};
  }
  return std::nullopt;
}

// A name may be asked for by its beginning, as "exec*".
bool IsAskedTool(std::string_view asked, std::string_view name) {
  if (!asked.ends_with('*')) return asked == name;
  asked.remove_suffix(1);
  return name.starts_with(asked);
}

std::string MakeCallId(const Call& call, std::string_view id_prefix, size_t index) {
  return absl::StrFormat("%sfake%08d%02d", std::string(id_prefix), call.number, index);
}

std::vector<SaidCall> MakeCalls(const Prompt& prompt, const Call& call,
                                std::string_view id_prefix) {
  std::vector<SaidCall> calls;
  if (!prompt.may_call) return calls;
  if (const auto asked = FindAskedCall(prompt.said); asked.has_value()) {
    for (const ToolSpec& tool : prompt.tools) {
      if (!IsAskedTool(asked->name, tool.name)) continue;
      calls.push_back(SaidCall{.id = MakeCallId(call, id_prefix, 0),
                               .name = tool.name,
                               .arguments = std::string(asked->arguments)});
      break;
    }
    return calls;
  }
  const size_t calls_max = WantsAllTools(prompt, call.fault) ? kToolCallsMax : 1;
  for (const ToolSpec& tool : prompt.tools) {
    if (calls.size() == calls_max) break;
    if (!prompt.forced.empty() && tool.name != prompt.forced) continue;
    calls.push_back(SaidCall{
        .id = MakeCallId(call, id_prefix, calls.size()),
        .name = tool.name,
        .arguments =
            tool.schema.has_value()
                ? MakeSampleValue(*tool.schema, CutText(prompt.said, kArgumentTextBytesMax))
                : "{}"});
  }
  return calls;
}

// "The tool said: a; b", "The tool failed: c", or both.
std::string JoinResults(const std::vector<ToolResult>& results) {
  std::string joined;
  for (size_t i = 0; i < results.size(); ++i) {
    if (i > 0 && results[i].is_error == results[i - 1].is_error) {
      StrAppend(&joined, "; ", results[i].text);
      continue;
    }
    StrAppend(&joined, i == 0 ? "" : ". ",
              results[i].is_error ? "The tool failed: " : "The tool said: ", results[i].text);
  }
  return joined;
}

std::string MakeText(const Prompt& prompt) {
  const std::string& heard = prompt.results.empty() ? prompt.said : prompt.results.front().text;
  if (prompt.schema.has_value()) {
    return MakeSampleValue(*prompt.schema, CutText(heard, kArgumentTextBytesMax));
  }
  if (prompt.wants_json_object) return StrCat(R"({"said":)", QuoteJson(heard), "}");
  if (!prompt.results.empty()) return JoinResults(prompt.results);
  if (prompt.said == kAskForSystem) {
    return prompt.system.empty() ? "There is no system text." : prompt.system;
  }
  return SayBack(prompt.said);
}

// Cuts the text where the first of the stop sequences begins; returns that sequence, empty = none.
std::string CutAtStop(const std::vector<std::string>& stops, std::string* text) {
  size_t end = std::string::npos;
  std::string found;
  for (const std::string& stop : stops) {
    const size_t at = stop.empty() ? std::string::npos : text->find(stop);
    if (at >= end) continue;
    end = at;
    found = stop;
  }
  if (end != std::string::npos) text->resize(end);
  return found;
}

void SayText(const Prompt& prompt, const Call& call, Said* said) {
  std::string text = MakeText(prompt);
  if (prompt.results.empty() && prompt.said == kAskForRefusal) {
    text = kRefusal;
    said->finish = Finish::kRefusal;
  }
  said->stop_sequence = CutAtStop(prompt.stops, &text);
  if (!said->stop_sequence.empty()) said->finish = Finish::kStopSequence;
  said->reply = MakeReply(text, call);
  const int64_t limit = prompt.token_limit.value_or(0);
  if (limit > 0 && said->reply.Truncate(static_cast<size_t>(limit))) said->finish = Finish::kLength;
}

}  // namespace

void EndWithTurn(UserTurn turn, Prompt* prompt) {
  if (turn.results.empty() || turn.has_text) {
    prompt->said = std::move(turn.text);
    prompt->results.clear();
    return;
  }
  AppendText(&turn.results.back().text, turn.text);
  prompt->results = std::move(turn.results);
}

Said MakeSaid(const Prompt& prompt, const Call& call, std::string_view id_prefix) {
  Said said;
  said.has_reasoning = prompt.reasons;
  if (prompt.reasons && !prompt.hides_reasoning) said.reasoning = kReasoning;
  const bool asks_for_call =
      prompt.results.empty() && prompt.said != kAskForSystem && prompt.said != kAskForRefusal;
  if (asks_for_call) said.calls = MakeCalls(prompt, call, id_prefix);
  if (said.calls.empty()) {
    SayText(prompt, call, &said);
  } else {
    said.finish = Finish::kToolCalls;
  }
  said.input_tokens = prompt.input_tokens;
  said.cached_tokens = prompt.uses_cache ? prompt.input_tokens / 2 : 0;
  said.reasoning_tokens = prompt.reasons ? CountTokens(kReasoning) : 0;
  said.output_tokens = said.reasoning_tokens + said.reply.piece_count();
  for (const SaidCall& made : said.calls) {
    said.output_tokens += CountTokens(made.name + made.arguments);
  }
  return said;
}

std::string MediaMark(std::string_view kind, std::string_view mime_type, std::string_view base64) {
  std::string bytes;
  absl::Base64Unescape(ToAbsl(base64), &bytes);
  return StrCat("[", kind, " ", mime_type, " ", bytes.size(), " bytes]");
}

std::string MediaUrlMark(std::string_view kind, std::string_view url) {
  return StrCat("[", kind, " ", url, "]");
}

bool IsBase64(std::string_view text) {
  std::string bytes;
  return !text.empty() && absl::Base64Unescape(ToAbsl(text), &bytes);
}

std::vector<std::string> SplitArguments(std::string_view arguments) {
  std::vector<std::string> parts;
  const size_t part_bytes =
      std::clamp<size_t>(arguments.size() / kArgumentPartsMin, 1, kArgumentPartBytesMax);
  while (!arguments.empty()) {
    size_t end = std::min(part_bytes, arguments.size());
    // 10xxxxxx continues a character: RFC 3629.
    while (end < arguments.size() && (static_cast<unsigned char>(arguments[end]) & 0xC0) == 0x80) {
      ++end;
    }
    parts.emplace_back(arguments.substr(0, end));
    arguments.remove_prefix(end);
  }
  return parts;
}

void AppendText(std::string* joined, std::string_view text, std::string_view separator) {
  if (text.empty()) return;
  if (!joined->empty()) *joined += separator;
  *joined += text;
}

}  // namespace lmgate::fakeprovider

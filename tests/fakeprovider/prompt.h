#pragma once

#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fakeprovider/call.h"
#include "tests/fakeprovider/reply.h"

namespace lmgate::fakeprovider {

// A request as every dialect has it, and what the model says to it. The dialects read their JSON
// into a Prompt and write what is Said: what the model says is the same in all of them, so that
// tests can compare.

struct ToolSpec {
  std::string name;
  std::optional<simdjson::dom::element> schema = {};  // of its arguments; empty = it has none
};

struct ToolResult {
  std::string text;
  bool is_error = false;
};

// Valid as long as the JSON of its call.
struct Prompt {
  std::string system = {};  // texts joined by a blank line
  std::string said = {};    // the last text of the user; images as MediaMark()
  std::vector<ToolResult> results =
      {};  // at the end of the conversation; empty = it ends otherwise
  std::vector<ToolSpec> tools = {};
  bool may_call = true;     // false: tool choice "none"
  std::string forced = {};  // the only tool that may be called; empty = any
  // Several calls at once: true = asked for, false = forbidden, empty = allowed.
  std::optional<bool> parallel = {};
  bool wants_json_object = false;
  std::optional<simdjson::dom::element> schema = {};  // of the answer; empty = text
  std::optional<int64_t> token_limit = {};            // of the answer
  std::vector<std::string> stops = {};
  bool reasons = false;          // reasoning comes before the answer
  bool hides_reasoning = false;  // its text is left out, its signature is not
  bool uses_cache = false;       // the request has a hint for a prompt cache
  size_t input_tokens = 0;
};

// `text` after a space, unless one of them is empty.
void AppendText(std::string* joined, std::string_view text, std::string_view separator = " ");

// What one turn of the user held.
struct UserTurn {
  std::string text = {};  // with what stands for images and documents, in their order
  bool has_text = false;  // not only images and documents
  std::vector<ToolResult> results = {};
};

// The prompt ends with this turn. Results that no text follows are answered as results: an image
// beside them belongs to them, for not every dialect can have it in a result.
void EndWithTurn(UserTurn turn, Prompt* prompt);

// The same with the last of `turns` that is the user's: those have is_user and blocks with type,
// text and is_error. `result_type` is the dialect's word for a tool's result.
template <typename Turns>
void EndWithLastUserTurn(const Turns& turns, std::string_view result_type, Prompt* prompt) {
  const auto last =
      std::find_if(turns.rbegin(), turns.rend(), [](const auto& turn) { return turn.is_user; });
  if (last == turns.rend()) return;
  UserTurn user;
  for (const auto& block : last->blocks) {
    if (block.type == result_type) {
      user.results.push_back(ToolResult{.text = block.text, .is_error = block.is_error});
      continue;
    }
    user.has_text |= block.type == "text";
    AppendText(&user.text, block.text);
  }
  EndWithTurn(std::move(user), prompt);
}

enum class Finish { kStop, kStopSequence, kLength, kToolCalls, kRefusal };

struct SaidCall {
  std::string id;
  std::string name;
  std::string arguments;  // JSON of an object
};

// What the model says: calls of tools, or else text.
struct Said {
  bool has_reasoning = false;
  std::string reasoning = {};  // empty with has_reasoning: it is hidden
  std::vector<SaidCall> calls = {};
  Reply reply = Reply("");
  Finish finish = Finish::kStop;
  std::string stop_sequence = {};  // that ended it; for kStopSequence

  size_t input_tokens = 0;   // all, those from the cache too
  size_t cached_tokens = 0;  // of input_tokens
  size_t reasoning_tokens = 0;
  size_t output_tokens = 0;  // all, those of reasoning too
};

// `id_prefix` begins the ids of calls, as "toolu_".
Said MakeSaid(const Prompt& prompt, const Call& call, std::string_view id_prefix);

// What stands for an image, a document or audio in what the model says back: "[image image/png 123
// bytes]", or "[image https://…]".
std::string MediaMark(std::string_view kind, std::string_view mime_type, std::string_view base64);
std::string MediaUrlMark(std::string_view kind, std::string_view url);
bool IsBase64(std::string_view text);

// JSON text in the parts in which it streams: at least three if it is long enough, none of them in
// the middle of a UTF-8 character.
std::vector<std::string> SplitArguments(std::string_view arguments);

}  // namespace lmgate::fakeprovider

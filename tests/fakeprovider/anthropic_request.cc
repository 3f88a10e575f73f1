#include "tests/fakeprovider/anthropic_request.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "tests/fakeprovider/signature.h"

namespace lmgate::fakeprovider {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kIdBytesMax = 64;
constexpr size_t kToolNameBytesMax = 128;
constexpr int64_t kBudgetMin = 1024;
// With thinking: docs.claude.com, "Extended thinking", feature compatibility.
constexpr double kThinkingTopPMin = 0.95;

absl::Status Refuse(std::string_view path, std::string_view what) {
  return absl::InvalidArgumentError(StrCat(path, ": ", what));
}

// ^[a-zA-Z0-9_-]+$
bool IsWord(std::string_view text, size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
         });
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

struct Block {
  std::string path = {};
  std::string_view type = {};
  std::string text = {};  // what is said, or stands for the block
  std::string id = {};    // of a call or of the call that a result answers
  bool is_error = false;
};

// Messages of one role in a row are one turn: "Messages", messages.
struct Turn {
  bool is_user = true;
  size_t message = 0;  // index of its first
  std::vector<Block> blocks = {};
};

class Reader {
 public:
  Reader(const dom::object& body, const AnthropicRules& rules) : body_(body), rules_(rules) {}

  absl::StatusOr<Prompt> Read();

 private:
  absl::Status CheckMembers();
  absl::Status ReadSystem();
  absl::Status ReadTools();
  absl::Status ReadTool(const dom::object& tool, std::string_view path);
  absl::Status ReadToolChoice();
  absl::Status ReadThinking();
  absl::Status CheckSampling();
  absl::Status ReadOutputFormat();
  absl::Status ReadMessages();
  absl::Status ReadMessage(const dom::object& message, size_t index);
  absl::StatusOr<Block> ReadBlock(const dom::object& block, bool is_user, std::string path);
  absl::Status ReadTextBlock(const dom::object& object, Block* block);
  absl::Status ReadMedia(const dom::object& object, Block* block);
  absl::Status ReadThinkingBlock(const dom::object& object, Block* block);
  absl::Status ReadCall(const dom::object& object, Block* block);
  absl::Status ReadResult(const dom::object& object, Block* block);
  absl::Status CheckTurns();
  absl::Status CheckResults(const Turn& calls, const Turn* results);
  absl::Status CheckThinkingTurns();

  const dom::object& body_;
  const AnthropicRules rules_;
  Prompt prompt_;
  std::vector<Turn> turns_;
  bool must_think_ = false;  // turns of a tool loop must begin with thinking
};

absl::StatusOr<Prompt> Reader::Read() {
  LMGATE_RETURN_IF_ERROR(CheckMembers());
  LMGATE_RETURN_IF_ERROR(ReadSystem());
  LMGATE_RETURN_IF_ERROR(ReadTools());
  LMGATE_RETURN_IF_ERROR(ReadToolChoice());
  LMGATE_RETURN_IF_ERROR(CheckSampling());
  LMGATE_RETURN_IF_ERROR(ReadThinking());
  LMGATE_RETURN_IF_ERROR(ReadOutputFormat());
  LMGATE_RETURN_IF_ERROR(ReadMessages());
  LMGATE_RETURN_IF_ERROR(CheckTurns());
  if (must_think_) LMGATE_RETURN_IF_ERROR(CheckThinkingTurns());
  EndWithLastUserTurn(turns_, "tool_result", &prompt_);
  return std::move(prompt_);
}

absl::Status Reader::CheckMembers() {
  for (const auto& [name, value] : body_) {
    static constexpr std::string_view kBoth[] = {
        "messages", "max_tokens", "system",      "stop_sequences", "temperature",   "top_k",
        "top_p",    "tools",      "tool_choice", "thinking",       "output_config", "metadata"};
    static constexpr std::string_view kFirstParty[] = {"model", "stream", "service_tier",
                                                       "cache_control", "inference_geo"};
    static constexpr std::string_view kBedrock[] = {"anthropic_version", "anthropic_beta"};
    static constexpr std::string_view kBeta[] = {"context_management", "mcp_servers", "container",
                                                 "output_format", "speed"};
    const auto knows = [name = name](const auto& names) {
      return std::find(std::begin(names), std::end(names), name) != std::end(names);
    };
    const bool is_known = knows(kBoth) ||
                          (rules_.is_bedrock ? knows(kBedrock) : knows(kFirstParty)) ||
                          (rules_.has_beta && knows(kBeta)) || name.starts_with("x_");
    if (!is_known) return Refuse(name, "Extra inputs are not permitted");
  }
  prompt_.uses_cache = FindElement(body_, "cache_control").has_value();
  if (rules_.is_bedrock && FindString(body_, "anthropic_version") != "bedrock-2023-05-31") {
    return Refuse("anthropic_version", "Field required");
  }
  if (rules_.only_counts) return absl::OkStatus();
  prompt_.token_limit = FindInteger(body_, "max_tokens");
  if (!prompt_.token_limit.has_value()) return Refuse("max_tokens", "Field required");
  if (*prompt_.token_limit < 1) {
    return Refuse("max_tokens", "Input should be greater than or equal to 1");
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadSystem() {
  const auto system = FindElement(body_, "system");
  if (!system.has_value()) return absl::OkStatus();
  std::string_view text;
  if (system->get(text) == simdjson::SUCCESS) {
    prompt_.system = text;
  } else if (system->is_array()) {
    size_t index = 0;
    for (const dom::element element : dom::array(*system)) {
      dom::object object;
      const std::string path = StrCat("system.", index++);
      if (element.get(object) != simdjson::SUCCESS || FindString(object, "type") != "text") {
        return Refuse(path, "Input should be a valid text block");
      }
      Block block{.path = path, .type = "text"};
      LMGATE_RETURN_IF_ERROR(ReadTextBlock(object, &block));
      AppendText(&prompt_.system, block.text, "\n\n");
    }
  } else {
    return Refuse("system", "Input should be a valid string or list");
  }
  prompt_.input_tokens += CountTokens(prompt_.system);
  return absl::OkStatus();
}

absl::Status Reader::ReadTools() {
  if (!FindElement(body_, "tools").has_value()) return absl::OkStatus();
  const auto tools = FindArray(body_, "tools");
  if (!tools.has_value()) return Refuse("tools", "Input should be a valid list");
  size_t index = 0;
  for (const dom::element element : *tools) {
    const std::string path = StrCat("tools.", index++);
    dom::object tool;
    if (element.get(tool) != simdjson::SUCCESS) {
      return Refuse(path, "Input should be a valid dictionary");
    }
    LMGATE_RETURN_IF_ERROR(ReadTool(tool, path));
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadTool(const dom::object& tool, std::string_view path) {
  if (FindElement(tool, "cache_control").has_value()) prompt_.uses_cache = true;
  // Tools that run at the provider: web_search_20250305 and its like.
  if (FindString(tool, "type").value_or("custom") != "custom") return absl::OkStatus();
  const std::string in = StrCat(path, ".custom.");
  const std::string_view unknown = FindUnknownMember(
      tool, {"type", "name", "description", "input_schema", "cache_control", "strict",
             "defer_loading", "allowed_callers", "input_examples", "eager_input_streaming"});
  if (!unknown.empty()) return Refuse(StrCat(in, unknown), "Extra inputs are not permitted");
  const std::string_view name = FindString(tool, "name").value_or("");
  if (!IsWord(name, kToolNameBytesMax)) {
    return Refuse(StrCat(in, "name"), "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
  }
  const auto schema = FindObject(tool, "input_schema");
  if (!schema.has_value()) return Refuse(StrCat(in, "input_schema"), "Field required");
  if (FindString(*schema, "type") != "object") {
    return Refuse(StrCat(in, "input_schema.type"), "Input should be 'object'");
  }
  for (const std::string_view word : {"oneOf", "allOf", "anyOf"}) {
    if (FindElement(*schema, word).has_value()) {
      return Refuse(StrCat(in, "input_schema"),
                    "input_schema does not support oneOf, allOf, or anyOf at the top level");
    }
  }
  for (const ToolSpec& other : prompt_.tools) {
    if (other.name == name) return Refuse("tools", "Tool names must be unique.");
  }
  prompt_.tools.push_back(
      ToolSpec{.name = std::string(name), .schema = FindElement(tool, "input_schema")});
  return absl::OkStatus();
}

absl::Status Reader::ReadToolChoice() {
  if (!FindElement(body_, "tool_choice").has_value()) return absl::OkStatus();
  const auto choice = FindObject(body_, "tool_choice");
  if (!choice.has_value()) return Refuse("tool_choice", "Input should be a valid dictionary");
  const auto tools = FindArray(body_, "tools");
  if (!tools.has_value() || tools->size() == 0) {
    return Refuse("tool_choice", "tool_choice may only be specified while providing tools.");
  }
  const std::string_view type = FindString(*choice, "type").value_or("");
  const std::string_view unknown = FindUnknownMember(
      *choice, type == "tool" ? std::initializer_list<std::string_view>{"type", "name",
                                                                        "disable_parallel_tool_use"}
               : type == "none"
                   ? std::initializer_list<std::string_view>{"type"}
                   : std::initializer_list<std::string_view>{"type", "disable_parallel_tool_use"});
  if (!unknown.empty()) {
    return Refuse(StrCat("tool_choice.", type, ".", unknown), "Extra inputs are not permitted");
  }
  if (type != "auto" && type != "any" && type != "tool" && type != "none") {
    return Refuse(
        "tool_choice",
        "Input tag does not match any of the expected tags: 'auto', 'any', 'tool', 'none'");
  }
  prompt_.may_call = type != "none";
  const auto serial = FindElement(*choice, "disable_parallel_tool_use");
  if (serial.has_value()) prompt_.parallel = !IsTrue(*choice, "disable_parallel_tool_use");
  if (type != "tool") return absl::OkStatus();
  prompt_.forced = FindString(*choice, "name").value_or("");
  for (const ToolSpec& tool : prompt_.tools) {
    if (tool.name == prompt_.forced) return absl::OkStatus();
  }
  return Refuse("tool_choice", StrCat("Tool '", prompt_.forced, "' not found in provided tools"));
}

absl::Status Reader::CheckSampling() {
  for (const std::string_view name : {"temperature", "top_p"}) {
    const auto element = FindElement(body_, name);
    if (!element.has_value()) continue;
    double value = 0;
    if (element->get(value) != simdjson::SUCCESS) {
      return Refuse(name, "Input should be a valid number");
    }
    if (value > 1) return Refuse(name, "Input should be less than or equal to 1");
    if (value < 0) return Refuse(name, "Input should be greater than or equal to 0");
  }
  if (const auto stops = FindArray(body_, "stop_sequences")) {
    for (const dom::element element : *stops) {
      std::string_view stop;
      if (element.get(stop) != simdjson::SUCCESS || IsBlank(stop)) {
        return Refuse("stop_sequences", "each stop sequence must contain non-whitespace");
      }
      prompt_.stops.emplace_back(stop);
    }
  } else if (FindElement(body_, "stop_sequences").has_value()) {
    return Refuse("stop_sequences", "Input should be a valid list");
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadThinking() {
  if (!FindElement(body_, "thinking").has_value()) return absl::OkStatus();
  const auto thinking = FindObject(body_, "thinking");
  if (!thinking.has_value()) return Refuse("thinking", "Input should be a valid dictionary");
  const std::string_view type = FindString(*thinking, "type").value_or("");
  const std::string in = StrCat("thinking.", type, ".");
  if (type != "enabled" && type != "adaptive" && type != "disabled") {
    return Refuse("thinking",
                  "Input tag does not match any of the expected tags: 'adaptive', "
                  "'disabled', 'enabled'");
  }
  const std::string_view unknown =
      type == "enabled"    ? FindUnknownMember(*thinking, {"type", "budget_tokens", "display"})
      : type == "adaptive" ? FindUnknownMember(*thinking, {"type", "display"})
                           : FindUnknownMember(*thinking, {"type"});
  if (!unknown.empty()) return Refuse(StrCat(in, unknown), "Extra inputs are not permitted");
  if (type == "disabled") return absl::OkStatus();
  prompt_.reasons = true;
  prompt_.hides_reasoning = FindString(*thinking, "display") == "omitted";
  if (type == "enabled") {
    must_think_ = true;
    const auto budget = FindInteger(*thinking, "budget_tokens");
    if (!budget.has_value()) return Refuse(StrCat(in, "budget_tokens"), "Field required");
    if (*budget < kBudgetMin) {
      return Refuse(StrCat(in, "budget_tokens"), "Input should be greater than or equal to 1024");
    }
    if (prompt_.token_limit.has_value() && *budget >= *prompt_.token_limit) {
      return absl::InvalidArgumentError(
          "`max_tokens` must be greater than `thinking.budget_tokens`.");
    }
  }
  double number = 0;
  const auto temperature = FindElement(body_, "temperature");
  if (temperature.has_value() && temperature->get(number) == simdjson::SUCCESS && number != 1) {
    return absl::InvalidArgumentError(
        "`temperature` may only be set to 1 when thinking is enabled.");
  }
  if (FindElement(body_, "top_k").has_value()) {
    return absl::InvalidArgumentError("`top_k` must be unset when thinking is enabled.");
  }
  const auto top_p = FindElement(body_, "top_p");
  if (top_p.has_value() && top_p->get(number) == simdjson::SUCCESS && number < kThinkingTopPMin) {
    return absl::InvalidArgumentError(
        "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.");
  }
  if (const auto choice = FindObject(body_, "tool_choice")) {
    const auto choice_type = FindString(*choice, "type");
    if (choice_type == "any" || choice_type == "tool") {
      return absl::InvalidArgumentError(
          "Thinking may not be enabled when tool_choice forces tool use.");
    }
  }
  return absl::OkStatus();
}

// Every object must say that it has no further members: "Structured outputs".
absl::Status CheckOutputSchema(const dom::element& element, int depth) {
  constexpr int kDepthMax = 32;
  if (depth > kDepthMax) return absl::OkStatus();
  if (element.is_array()) {
    for (const dom::element entry : dom::array(element)) {
      LMGATE_RETURN_IF_ERROR(CheckOutputSchema(entry, depth + 1));
    }
    return absl::OkStatus();
  }
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return absl::OkStatus();
  bool allows_more = true;
  const auto more = FindElement(object, "additionalProperties");
  const bool says_none =
      more.has_value() && more->get(allows_more) == simdjson::SUCCESS && !allows_more;
  if (FindString(object, "type") == "object" && !says_none) {
    return Refuse("output_config.format.schema",
                  "For 'object' type, 'additionalProperties' must be explicitly set to false");
  }
  for (const auto& [name, value] : object) {
    if (name == "enum" || name == "const" || name == "default" || name == "examples") continue;
    LMGATE_RETURN_IF_ERROR(CheckOutputSchema(value, depth + 1));
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadOutputFormat() {
  const auto config = FindObject(body_, "output_config");
  if (!config.has_value()) return absl::OkStatus();
  const std::string_view unknown = FindUnknownMember(*config, {"effort", "format", "task_budget"});
  if (!unknown.empty()) {
    return Refuse(StrCat("output_config.", unknown), "Extra inputs are not permitted");
  }
  if (const auto effort = FindElement(*config, "effort")) {
    const std::string_view word = FindString(*config, "effort").value_or("");
    if (word != "low" && word != "medium" && word != "high" && word != "xhigh" && word != "max") {
      return Refuse("output_config.effort",
                    "Input should be 'low', 'medium', 'high', 'xhigh' or 'max'");
    }
  }
  if (!FindElement(*config, "format").has_value()) return absl::OkStatus();
  const auto format = FindObject(*config, "format");
  if (!format.has_value() || FindString(*format, "type") != "json_schema") {
    return Refuse("output_config.format.type", "Input should be 'json_schema'");
  }
  const std::string_view unknown_format = FindUnknownMember(*format, {"type", "schema"});
  if (!unknown_format.empty()) {
    return Refuse(StrCat("output_config.format.", unknown_format),
                  "Extra inputs are not permitted");
  }
  prompt_.schema = FindElement(*format, "schema");
  if (!prompt_.schema.has_value()) {
    return Refuse("output_config.format.schema", "Field required");
  }
  return CheckOutputSchema(*prompt_.schema, 0);
}

absl::Status Reader::ReadMessages() {
  const auto messages = FindArray(body_, "messages");
  if (!messages.has_value()) return Refuse("messages", "Field required");
  if (messages->size() == 0) return Refuse("messages", "at least one message is required");
  size_t index = 0;
  for (const dom::element element : *messages) {
    dom::object message;
    if (element.get(message) != simdjson::SUCCESS) {
      return Refuse(StrCat("messages.", index), "Input should be a valid dictionary");
    }
    LMGATE_RETURN_IF_ERROR(ReadMessage(message, index));
    ++index;
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadMessage(const dom::object& message, size_t index) {
  const std::string path = StrCat("messages.", index);
  const std::string_view unknown = FindUnknownMember(message, {"role", "content"});
  if (!unknown.empty()) return Refuse(StrCat(path, ".", unknown), "Extra inputs are not permitted");
  const std::string_view role = FindString(message, "role").value_or("");
  if (role == "system") {
    return Refuse("messages",
                  "Unexpected role \"system\". The Messages API accepts a top-level "
                  "`system` parameter, not \"system\" as an input message role.");
  }
  if (role != "user" && role != "assistant") {
    return Refuse(StrCat(path, ".role"), "Input should be 'user' or 'assistant'");
  }
  const bool is_user = role == "user";
  const bool is_last = index + 1 == FindArray(body_, "messages")->size();
  std::vector<Block> blocks;
  if (const auto text = FindString(message, "content")) {
    if (!text->empty()) {
      if (IsBlank(*text)) {
        return Refuse("messages", "text content blocks must contain non-whitespace text");
      }
      blocks.push_back(
          Block{.path = StrCat(path, ".content"), .type = "text", .text = std::string(*text)});
    }
  } else if (const auto content = FindArray(message, "content")) {
    size_t at = 0;
    for (const dom::element element : *content) {
      std::string block_path = StrCat(path, ".content.", at++);
      dom::object object;
      if (element.get(object) != simdjson::SUCCESS) {
        return Refuse(block_path, "Input should be a valid dictionary");
      }
      LMGATE_ASSIGN_OR_RETURN(Block block, ReadBlock(object, is_user, std::move(block_path)));
      blocks.push_back(std::move(block));
    }
  } else {
    return Refuse(StrCat(path, ".content"), "Input should be a valid string or list");
  }
  if (blocks.empty() && (is_user || !is_last)) {
    return Refuse(path,
                  "all messages must have non-empty content except for the optional final "
                  "assistant message");
  }
  for (const Block& block : blocks) prompt_.input_tokens += CountTokens(block.text);
  if (turns_.empty() || turns_.back().is_user != is_user) {
    turns_.push_back(Turn{.is_user = is_user, .message = index});
  }
  std::move(blocks.begin(), blocks.end(), std::back_inserter(turns_.back().blocks));
  return absl::OkStatus();
}

absl::StatusOr<Block> Reader::ReadBlock(const dom::object& object, bool is_user, std::string path) {
  Block block{.path = std::move(path), .type = FindString(object, "type").value_or("")};
  if (FindElement(object, "cache_control").has_value()) prompt_.uses_cache = true;
  if (block.type == "text") {
    LMGATE_RETURN_IF_ERROR(ReadTextBlock(object, &block));
  } else if (is_user && (block.type == "image" || block.type == "document")) {
    LMGATE_RETURN_IF_ERROR(ReadMedia(object, &block));
  } else if (is_user && block.type == "tool_result") {
    LMGATE_RETURN_IF_ERROR(ReadResult(object, &block));
  } else if (is_user && block.type == "search_result") {
    block.text = "[search_result]";
  } else if (!is_user && block.type == "tool_use") {
    LMGATE_RETURN_IF_ERROR(ReadCall(object, &block));
  } else if (!is_user && (block.type == "thinking" || block.type == "redacted_thinking")) {
    LMGATE_RETURN_IF_ERROR(ReadThinkingBlock(object, &block));
  } else if (!is_user &&
             (block.type == "server_tool_use" || block.type.ends_with("_tool_result"))) {
    // Of tools that ran at the provider: they come back as they went.
  } else {
    return Refuse(block.path, StrCat("Input tag '", block.type,
                                     "' found using 'type' does not "
                                     "match any of the expected tags for this role"));
  }
  return block;
}

absl::Status Reader::ReadTextBlock(const dom::object& object, Block* block) {
  if (FindElement(object, "cache_control").has_value()) prompt_.uses_cache = true;
  const std::string_view unknown =
      FindUnknownMember(object, {"type", "text", "cache_control", "citations"});
  if (!unknown.empty()) {
    return Refuse(StrCat(block->path, ".text.", unknown), "Extra inputs are not permitted");
  }
  const auto text = FindString(object, "text");
  if (!text.has_value()) return Refuse(StrCat(block->path, ".text.text"), "Field required");
  const std::string_view where = block->path.substr(0, 6) == "system" ? "system" : "messages";
  if (text->empty()) return Refuse(where, "text content blocks must be non-empty");
  if (IsBlank(*text)) return Refuse(where, "text content blocks must contain non-whitespace text");
  block->text = *text;
  return absl::OkStatus();
}

absl::Status Reader::ReadMedia(const dom::object& object, Block* block) {
  const bool is_image = block->type == "image";
  const std::string_view unknown =
      is_image ? FindUnknownMember(object, {"type", "source", "cache_control"})
               : FindUnknownMember(
                     object, {"type", "source", "cache_control", "title", "context", "citations"});
  const std::string path = StrCat(block->path, ".", block->type, ".");
  if (!unknown.empty()) return Refuse(StrCat(path, unknown), "Extra inputs are not permitted");
  const auto source = FindObject(object, "source");
  if (!source.has_value()) return Refuse(StrCat(path, "source"), "Field required");
  const std::string_view type = FindString(*source, "type").value_or("");
  const std::string_view mime = FindString(*source, "media_type").value_or("");
  if (type == "url" && !rules_.is_bedrock) {
    const std::string_view unknown_url = FindUnknownMember(*source, {"type", "url"});
    const std::string_view url = FindString(*source, "url").value_or("");
    if (!unknown_url.empty() || !url.starts_with("http")) {
      return Refuse(StrCat(path, "source.url"), "Only HTTP(S) URLs are supported.");
    }
    block->text = MediaUrlMark(block->type, url);
    return absl::OkStatus();
  }
  if (type == "text" && !is_image && mime == "text/plain") {
    const std::string_view data = FindString(*source, "data").value_or("");
    block->text = StrCat("[document text/plain ", data.size(), " bytes]");
    return absl::OkStatus();
  }
  if (type == "content" && !is_image) {
    block->text = "[document content]";
    return absl::OkStatus();
  }
  if (type == "file" && rules_.has_beta) {
    block->text = StrCat("[", block->type, " file]");
    return absl::OkStatus();
  }
  const std::string_view unknown_source =
      FindUnknownMember(*source, {"type", "media_type", "data"});
  if (type != "base64" || !unknown_source.empty()) {
    return Refuse(StrCat(path, "source"), StrCat("Input tag '", type, "' is not permitted here"));
  }
  const bool is_known_mime = is_image ? mime == "image/png" || mime == "image/jpeg" ||
                                            mime == "image/gif" || mime == "image/webp"
                                      : mime == "application/pdf";
  if (!is_known_mime) {
    return Refuse(StrCat(path, "source.base64.media_type"),
                  is_image
                      ? "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"
                      : "Input should be 'application/pdf'");
  }
  const std::string_view data = FindString(*source, "data").value_or("");
  if (!IsBase64(data)) return Refuse(StrCat(path, "source.base64"), "invalid base64 data");
  block->text = MediaMark(block->type, mime, data);
  return absl::OkStatus();
}

absl::Status Reader::ReadThinkingBlock(const dom::object& object, Block* block) {
  if (block->type == "redacted_thinking") {
    const std::string_view data = FindString(object, "data").value_or("");
    if (FindUnknownMember(object, {"type", "data"}).empty() &&
        data == SignReasoning("anthropic", "redacted")) {
      return absl::OkStatus();
    }
    return Refuse(block->path, "Invalid `data` in `redacted_thinking` block");
  }
  const auto text = FindString(object, "thinking");
  const auto signature = FindString(object, "signature");
  if (!text.has_value() || !signature.has_value()) {
    return Refuse(StrCat(block->path, ".thinking.", text.has_value() ? "signature" : "thinking"),
                  "Field required");
  }
  const std::string_view unknown = FindUnknownMember(object, {"type", "thinking", "signature"});
  if (!unknown.empty()) {
    return Refuse(StrCat(block->path, ".thinking.", unknown), "Extra inputs are not permitted");
  }
  if (*signature != SignReasoning("anthropic", *text)) {
    return Refuse(block->path, "Invalid `signature` in `thinking` block");
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadCall(const dom::object& object, Block* block) {
  const std::string path = StrCat(block->path, ".tool_use.");
  const std::string_view unknown =
      FindUnknownMember(object, {"type", "id", "name", "input", "cache_control", "caller"});
  if (!unknown.empty()) return Refuse(StrCat(path, unknown), "Extra inputs are not permitted");
  block->id = FindString(object, "id").value_or("");
  // The API knows no limit; Bedrock does.
  if (!IsWord(block->id, rules_.is_bedrock ? kIdBytesMax : block->id.size())) {
    return Refuse(StrCat(path, "id"), "String should match pattern '^[a-zA-Z0-9_-]+$'");
  }
  if (!IsWord(FindString(object, "name").value_or(""), kToolNameBytesMax)) {
    return Refuse(StrCat(path, "name"), "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
  }
  if (!FindObject(object, "input").has_value()) {
    return Refuse(StrCat(path, "input"), "Input should be a valid dictionary");
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadResult(const dom::object& object, Block* block) {
  const std::string path = StrCat(block->path, ".tool_result.");
  const std::string_view unknown =
      FindUnknownMember(object, {"type", "tool_use_id", "content", "is_error", "cache_control"});
  if (!unknown.empty()) return Refuse(StrCat(path, unknown), "Extra inputs are not permitted");
  block->id = FindString(object, "tool_use_id").value_or("");
  if (!IsWord(block->id, block->id.size())) {
    return Refuse(StrCat(path, "tool_use_id"), "String should match pattern '^[a-zA-Z0-9_-]+$'");
  }
  block->is_error = IsTrue(object, "is_error");
  const auto content = FindElement(object, "content");
  if (!content.has_value()) return absl::OkStatus();
  if (const auto text = FindString(object, "content")) {
    block->text = *text;
    return absl::OkStatus();
  }
  if (!content->is_array()) {
    return Refuse(StrCat(path, "content"), "Input should be a valid string or list");
  }
  size_t index = 0;
  for (const dom::element element : dom::array(*content)) {
    dom::object inner;
    Block part{.path = StrCat(path, "content.", index++)};
    if (element.get(inner) != simdjson::SUCCESS) {
      return Refuse(part.path, "Input should be a valid dictionary");
    }
    part.type = FindString(inner, "type").value_or("");
    if (part.type == "text") {
      LMGATE_RETURN_IF_ERROR(ReadTextBlock(inner, &part));
    } else if (part.type == "image" || part.type == "document") {
      if (block->is_error) {
        return Refuse(StrCat(path, "content"),
                      "all content must be type 'text' if is_error is true");
      }
      LMGATE_RETURN_IF_ERROR(ReadMedia(inner, &part));
    } else {
      return Refuse(part.path, StrCat("Input tag '", part.type, "' is not permitted here"));
    }
    AppendText(&block->text, part.text);
  }
  return absl::OkStatus();
}

absl::Status Reader::CheckTurns() {
  if (!turns_.front().is_user) {
    return Refuse("messages", "first message must use the \"user\" role");
  }
  std::set<std::string> ids;
  bool has_tool_blocks = false;
  for (size_t i = 0; i < turns_.size(); ++i) {
    const Turn& turn = turns_[i];
    for (const Block& block : turn.blocks) {
      has_tool_blocks |= block.type == "tool_use" || block.type == "tool_result";
      if (block.type == "tool_use" && !ids.insert(block.id).second) {
        return Refuse("messages", "`tool_use` ids must be unique");
      }
    }
    if (turn.is_user && i == 0) LMGATE_RETURN_IF_ERROR(CheckResults(Turn{}, &turn));
    if (!turn.is_user) {
      LMGATE_RETURN_IF_ERROR(CheckResults(turn, i + 1 < turns_.size() ? &turns_[i + 1] : nullptr));
    }
  }
  if (rules_.is_bedrock && has_tool_blocks && prompt_.tools.empty()) {
    return absl::InvalidArgumentError(
        "Requests which include `tool_use` or `tool_result` blocks must define tools");
  }
  const Turn& last = turns_.back();
  if (last.is_user || last.blocks.empty()) return absl::OkStatus();
  const std::string& text = last.blocks.back().text;
  if (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.back()))) {
    return Refuse("messages", "final assistant content cannot end with trailing whitespace");
  }
  return absl::OkStatus();
}

// The calls of a turn must be answered at the start of the next one, all of them and no others.
absl::Status Reader::CheckResults(const Turn& calls, const Turn* results) {
  std::set<std::string> open;
  std::set<std::string> answered;
  for (const Block& block : calls.blocks) {
    if (block.type == "tool_use") open.insert(block.id);
  }
  bool may_answer = true;
  for (const Block& block : results == nullptr ? std::vector<Block>() : results->blocks) {
    if (block.type != "tool_result") {
      may_answer = false;
      continue;
    }
    if (answered.contains(block.id)) {
      return Refuse(block.path, StrCat("each tool_use must have a single result. Found multiple "
                                       "`tool_result` blocks with id: ",
                                       block.id));
    }
    if (!open.contains(block.id)) {
      return Refuse(block.path,
                    StrCat("unexpected `tool_use_id` found in `tool_result` blocks: ", block.id,
                           ". Each `tool_result` block must have a corresponding `tool_use` block "
                           "in the previous message."));
    }
    if (may_answer) answered.insert(block.id);
  }
  for (const std::string& id : open) {
    if (answered.contains(id)) continue;
    return Refuse(StrCat("messages.", calls.message),
                  StrCat("`tool_use` ids were found without `tool_result` blocks immediately "
                         "after: ",
                         id,
                         ". Each `tool_use` block must have a corresponding `tool_result` "
                         "block in the next message."));
  }
  return absl::OkStatus();
}

// The turns of the loop that is under way: after the last text of the user.
absl::Status Reader::CheckThinkingTurns() {
  for (auto turn = turns_.rbegin(); turn != turns_.rend(); ++turn) {
    const auto has = [turn](std::string_view type) {
      return std::any_of(turn->blocks.begin(), turn->blocks.end(),
                         [type](const Block& block) { return block.type == type; });
    };
    if (turn->is_user && (!has("tool_result") || has("text"))) break;
    if (turn->is_user || !has("tool_use")) continue;
    const std::string_view first = turn->blocks.front().type;
    if (first == "thinking" || first == "redacted_thinking") continue;
    return Refuse(
        StrCat("messages.", turn->message, ".content.0.type"),
        StrCat("Expected `thinking` or `redacted_thinking`, but found `", first,
               "`. When `thinking` is enabled, a final `assistant` message must start with a "
               "thinking block (preceeding the lastmost set of `tool_use` and `tool_result` "
               "blocks). We recommend you include thinking blocks from previous turns. To avoid "
               "this requirement, disable `thinking`."));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Prompt> ReadAnthropicPrompt(const dom::object& body, const AnthropicRules& rules) {
  return Reader(body, rules).Read();
}

}  // namespace lmgate::fakeprovider

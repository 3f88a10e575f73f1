#include "tests/fakeprovider/converse_request.h"

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
constexpr int64_t kBudgetMin = 1024;

absl::Status Refuse(std::string_view what) { return absl::InvalidArgumentError(ToAbsl(what)); }
// What the model finds, and not the service.
absl::Status RefuseByModel(std::string_view what) {
  return Refuse(StrCat("The model returned the following errors: ", what));
}
absl::Status RefuseConstraint(std::string_view path, std::string_view constraint) {
  return Refuse(StrCat("1 validation error detected: Value at '", path,
                       "' failed to satisfy constraint: ", constraint));
}
absl::Status RefuseExtra(std::string_view path, std::string_view name) {
  return Refuse(StrCat("Malformed input request: #", path, ": extraneous key [", name,
                       "] is not permitted, please reformat your input and try again."));
}

bool IsWord(std::string_view text) {
  return !text.empty() && text.size() <= kIdBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
         });
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

struct Block {
  std::string_view type = {};  // the member that is set
  std::string text = {};
  std::string id = {};
  bool is_error = false;
};

struct Message {
  bool is_user = true;
  std::vector<Block> blocks = {};

  bool Has(std::string_view type) const {
    return std::any_of(blocks.begin(), blocks.end(),
                       [type](const Block& block) { return block.type == type; });
  }
};

class Reader {
 public:
  explicit Reader(const dom::object& body) : body_(body) {}

  absl::StatusOr<ConversePrompt> Read();

 private:
  absl::Status ReadSystem();
  absl::Status ReadInference();
  absl::Status ReadTools();
  absl::Status ReadToolChoice(const dom::object& config);
  absl::Status ReadModelFields();
  absl::Status ReadThinking(const dom::object& thinking);
  absl::Status ReadOutputConfig();
  absl::Status ReadMessages();
  absl::StatusOr<Block> ReadBlock(const dom::object& object, const std::string& path);
  absl::StatusOr<std::string> ReadMedia(const dom::object& object, std::string_view type,
                                        const std::string& path);
  absl::Status ReadReasoning(const dom::object& object, const std::string& path);
  absl::Status ReadCall(const dom::object& object, const std::string& path, Block* block);
  absl::Status ReadResult(const dom::object& object, const std::string& path, Block* block);
  absl::Status CheckMessages();
  absl::Status CheckResults(size_t index);
  absl::Status CheckThinking();

  const dom::object& body_;
  ConversePrompt read_;
  Prompt& prompt_ = read_.prompt;
  bool must_think_ = false;
  std::vector<Message> messages_;
};

absl::StatusOr<ConversePrompt> Reader::Read() {
  const std::string_view unknown = FindUnknownMember(
      body_,
      {"messages", "system", "inferenceConfig", "toolConfig", "guardrailConfig",
       "additionalModelRequestFields", "additionalModelResponseFieldPaths", "promptVariables",
       "requestMetadata", "performanceConfig", "serviceTier", "outputConfig"});
  if (!unknown.empty()) return RefuseExtra("", unknown);
  LMGATE_RETURN_IF_ERROR(ReadSystem());
  LMGATE_RETURN_IF_ERROR(ReadInference());
  LMGATE_RETURN_IF_ERROR(ReadTools());
  LMGATE_RETURN_IF_ERROR(ReadModelFields());
  LMGATE_RETURN_IF_ERROR(ReadOutputConfig());
  LMGATE_RETURN_IF_ERROR(ReadMessages());
  LMGATE_RETURN_IF_ERROR(CheckMessages());
  if (must_think_) LMGATE_RETURN_IF_ERROR(CheckThinking());
  for (const dom::element element : FindEntries(body_, "additionalModelResponseFieldPaths")) {
    std::string_view path;
    if (element.get(path) == simdjson::SUCCESS && path == "/stop_sequence") {
      read_.wants_stop_sequence = true;
    }
  }
  EndWithLastUserTurn(messages_, "toolResult", &prompt_);
  return ConversePrompt{.prompt = std::move(prompt_),
                        .wants_stop_sequence = read_.wants_stop_sequence,
                        .schema_parser = std::move(read_.schema_parser)};
}

absl::Status Reader::ReadSystem() {
  if (!FindElement(body_, "system").has_value()) return absl::OkStatus();
  if (!FindArray(body_, "system").has_value()) {
    return Refuse("Expected list or null at /system");
  }
  size_t index = 0;
  for (const dom::element element : FindEntries(body_, "system")) {
    const std::string path = StrCat("system.", index++);
    dom::object block;
    if (element.get(block) != simdjson::SUCCESS) {
      return Refuse(StrCat("Expected structure or null at ", path));
    }
    if (FindElement(block, "cachePoint").has_value()) {
      prompt_.uses_cache = true;
      continue;
    }
    if (FindElement(block, "guardContent").has_value()) continue;
    const auto text = FindString(block, "text");
    if (!text.has_value() || IsBlank(*text)) {
      return Refuse(StrCat("The text field in the SystemContentBlock object at ", path,
                           " is blank. Add text to the text field, and try again."));
    }
    AppendText(&prompt_.system, *text, "\n\n");
  }
  prompt_.input_tokens += CountTokens(prompt_.system);
  return absl::OkStatus();
}

absl::Status Reader::ReadInference() {
  const auto config = FindObject(body_, "inferenceConfig");
  if (!config.has_value()) return absl::OkStatus();
  const std::string_view unknown =
      FindUnknownMember(*config, {"maxTokens", "temperature", "topP", "stopSequences"});
  if (!unknown.empty()) return RefuseExtra("/inferenceConfig", unknown);
  for (const std::string_view name : {"temperature", "topP"}) {
    const auto element = FindElement(*config, name);
    double number = 0;
    if (!element.has_value()) continue;
    if (element->get(number) != simdjson::SUCCESS) {
      return Refuse(StrCat("Expected number at /inferenceConfig/", name));
    }
    if (number > 1) {
      return RefuseConstraint(StrCat("inferenceConfig.", name),
                              "Member must have value less than or equal to 1");
    }
    if (number < 0) {
      return RefuseConstraint(StrCat("inferenceConfig.", name),
                              "Member must have value greater than or equal to 0");
    }
  }
  prompt_.token_limit = FindInteger(*config, "maxTokens");
  if (prompt_.token_limit.has_value() && *prompt_.token_limit < 1) {
    return RefuseConstraint("inferenceConfig.maxTokens",
                            "Member must have value greater than or equal to 1");
  }
  for (const dom::element element : FindEntries(*config, "stopSequences")) {
    std::string_view stop;
    if (element.get(stop) != simdjson::SUCCESS || stop.empty()) {
      return RefuseConstraint("inferenceConfig.stopSequences",
                              "Member must have length greater than or equal to 1");
    }
    if (IsBlank(stop)) {
      return RefuseByModel("stop_sequences: each stop sequence must contain non-whitespace");
    }
    prompt_.stops.emplace_back(stop);
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadTools() {
  const auto config = FindObject(body_, "toolConfig");
  if (!config.has_value()) return absl::OkStatus();
  const std::string_view unknown = FindUnknownMember(*config, {"tools", "toolChoice"});
  if (!unknown.empty()) return RefuseExtra("/toolConfig", unknown);
  const auto tools = FindEntries(*config, "tools");
  if (tools.empty()) {
    return RefuseConstraint("toolConfig.tools",
                            "Member must have length greater than or equal to 1");
  }
  for (size_t i = 0; i < tools.size(); ++i) {
    const std::string path = StrCat("toolConfig.tools.", i);
    dom::object tool;
    if (tools[i].get(tool) != simdjson::SUCCESS) {
      return Refuse(StrCat("Expected structure or null at ", path));
    }
    if (FindElement(tool, "cachePoint").has_value()) {
      prompt_.uses_cache = true;
      continue;
    }
    const auto spec = FindObject(tool, "toolSpec");
    if (!spec.has_value()) continue;
    const std::string_view extra =
        FindUnknownMember(*spec, {"name", "description", "inputSchema", "strict"});
    if (!extra.empty()) return RefuseExtra(StrCat("/", path, "/toolSpec"), extra);
    const std::string_view name = FindString(*spec, "name").value_or("");
    if (!IsWord(name)) {
      return RefuseConstraint(StrCat(path, ".toolSpec.name"),
                              "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+");
    }
    if (FindString(*spec, "description") == "") {
      return RefuseConstraint(StrCat(path, ".toolSpec.description"),
                              "Member must have length greater than or equal to 1");
    }
    const auto schema = FindObject(*spec, "inputSchema");
    const auto json = schema.has_value() ? FindObject(*schema, "json") : std::nullopt;
    if (!json.has_value() || FindString(*json, "type") != "object") {
      return Refuse(StrCat("The value at ", path,
                           ".toolSpec.inputSchema.json.type must be one of the following: "
                           "object."));
    }
    prompt_.tools.push_back(
        ToolSpec{.name = std::string(name), .schema = FindElement(*schema, "json")});
  }
  return ReadToolChoice(*config);
}

absl::Status Reader::ReadToolChoice(const dom::object& config) {
  if (!FindElement(config, "toolChoice").has_value()) return absl::OkStatus();
  const auto choice = FindObject(config, "toolChoice");
  if (!choice.has_value() || choice->size() != 1 ||
      !FindUnknownMember(*choice, {"auto", "any", "tool"}).empty()) {
    return Refuse("The toolConfig.toolChoice field must set one of auto, any and tool.");
  }
  const auto tool = FindObject(*choice, "tool");
  if (!tool.has_value()) return absl::OkStatus();
  prompt_.forced = FindString(*tool, "name").value_or("");
  for (const ToolSpec& spec : prompt_.tools) {
    if (spec.name == prompt_.forced) return absl::OkStatus();
  }
  return RefuseByModel(
      StrCat("tool_choice: Tool '", prompt_.forced, "' not found in provided tools"));
}

absl::Status Reader::ReadModelFields() {
  const auto fields = FindObject(body_, "additionalModelRequestFields");
  if (!fields.has_value()) return absl::OkStatus();
  const std::string_view unknown = FindUnknownMember(
      *fields, {"thinking", "top_k", "anthropic_beta", "output_config", "tool_choice"});
  if (!unknown.empty()) {
    return RefuseByModel(StrCat(unknown, ": Extra inputs are not permitted"));
  }
  if (const auto choice = FindObject(*fields, "tool_choice")) {
    if (FindElement(*choice, "disable_parallel_tool_use").has_value()) {
      prompt_.parallel = !IsTrue(*choice, "disable_parallel_tool_use");
    }
  }
  const auto thinking = FindObject(*fields, "thinking");
  return thinking.has_value() ? ReadThinking(*thinking) : absl::OkStatus();
}

absl::Status Reader::ReadThinking(const dom::object& thinking) {
  const std::string_view type = FindString(thinking, "type").value_or("");
  if (!IsOneOf(type, {"enabled", "adaptive", "disabled"})) {
    return RefuseByModel(
        "thinking: Input tag does not match any of the expected tags: "
        "'adaptive', 'disabled', 'enabled'");
  }
  if (type == "disabled") return absl::OkStatus();
  prompt_.reasons = true;
  must_think_ = type == "enabled";
  const auto budget = FindInteger(thinking, "budget_tokens");
  if (must_think_ && !budget.has_value()) {
    return RefuseByModel("thinking.enabled.budget_tokens: Field required");
  }
  if (must_think_ && *budget < kBudgetMin) {
    return RefuseByModel(
        "thinking.enabled.budget_tokens: Input should be greater than or equal "
        "to 1024");
  }
  if (must_think_ && *budget >= prompt_.token_limit.value_or(4096)) {
    return RefuseByModel("`max_tokens` must be greater than `thinking.budget_tokens`.");
  }
  const auto config = FindObject(body_, "inferenceConfig");
  const auto temperature = config.has_value() ? FindElement(*config, "temperature") : std::nullopt;
  double number = 0;
  if (temperature.has_value() && temperature->get(number) == simdjson::SUCCESS && number != 1) {
    return RefuseByModel("`temperature` may only be set to 1 when thinking is enabled.");
  }
  if (FindElement(*FindObject(body_, "additionalModelRequestFields"), "top_k").has_value()) {
    return RefuseByModel("`top_k` must be unset when thinking is enabled.");
  }
  const auto tool_config = FindObject(body_, "toolConfig");
  const auto choice =
      tool_config.has_value() ? FindObject(*tool_config, "toolChoice") : std::nullopt;
  if (choice.has_value() && !FindElement(*choice, "auto").has_value()) {
    return RefuseByModel("Thinking may not be enabled when tool_choice forces tool use.");
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadOutputConfig() {
  const auto config = FindObject(body_, "outputConfig");
  if (!config.has_value()) return absl::OkStatus();
  const std::string_view unknown = FindUnknownMember(*config, {"textFormat", "effort"});
  if (!unknown.empty()) return RefuseExtra("/outputConfig", unknown);
  const auto format = FindObject(*config, "textFormat");
  if (!format.has_value()) return absl::OkStatus();
  dom::object json_schema;
  if (FindString(*format, "type") != "json_schema" ||
      format->at_key("structure").at_key("jsonSchema").get(json_schema) != simdjson::SUCCESS) {
    return Refuse("outputConfig.textFormat must have the type json_schema and a structure.");
  }
  const std::string_view text = FindString(json_schema, "schema").value_or("");
  read_.schema_parser = std::make_unique<dom::parser>();
  dom::element schema;
  if (read_.schema_parser->parse(text.data(), text.size()).get(schema) != simdjson::SUCCESS) {
    return Refuse("outputConfig.textFormat.structure.jsonSchema.schema is not a JSON schema.");
  }
  prompt_.schema = schema;
  return absl::OkStatus();
}

absl::Status Reader::ReadMessages() {
  const auto messages = FindEntries(body_, "messages");
  for (size_t i = 0; i < messages.size(); ++i) {
    const std::string path = StrCat("messages.", i);
    dom::object object;
    if (messages[i].get(object) != simdjson::SUCCESS) {
      return Refuse(StrCat("Expected structure or null at ", path));
    }
    const std::string_view unknown = FindUnknownMember(object, {"role", "content"});
    if (!unknown.empty()) return RefuseExtra(StrCat("/", path), unknown);
    const std::string_view role = FindString(object, "role").value_or("");
    if (role != "user" && role != "assistant") {
      return RefuseConstraint(StrCat(path, ".role"),
                              "Member must satisfy enum value set: [user, assistant]");
    }
    const auto content = FindElement(object, "content");
    if (content.has_value() && !content->is_array()) {
      return Refuse(StrCat("Expected list or null at ", path, ".content"));
    }
    const auto blocks = FindEntries(object, "content");
    if (blocks.empty()) {
      return Refuse(StrCat("The content field in the Message object at ", path,
                           " is empty. Add a ContentBlock object to the content field and try "
                           "again."));
    }
    Message message{.is_user = role == "user"};
    for (size_t j = 0; j < blocks.size(); ++j) {
      const std::string in = StrCat(path, ".content.", j);
      dom::object block_object;
      if (blocks[j].get(block_object) != simdjson::SUCCESS) {
        return Refuse(StrCat("Expected structure or null at ", in));
      }
      LMGATE_ASSIGN_OR_RETURN(Block block, ReadBlock(block_object, in));
      const bool fits_role =
          IsOneOf(block.type, {"text", "cachePoint"}) ||
          (message.is_user
               ? !IsOneOf(block.type, {"toolUse", "reasoningContent", "citationsContent"})
               : IsOneOf(block.type, {"toolUse", "reasoningContent", "citationsContent"}));
      if (!fits_role) {
        return Refuse(StrCat("The ", block.type, " field is not allowed in the content of the ",
                             role, " role at ", in, "."));
      }
      prompt_.input_tokens += CountTokens(block.text);
      message.blocks.push_back(std::move(block));
    }
    messages_.push_back(std::move(message));
  }
  return absl::OkStatus();
}

absl::StatusOr<Block> Reader::ReadBlock(const dom::object& object, const std::string& path) {
  const std::string_view unknown =
      FindUnknownMember(object, {"text", "image", "document", "video", "audio", "toolUse",
                                 "toolResult", "guardContent", "cachePoint", "reasoningContent",
                                 "citationsContent", "searchResult"});
  if (!unknown.empty()) return RefuseExtra(StrCat("/", path), unknown);
  if (object.size() != 1) {
    return Refuse(StrCat("The ContentBlock object at ", path,
                         " must set one of the following keys: text, image, toolUse, toolResult, "
                         "document, video, cachePoint, reasoningContent."));
  }
  Block block{.type = (*object.begin()).key};
  if (block.type == "text") {
    const auto text = FindString(object, "text");
    if (!text.has_value() || IsBlank(*text)) {
      return Refuse(StrCat("The text field in the ContentBlock object at ", path,
                           " is blank. Add text to the text field, and try again."));
    }
    block.text = *text;
    return block;
  }
  const auto inner = FindObject(object, block.type);
  if (!inner.has_value()) return Refuse(StrCat("Expected structure or null at ", path));
  if (IsOneOf(block.type, {"image", "document", "video", "audio"})) {
    LMGATE_ASSIGN_OR_RETURN(block.text, ReadMedia(*inner, block.type, path));
  } else if (block.type == "cachePoint") {
    prompt_.uses_cache = true;
  } else if (block.type == "reasoningContent") {
    LMGATE_RETURN_IF_ERROR(ReadReasoning(*inner, path));
  } else if (block.type == "toolUse") {
    LMGATE_RETURN_IF_ERROR(ReadCall(*inner, path, &block));
  } else if (block.type == "toolResult") {
    LMGATE_RETURN_IF_ERROR(ReadResult(*inner, path, &block));
  }
  return block;
}

absl::StatusOr<std::string> Reader::ReadMedia(const dom::object& object, std::string_view type,
                                              const std::string& path) {
  const bool is_document = type == "document";
  const std::string_view unknown =
      is_document ? FindUnknownMember(object, {"format", "name", "source", "context", "citations"})
                  : FindUnknownMember(object, {"format", "source"});
  if (!unknown.empty()) return RefuseExtra(StrCat("/", path, "/", type), unknown);
  const std::string_view format = FindString(object, "format").value_or("");
  const bool is_known =
      type == "image" ? IsOneOf(format, {"png", "jpeg", "gif", "webp"})
      : is_document
          ? IsOneOf(format, {"pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"})
          : !format.empty();
  if (!is_known) {
    return RefuseConstraint(StrCat(path, ".", type, ".format"),
                            type == "image"
                                ? "Member must satisfy enum value set: [gif, jpeg, png, webp]"
                                : "Member must satisfy enum value set: [docx, csv, html, txt, "
                                  "pdf, md, doc, xlsx, xls]");
  }
  const std::string_view name = FindString(object, "name").value_or("");
  const bool is_name = !name.empty() && name.find("  ") == std::string_view::npos &&
                       std::all_of(name.begin(), name.end(), [](char c) {
                         return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                                std::string_view(" -()[]").find(c) != std::string_view::npos;
                       });
  if (is_document && !is_name) {
    return Refuse(
        "The document file name can only contain alphanumeric characters, whitespace "
        "characters, hyphens, parentheses, and square brackets. The name can't contain "
        "more than one consecutive whitespace character.");
  }
  const auto source = FindObject(object, "source");
  if (!source.has_value() || source->size() != 1) {
    return Refuse(StrCat("The source field at ", path, ".", type, " must set one of its keys."));
  }
  const std::string mime = is_document ? (format == "pdf" ? "application/pdf" : std::string(format))
                                       : StrCat(type, "/", format);
  if (const auto text = FindString(*source, "text")) {
    return StrCat("[document ", mime, " ", text->size(), " bytes]");
  }
  if (FindElement(*source, "s3Location").has_value()) return StrCat("[", type, " s3Location]");
  const std::string_view bytes = FindString(*source, "bytes").value_or("");
  if (!IsBase64(bytes)) return Refuse(StrCat("Invalid base64 at ", path, ".", type, ".source"));
  return MediaMark(type, mime, bytes);
}

absl::Status Reader::ReadReasoning(const dom::object& object, const std::string& path) {
  if (const auto redacted = FindString(object, "redactedContent")) {
    if (*redacted == SignReasoning("anthropic", "redacted")) return absl::OkStatus();
    return RefuseByModel(StrCat(path, ": Invalid `data` in `redacted_thinking` block"));
  }
  const auto text = FindObject(object, "reasoningText");
  if (!text.has_value() || !FindString(*text, "text").has_value()) {
    return Refuse(StrCat("The reasoningText field at ", path, " is missing."));
  }
  const auto signature = FindString(*text, "signature");
  if (!signature.has_value()) {
    return RefuseByModel(StrCat(path, ".thinking.signature: Field required"));
  }
  if (*signature == SignReasoning("anthropic", *FindString(*text, "text"))) {
    return absl::OkStatus();
  }
  return RefuseByModel(StrCat(path, ": Invalid `signature` in `thinking` block"));
}

absl::Status Reader::ReadCall(const dom::object& object, const std::string& path, Block* block) {
  const std::string in = StrCat(path, ".toolUse");
  const std::string_view unknown =
      FindUnknownMember(object, {"toolUseId", "name", "input", "type"});
  if (!unknown.empty()) return RefuseExtra(StrCat("/", in), unknown);
  block->id = FindString(object, "toolUseId").value_or("");
  if (!IsWord(block->id)) {
    return RefuseConstraint(StrCat(in, ".toolUseId"),
                            "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]{1,64}");
  }
  if (!IsWord(FindString(object, "name").value_or(""))) {
    return RefuseConstraint(StrCat(in, ".name"),
                            "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+");
  }
  if (FindObject(object, "input").has_value()) return absl::OkStatus();
  return Refuse(StrCat("The format of the value at ", in,
                       ".input is invalid. Provide a json object for the field and try again."));
}

absl::Status Reader::ReadResult(const dom::object& object, const std::string& path, Block* block) {
  const std::string in = StrCat(path, ".toolResult");
  const std::string_view unknown =
      FindUnknownMember(object, {"toolUseId", "content", "status", "type"});
  if (!unknown.empty()) return RefuseExtra(StrCat("/", in), unknown);
  block->id = FindString(object, "toolUseId").value_or("");
  if (!IsWord(block->id)) {
    return RefuseConstraint(StrCat(in, ".toolUseId"),
                            "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]{1,64}");
  }
  const std::string_view status = FindString(object, "status").value_or("success");
  if (status != "success" && status != "error") {
    return RefuseConstraint(StrCat(in, ".status"),
                            "Member must satisfy enum value set: [success, error]");
  }
  block->is_error = status == "error";
  if (!FindArray(object, "content").has_value()) {
    return Refuse(StrCat("Expected list at ", in, ".content"));
  }
  size_t index = 0;
  for (const dom::element element : FindEntries(object, "content")) {
    const std::string at = StrCat(in, ".content.", index++);
    dom::object content;
    if (element.get(content) != simdjson::SUCCESS || content.size() != 1) {
      return Refuse(StrCat("The ToolResultContentBlock object at ", at,
                           " must set one of the following keys: text, json, image, document, "
                           "video."));
    }
    const std::string_view type = (*content.begin()).key;
    if (type == "text") {
      const auto text = FindString(content, "text");
      if (!text.has_value() || IsBlank(*text)) {
        return Refuse(StrCat("The text field in the ToolResultContentBlock object at ", at,
                             " is blank. Add text to the text field, and try again."));
      }
      AppendText(&block->text, *text);
    } else if (type == "json") {
      AppendText(&block->text, simdjson::minify(*FindElement(content, "json")));
    } else if (IsOneOf(type, {"image", "document", "video"}) &&
               FindObject(content, type).has_value()) {
      LMGATE_ASSIGN_OR_RETURN(const std::string mark,
                              ReadMedia(*FindObject(content, type), type, at));
      AppendText(&block->text, mark);
    } else {
      return RefuseExtra(StrCat("/", at), type);
    }
  }
  return absl::OkStatus();
}

absl::Status Reader::CheckMessages() {
  if (messages_.empty() || !messages_.front().is_user) {
    return Refuse(
        "A conversation must start with a user message. Try again with a conversation "
        "that starts with a user message.");
  }
  std::set<std::string> ids;
  for (size_t i = 0; i < messages_.size(); ++i) {
    const Message& message = messages_[i];
    if (i > 0 && message.is_user == messages_[i - 1].is_user) {
      return Refuse(
          "A conversation must alternate between user and assistant roles. Make sure the "
          "conversation alternates between user and assistant roles and try again.");
    }
    if (message.is_user && message.Has("document") && !message.Has("text")) {
      return Refuse(StrCat("A text block must be included with a document at messages.", i, "."));
    }
    if (prompt_.tools.empty() && (message.Has("toolUse") || message.Has("toolResult"))) {
      return Refuse(
          "The toolConfig field must be defined when using toolUse and toolResult content "
          "blocks.");
    }
    for (const Block& block : message.blocks) {
      if (block.type == "toolUse" && !ids.insert(block.id).second) {
        return RefuseByModel("messages: `tool_use` ids must be unique");
      }
    }
    if (message.is_user) LMGATE_RETURN_IF_ERROR(CheckResults(i));
  }
  if (messages_.back().Has("toolUse")) {
    return RefuseByModel(StrCat("messages.", messages_.size() - 1,
                                ": `tool_use` ids were found without `tool_result` blocks "
                                "immediately after"));
  }
  return absl::OkStatus();
}

// The results in the message of the user at `index` answer the calls before it: all, at its start.
absl::Status Reader::CheckResults(size_t index) {
  std::set<std::string> open;
  if (index > 0) {
    for (const Block& block : messages_[index - 1].blocks) {
      if (block.type == "toolUse") open.insert(block.id);
    }
  }
  bool may_answer = true;
  for (const Block& block : messages_[index].blocks) {
    if (block.type == "cachePoint") continue;
    if (block.type != "toolResult") {
      may_answer = false;
      continue;
    }
    if (may_answer && open.erase(block.id) > 0) continue;
    return Refuse(StrCat("The number of toolResult blocks at messages.", index,
                         ".content exceeds the number of toolUse blocks of previous turn."));
  }
  if (open.empty()) return absl::OkStatus();
  return Refuse(StrCat("Expected toolResult blocks at messages.", index,
                       ".content for the following Ids: ", *open.begin()));
}

absl::Status Reader::CheckThinking() {
  for (size_t i = messages_.size(); i-- > 0;) {
    const Message& message = messages_[i];
    if (message.is_user && (!message.Has("toolResult") || message.Has("text"))) break;
    if (message.is_user || !message.Has("toolUse")) continue;
    const std::string_view first = message.blocks.front().type;
    if (first == "reasoningContent") continue;
    return RefuseByModel(StrCat(
        "messages.", i, ".content.0.type: Expected `thinking` or `redacted_thinking`, but found `",
        first == "toolUse" ? "tool_use" : first,
        "`. When `thinking` is enabled, a final `assistant` message must start with a thinking "
        "block (preceeding the lastmost set of `tool_use` and `tool_result` blocks)."));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ConversePrompt> ReadConversePrompt(const dom::object& body) {
  return Reader(body).Read();
}

}  // namespace lmgate::fakeprovider

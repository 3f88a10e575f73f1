#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/chat/chat_response.h"
#include "dataplane/dialect/dialect.h"
#include "dataplane/dialect/json.h"

// What a plain answer and a stream of openai-responses have in common: the items of `output`, the
// response around them, and usage (OpenAI API reference, Responses).
namespace lmgate::dialect {

// The tools of a namespace are offered under one name: "NAMESPACE/TOOL". No provider's own names
// have the '/'.
inline constexpr char kNamespaceMark = '/';

// ---- items that are written

enum class ItemKind : uint8_t { kMessage, kFunctionCall, kCustomCall, kReasoning };

// How an item is called: "msg_ID_INDEX", "fc_…", "ctc_…", "rs_…".
std::string ItemId(ItemKind kind, const AnswerContext& context, size_t output_index);

// kCustomCall for a call of a tool that takes free text.
ItemKind ItemKindOf(const chat::Part& part, const AnswerContext& context);

// Whether there is something to show: empty texts and reasoning without a word and a signature make
// no item.
bool IsItem(const chat::Part& part);

// The signature of a part whose item has no place for it (Gemini's of calls and texts) goes in a
// reasoning item of its own before that of the part.
std::optional<chat::Part> CarrierOf(const chat::Part& part);

// The finished item. `arguments` of a custom call are those of the function that stands for it.
Json MakeItem(const chat::Part& part, const AnswerContext& context, size_t output_index);
// The item as it is announced: in progress, with nothing in it.
Json MakeEmptyItem(const chat::Part& part, const AnswerContext& context, size_t output_index);
// The content part of a message.
Json MakeContent(const chat::Part& part);
// ChatEvent::logprobs as a list.
Json MakeLogprobs(std::string_view logprobs);
// `text_length`: code points that are written so far, for a citation without a place.
Json MakeAnnotation(const chat::Citation& citation, int64_t text_length);
// ---- the response around them

// In progress, with an empty output: what the request said, and defaults for all that clients with
// strict types ask for.
Json MakeResponse(const AnswerContext& context, std::string_view model, int64_t created);
// Of the last item of an answer that was cut.
void MarkIncomplete(Json* item);
// A refusal behind a text is said in the same message: its second content part.
void AddRefusal(const chat::Part& refusal, Json* message);
// Whether the answer was cut, and its last item with it.
bool IsCut(chat::FinishReason finish);
// Sets status, incomplete_details and usage by how the answer ended.
void CompleteResponse(chat::FinishReason finish, const chat::TokenUsage& usage, Json* response);
void FailResponse(const chat::ProviderError& error, Json* response);
// What a provider that refuses without a word is made to say: the item that says so must not be
// empty.
chat::Part MissingRefusal();

// ---- what is read

// Appends the parts of one item of `output`. Unknown items have none.
void AppendParts(const Json& item, const AnswerContext& context, std::vector<chat::Part>* parts);
std::vector<chat::Citation> ReadAnnotations(const Json& content);
// Of a reasoning item: its raw text, otherwise its summary.
std::string ReadReasoning(const Json& item);
// The texts of `content` or `summary`, as paragraphs.
std::string ReadParagraphs(const Json& item, std::string_view member);
chat::Signature ReadSignature(const Json& item, const AnswerContext& context);
// call_id; an id made from `number` when the provider gives none.
std::string ReadCallId(const Json& item, const AnswerContext& context, size_t number);
chat::TokenUsage ReadUsage(const Json& response);
chat::FinishReason ReadFinish(const Json& response, const std::vector<chat::PartKind>& parts);

}  // namespace lmgate::dialect

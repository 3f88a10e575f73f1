#include "dataplane/dialect/openai_responses.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/dialect/json.h"
#include "dataplane/dialect/openai_request.h"
#include "dataplane/dialect/openai_responses_item.h"
#include "dataplane/dialect/provider_error.h"
#include "dataplane/dialect/sse_reader.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::PartKind;
using Kind = ChatEvent::Kind;

// No answer has as many items, or contents in one; what counts more is broken.
constexpr int64_t kIndexMax = 4096;
constexpr size_t kPiecesMax = 1 << 14;
constexpr size_t kNameBytesMax = 4096;  // of an id, too

class Decoder : public EventDecoder {
 public:
  explicit Decoder(const AnswerContext& context) : context_(context) {}

  void Feed(std::string_view bytes, std::vector<ChatEvent>* events) override {
    SseReader::Event event;
    while (!over_ && reader_.Next(&bytes, &event)) Read(event, events);
    if (!over_ && reader_.broken()) Fail("the provider's stream is broken", events);
  }

  void Finish(std::vector<ChatEvent>* events) override {
    SseReader::Event event;
    if (!over_ && reader_.Finish(&event)) Read(event, events);
    if (!over_) Fail("the provider's answer ended before it was complete", events);
  }

 private:
  // One text of an item: a content part of a message, the arguments of a call, the text of a
  // reasoning item.
  struct Piece {
    PartKind kind = PartKind::kText;
    int part = -1;         // -1 = not open
    size_t bytes = 0;      // of the text that went out
    size_t citations = 0;  // that went out
    size_t logprobs = 0;   // that went out
    bool done = false;
  };
  struct Item {
    std::string id;
    std::string type;
    std::string call_id;
    std::string name;
    std::map<int64_t, Piece> pieces;  // by content_index; calls and reasoning have one
    // Reasoning: which of its two texts counts, and the paragraph that is being written.
    std::string_view source;
    int64_t paragraph = -1;
    size_t paragraph_bytes = 0;
    bool done = false;
  };

  void Read(const SseReader::Event& event, std::vector<ChatEvent>* events);
  void ReadItemEvent(const std::string& type, const Json& json, std::vector<ChatEvent>* events);
  void ReadLast(const std::string& type, const Json& json, std::vector<ChatEvent>* events);
  void Start(const Json& json, std::vector<ChatEvent>* events);
  Item* ItemAt(const Json& json);
  Piece* PieceAt(int64_t content_index, PartKind kind, Item* item, std::vector<ChatEvent>* events);
  void AddItem(const Json& json, std::vector<ChatEvent>* events);
  void FinishItem(const Json& item_json, Item* item, std::vector<ChatEvent>* events);
  void AddReasoning(const std::string& type, const Json& json, Item* item,
                    std::vector<ChatEvent>* events);
  void Open(const Item& item, Piece* piece, std::vector<ChatEvent>* events);
  void Add(const Item& item, std::string_view text, Piece* piece, std::vector<ChatEvent>* events);
  void AddRest(const Item& item, std::string_view whole, Piece* piece,
               std::vector<ChatEvent>* events);
  void AddCitations(const Item& item, std::vector<chat::Citation> citations, Piece* piece,
                    std::vector<ChatEvent>* events);
  void AddLogprobs(const Json* entries, size_t from, Piece* piece, std::vector<ChatEvent>* events);
  void Close(Piece* piece, chat::Signature signature, std::vector<ChatEvent>* events);
  void Shut(Piece* piece, chat::Signature signature, std::vector<ChatEvent>* events);
  void CloseOthers(PartKind opening, std::vector<ChatEvent>* events);
  void Fail(std::string_view message, std::vector<ChatEvent>* events) {
    chat::ProviderError error;
    error.message = message;
    FailWith(std::move(error), events);
  }
  void FailWith(chat::ProviderError error, std::vector<ChatEvent>* events) {
    over_ = true;
    ChatEvent event{.kind = Kind::kError};
    event.error = std::move(error);
    events->push_back(std::move(event));
  }

  const AnswerContext& context_;
  SseReader reader_;
  bool started_ = false;
  bool over_ = false;
  int parts_ = 0;
  std::vector<PartKind> kinds_;    // of the parts
  std::map<int64_t, Item> items_;  // by output_index
  std::vector<Piece*> open_;       // in the order of opening
  size_t pieces_ = 0;              // made so far
};

void Decoder::Read(const SseReader::Event& event, std::vector<ChatEvent>* events) {
  if (event.data == "[DONE]" || event.data.empty()) return;
  const absl::StatusOr<Json> json = ParseObject(event.data);
  if (!json.ok()) {
    Fail("the provider's stream is not JSON", events);
    return;
  }
  std::string type = FindString(*json, "type");
  if (type.empty()) type = event.type;
  if (type == "error" || (type.empty() && Find(*json, "error") != nullptr)) {
    const Json* const inner = Find(*json, "error");
    FailWith(ErrorOfObject(inner == nullptr ? *json : *inner, ""), events);
    return;
  }
  if (type == "response.completed" || type == "response.incomplete" || type == "response.failed") {
    ReadLast(type, *json, events);
    return;
  }
  if (!type.starts_with("response.")) return;
  if (type == "response.created" || type == "response.in_progress" || type == "response.queued") {
    Start(*json, events);
    return;
  }
  ReadItemEvent(type, *json, events);
}

void Decoder::Start(const Json& json, std::vector<ChatEvent>* events) {
  if (started_) return;
  started_ = true;
  ChatEvent start{.kind = Kind::kStart};
  if (const Json* const response = Find(json, "response")) {
    start.id = FindString(*response, "id");
    start.name = FindString(*response, "model");
    start.created = FindInteger(*response, "created_at").value_or(0);
  }
  events->push_back(std::move(start));
}

// Null = the index is none.
Decoder::Item* Decoder::ItemAt(const Json& json) {
  const int64_t index = FindInteger(json, "output_index").value_or(0);
  return index < 0 || index > kIndexMax ? nullptr : &items_[index];
}

// Null = the stream is broken.
Decoder::Piece* Decoder::PieceAt(int64_t content_index, PartKind kind, Item* item,
                                 std::vector<ChatEvent>* events) {
  const auto found = item->pieces.find(content_index);
  if (found != item->pieces.end()) return &found->second;
  if (content_index < 0 || content_index > kIndexMax || pieces_ == kPiecesMax) {
    Fail("the provider's stream has a content_index out of range", events);
    return nullptr;
  }
  ++pieces_;
  Piece& piece = item->pieces[content_index];
  piece.kind = kind;
  return &piece;
}

void Decoder::ReadItemEvent(const std::string& type, const Json& json,
                            std::vector<ChatEvent>* events) {
  if (type == "response.output_item.added") {
    Start(json, events);
    AddItem(json, events);
    return;
  }
  Item* const item = ItemAt(json);
  if (item == nullptr) {
    Fail("the provider's stream has an output_index out of range", events);
    return;
  }
  if (type == "response.output_item.done") {
    Start(json, events);
    if (const Json* const whole = Find(json, "item")) FinishItem(*whole, item, events);
    return;
  }
  if (item->done) return;
  if (type.starts_with("response.reasoning_")) {
    AddReasoning(type, json, item, events);
    return;
  }
  const std::string_view word = std::string_view(type).substr(std::string_view("response.").size());
  const bool call = word.starts_with("function_call_arguments.");
  const bool refusal = word.starts_with("refusal.");
  const bool text = word.starts_with("output_text.");
  const bool content = word.starts_with("content_part.");
  if (!call && !refusal && !text && !content) return;
  Start(json, events);
  if (call) {
    if (item->type != "function_call" || item->name.empty()) return;
    Piece* const piece = PieceAt(0, PartKind::kToolCall, item, events);
    if (piece == nullptr) return;
    if (word.ends_with(".delta")) Add(*item, FindString(json, "delta"), piece, events);
    if (word.ends_with(".done")) AddRest(*item, FindString(json, "arguments"), piece, events);
    return;
  }
  const int64_t content_index = FindInteger(json, "content_index").value_or(0);
  if (content) {
    const Json* const part = Find(json, "part");
    // A reasoning item announces its raw text so, too.
    const std::string part_type = part == nullptr ? "" : FindString(*part, "type");
    if (!word.ends_with(".done") || (part_type != "output_text" && part_type != "refusal")) return;
    Piece* const piece = PieceAt(
        content_index, part_type == "refusal" ? PartKind::kRefusal : PartKind::kText, item, events);
    if (piece == nullptr) return;
    AddRest(*item, FindString(*part, part_type == "refusal" ? "refusal" : "text"), piece, events);
    AddLogprobs(Find(*part, "logprobs"), piece->logprobs, piece, events);
    AddCitations(*item, ReadAnnotations(*part), piece, events);
    Close(piece, {}, events);
    return;
  }
  Piece* const piece =
      PieceAt(content_index, refusal ? PartKind::kRefusal : PartKind::kText, item, events);
  if (piece == nullptr) return;
  if (word.ends_with(".annotation.added")) {
    const Json* const annotation = Find(json, "annotation");
    if (annotation == nullptr) return;
    const Json list = {{"annotations", Json::array({*annotation})}};
    for (chat::Citation& citation : ReadAnnotations(list)) {
      ++piece->citations;
      if (piece->part < 0) Open(*item, piece, events);
      ChatEvent delta{.kind = Kind::kPartDelta, .part = piece->part, .part_kind = piece->kind};
      delta.citations.push_back(std::move(citation));
      events->push_back(std::move(delta));
    }
    return;
  }
  if (word.ends_with(".delta")) {
    Add(*item, FindString(json, "delta"), piece, events);
    AddLogprobs(Find(json, "logprobs"), 0, piece, events);
  }
  if (word.ends_with(".done")) {
    AddRest(*item, FindString(json, refusal ? "refusal" : "text"), piece, events);
    AddLogprobs(Find(json, "logprobs"), piece->logprobs, piece, events);
  }
}

void Decoder::AddItem(const Json& json, std::vector<ChatEvent>* events) {
  const Json* const announced = Find(json, "item");
  Item* const item = ItemAt(json);
  if (item == nullptr || announced == nullptr) {
    Fail("the provider's stream announces no item", events);
    return;
  }
  // An index that is used again is another item.
  for (auto& [index, piece] : item->pieces) Close(&piece, {}, events);
  *item = Item{};
  item->id = FindString(*announced, "id");
  item->type = FindString(*announced, "type");
  if (item->id.size() > kNameBytesMax || item->type.size() > kNameBytesMax) {
    Fail("the provider's stream has an id that is too long", events);
    return;
  }
  if (item->type != "function_call") return;
  item->name = FindString(*announced, "name");
  item->call_id = ReadCallId(*announced, context_, static_cast<size_t>(parts_));
  if (item->name.size() > kNameBytesMax || item->call_id.size() > kNameBytesMax) {
    Fail("the provider's stream has a call whose name or id is too long", events);
    return;
  }
  // Nameless calls wait for output_item.done.
  if (item->name.empty()) return;
  Piece* const piece = PieceAt(0, PartKind::kToolCall, item, events);
  if (piece == nullptr) return;
  Open(*item, piece, events);
}

void Decoder::FinishItem(const Json& whole, Item* item, std::vector<ChatEvent>* events) {
  if (item->done) {
    // The same once more, or another item under a used index.
    if (FindString(whole, "id") == item->id) return;
    *item = Item{};
  }
  if (item->type.empty()) item->type = FindString(whole, "type");
  item->id = FindString(whole, "id");
  item->done = true;
  if (item->type == "function_call") {
    if (item->call_id.empty()) {
      item->call_id = ReadCallId(whole, context_, static_cast<size_t>(parts_));
    }
    if (item->name.empty()) item->name = FindString(whole, "name");
    Piece* const piece = PieceAt(0, PartKind::kToolCall, item, events);
    if (piece == nullptr) return;
    if (piece->part < 0 && !piece->done) Open(*item, piece, events);
    AddRest(*item, FindString(whole, "arguments"), piece, events);
    Close(piece, {}, events);
    return;
  }
  if (item->type == "reasoning") {
    Piece* const piece = PieceAt(0, PartKind::kReasoning, item, events);
    if (piece == nullptr) return;
    AddRest(*item,
            item->source.empty() ? ReadReasoning(whole) : ReadParagraphs(whole, item->source),
            piece, events);
    chat::Signature signature = ReadSignature(whole, context_);
    if (piece->part < 0 && !signature.data.empty()) Open(*item, piece, events);
    Close(piece, std::move(signature), events);
    return;
  }
  if (item->type != "message") return;
  const Json* const contents = Find(whole, "content");
  for (size_t i = 0; contents != nullptr && contents->is_array() && i < contents->size(); ++i) {
    const Json& content = (*contents)[i];
    const bool refusal = FindString(content, "type") == "refusal";
    Piece* const piece = PieceAt(static_cast<int64_t>(i),
                                 refusal ? PartKind::kRefusal : PartKind::kText, item, events);
    if (piece == nullptr) return;
    AddRest(*item, FindString(content, refusal ? "refusal" : "text"), piece, events);
    AddLogprobs(Find(content, "logprobs"), piece->logprobs, piece, events);
    if (!refusal) AddCitations(*item, ReadAnnotations(content), piece, events);
    Close(piece, {}, events);
  }
  for (auto& [index, piece] : item->pieces) Close(&piece, {}, events);
}

// Raw text and a summary may both come; the first that says something counts.
void Decoder::AddReasoning(const std::string& type, const Json& json, Item* item,
                           std::vector<ChatEvent>* events) {
  const bool summary = type.starts_with("response.reasoning_summary_text.");
  const bool raw = type.starts_with("response.reasoning_text.");
  if (!summary && !raw) return;
  const bool delta = type.ends_with(".delta");
  if (!delta && !type.ends_with(".done")) return;
  const std::string text = FindString(json, delta ? "delta" : "text");
  if (text.empty()) return;
  const std::string_view source = summary ? "summary" : "content";
  if (item->source.empty()) item->source = source;
  if (item->source != source) return;
  Start(json, events);
  item->type = "reasoning";
  Piece* const piece = PieceAt(0, PartKind::kReasoning, item, events);
  if (piece == nullptr) return;
  const int64_t paragraph =
      FindInteger(json, summary ? "summary_index" : "content_index").value_or(0);
  if (paragraph != item->paragraph) {
    if (piece->bytes > 0) Add(*item, "\n\n", piece, events);
    item->paragraph = paragraph;
    item->paragraph_bytes = 0;
  }
  if (delta) {
    item->paragraph_bytes += text.size();
    Add(*item, text, piece, events);
  } else if (text.size() > item->paragraph_bytes) {
    const std::string rest = text.substr(item->paragraph_bytes);
    item->paragraph_bytes = text.size();
    Add(*item, rest, piece, events);
  }
}

void Decoder::Open(const Item& item, Piece* piece, std::vector<ChatEvent>* events) {
  CloseOthers(piece->kind, events);
  piece->part = parts_++;
  open_.push_back(piece);
  kinds_.push_back(piece->kind);
  ChatEvent open{.kind = Kind::kPartOpen, .part = piece->part, .part_kind = piece->kind};
  open.id = item.call_id;
  open.name = item.name;
  events->push_back(std::move(open));
}

// Only calls may be open together.
void Decoder::CloseOthers(PartKind opening, std::vector<ChatEvent>* events) {
  const std::vector<Piece*> open = open_;
  for (Piece* const piece : open) {
    if (opening == PartKind::kToolCall && piece->kind == PartKind::kToolCall) continue;
    Shut(piece, {}, events);
  }
}

void Decoder::Add(const Item& item, std::string_view text, Piece* piece,
                  std::vector<ChatEvent>* events) {
  if (text.empty() || piece->done) return;
  if (piece->part < 0) Open(item, piece, events);
  piece->bytes += text.size();
  ChatEvent delta{.kind = Kind::kPartDelta, .part = piece->part, .part_kind = piece->kind};
  delta.text = text;
  events->push_back(std::move(delta));
}

// What the deltas left out: some servers send none.
void Decoder::AddRest(const Item& item, std::string_view whole, Piece* piece,
                      std::vector<ChatEvent>* events) {
  if (whole.size() > piece->bytes) Add(item, whole.substr(piece->bytes), piece, events);
}

void Decoder::AddCitations(const Item& item, std::vector<chat::Citation> citations, Piece* piece,
                           std::vector<ChatEvent>* events) {
  if (piece->done || citations.size() <= piece->citations) return;
  citations.erase(citations.begin(),
                  citations.begin() + static_cast<std::ptrdiff_t>(piece->citations));
  piece->citations += citations.size();
  if (piece->part < 0) Open(item, piece, events);
  ChatEvent delta{.kind = Kind::kPartDelta, .part = piece->part, .part_kind = piece->kind};
  delta.citations = std::move(citations);
  events->push_back(std::move(delta));
}

// Of the open text; the entries before `from` went out.
void Decoder::AddLogprobs(const Json* entries, size_t from, Piece* piece,
                          std::vector<ChatEvent>* events) {
  if (piece->part < 0 || piece->kind != PartKind::kText || entries == nullptr) return;
  if (!entries->is_array() || entries->size() <= from) return;
  piece->logprobs += entries->size() - from;
  const bool has_text = !events->empty() && events->back().kind == Kind::kPartDelta &&
                        events->back().part == piece->part && events->back().logprobs.empty();
  if (!has_text) {
    events->push_back({.kind = Kind::kPartDelta, .part = piece->part, .part_kind = piece->kind});
  }
  events->back().logprobs = ReadLogprobs(entries, from);
}

void Decoder::Close(Piece* piece, chat::Signature signature, std::vector<ChatEvent>* events) {
  piece->done = true;
  if (piece->part >= 0) Shut(piece, std::move(signature), events);
}

void Decoder::Shut(Piece* piece, chat::Signature signature, std::vector<ChatEvent>* events) {
  ChatEvent close{.kind = Kind::kPartClose, .part = piece->part, .part_kind = piece->kind};
  close.signature = std::move(signature);
  piece->part = -1;
  std::erase(open_, piece);
  events->push_back(std::move(close));
}

void Decoder::ReadLast(const std::string& type, const Json& json, std::vector<ChatEvent>* events) {
  const Json empty = Json::object();
  const Json* const found = Find(json, "response");
  const Json& response = found == nullptr ? empty : *found;
  if (type == "response.failed") {
    const Json* const error = Find(response, "error");
    FailWith(ErrorOfObject(error == nullptr ? empty : *error, ""), events);
    return;
  }
  Start(json, events);
  const Json* const output = Find(response, "output");
  // Only servers that streamed nothing are read here: the items have been seen otherwise, whatever
  // their numbers.
  if (parts_ == 0 && output != nullptr && output->is_array()) {
    for (const Json& whole : *output) {
      Item item;
      FinishItem(whole, &item, events);
    }
  }
  if (over_) return;
  while (!open_.empty()) Close(open_.front(), {}, events);
  ChatEvent usage{.kind = Kind::kUsage};
  usage.usage = ReadUsage(response);
  if (usage.usage.known) events->push_back(std::move(usage));
  ChatEvent finish{.kind = Kind::kFinish};
  finish.finish = ReadFinish(response, kinds_);
  if (type == "response.incomplete" && FindString(response, "status") != "incomplete") {
    finish.finish = chat::FinishReason::kLength;
  }
  events->push_back(std::move(finish));
  events->push_back(ChatEvent{.kind = Kind::kEnd});
  over_ = true;
}

}  // namespace

std::unique_ptr<EventDecoder> OpenAiResponses::NewEventDecoder(const AnswerContext& context) const {
  return std::make_unique<Decoder>(context);
}

std::unique_ptr<EventEncoder> OpenAiResponses::NewEventEncoder(const AnswerContext& context) const {
  return std::make_unique<OpenAiResponsesEncoder>(context);
}

}  // namespace lmgate::dialect

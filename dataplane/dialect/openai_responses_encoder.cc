#include "dataplane/dialect/openai_responses_encoder.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/dialect/freeform_input.h"
#include "dataplane/dialect/openai_responses_item.h"
#include "dataplane/dialect/sse_reader.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::Part;
using chat::PartKind;
using Kind = ChatEvent::Kind;

Json MakePart(PartKind kind) {
  Part part;
  part.kind = kind;
  return MakeContent(part);
}

Part EmptyRefusal() {
  Part part;
  part.kind = PartKind::kRefusal;
  return part;
}

}  // namespace

struct OpenAiResponsesEncoder::Item {
  Part part;  // all that came of it
  // What a message says behind its text.
  Part refusal = EmptyRefusal();
  bool is_refusal_of_last = false;
  bool cut = false;
  ItemKind kind = ItemKind::kMessage;
  std::string id;
  size_t output_index = 0;
  bool announced = false;
  int64_t code_points = 0;
  FreeformInput freeform;
};

OpenAiResponsesEncoder::OpenAiResponsesEncoder(const AnswerContext& context,
                                               size_t answer_bytes_max)
    : context_(context), answer_bytes_max_(answer_bytes_max) {}

OpenAiResponsesEncoder::~OpenAiResponsesEncoder() = default;

void OpenAiResponsesEncoder::Encode(const ChatEvent& event, std::string* out) {
  if (ended_ || event.choice != 0) return;
  if (event.kind == Kind::kError) {
    Fail(event.error, out);
    return;
  }
  if (!Reserve(event)) {
    chat::ProviderError error;
    error.message = "the answer is too long for this gateway";
    Fail(error, out);
    return;
  }
  const auto item = open_.find(event.part);
  switch (event.kind) {
    case Kind::kStart:
      Begin(event.name, event.created, out);
      return;
    case Kind::kPartOpen:
      Open(event, out);
      return;
    case Kind::kPartDelta:
      if (item != open_.end()) Add(event, item->second.get(), out);
      return;
    case Kind::kPartClose:
      if (item == open_.end()) return;
      if (!event.signature.data.empty()) item->second->part.signature = event.signature;
      Shut(std::move(item->second), out);
      open_.erase(item);
      return;
    case Kind::kUsage:
      usage_ = event.usage;
      return;
    case Kind::kFinish:
      finish_ = event.finish;
      return;
    case Kind::kEnd:
      End(out);
      return;
    case Kind::kError:
      return;
  }
}

// All that is kept counts, and a little for each part.
bool OpenAiResponsesEncoder::Reserve(const ChatEvent& event) {
  constexpr size_t kPartBytes = 256;
  answer_bytes_ += event.text.size() + event.logprobs.size() + event.signature.data.size();
  if (event.kind == Kind::kPartOpen)
    answer_bytes_ += kPartBytes + event.id.size() + event.name.size();
  for (const chat::Citation& citation : event.citations) {
    answer_bytes_ += kPartBytes + citation.url.size() + citation.title.size();
  }
  return answer_bytes_ <= answer_bytes_max_;
}

void OpenAiResponsesEncoder::Write(std::string_view type, Json members, std::string* out) {
  Json event = Json::object();
  event["type"] = type;
  event["sequence_number"] = sequence_number_++;
  for (auto& [name, value] : members.items()) event[name] = std::move(value);
  AppendSseEvent(type, DumpJson(event), out);
}

void OpenAiResponsesEncoder::Begin(std::string_view model, int64_t created, std::string* out) {
  if (begun_) return;
  begun_ = true;
  response_ = std::make_unique<Json>(MakeResponse(context_, model, created));
  Write("response.created", Json{{"response", *response_}}, out);
  Write("response.in_progress", Json{{"response", *response_}}, out);
}

// Texts and reasoning are announced with their first words: an empty one is no item.
void OpenAiResponsesEncoder::Open(const ChatEvent& event, std::string* out) {
  Begin("", 0, out);
  const bool joins = event.part_kind == PartKind::kRefusal && last_ != nullptr &&
                     last_->part.kind == PartKind::kText && last_->announced;
  if (!joins) CloseLast(out);
  auto& item = open_[event.part];
  if (item != nullptr) Close(item.get(), out);
  item = std::make_unique<Item>();
  item->is_refusal_of_last = joins;
  item->part.kind = event.part_kind;
  item->part.id = event.id;
  item->part.name = event.name;
  item->part.signature = event.signature;
  if (event.part_kind == PartKind::kToolCall) Announce(item.get(), out);
}

Json OpenAiResponsesEncoder::Place(const Item& item) const {
  Json members = Json::object();
  members["item_id"] = item.id;
  members["output_index"] = item.output_index;
  if (item.kind == ItemKind::kMessage) members["content_index"] = 0;
  if (item.kind == ItemKind::kReasoning) members["summary_index"] = 0;
  return members;
}

void OpenAiResponsesEncoder::Announce(Item* item, std::string* out) {
  if (item->announced) return;
  item->announced = true;
  if (const std::optional<Part> carrier = CarrierOf(item->part)) WriteWhole(*carrier, out);
  item->kind = ItemKindOf(item->part, context_);
  item->output_index = output_.size();
  item->id = ItemId(item->kind, context_, item->output_index);
  output_.emplace_back();
  Write("response.output_item.added",
        Json{{"output_index", item->output_index},
             {"item", MakeEmptyItem(item->part, context_, item->output_index)}},
        out);
  if (item->kind != ItemKind::kMessage) return;
  Json members = Place(*item);
  members["part"] = MakePart(item->part.kind);
  Write("response.content_part.added", std::move(members), out);
}

void OpenAiResponsesEncoder::Add(const ChatEvent& event, Item* item, std::string* out) {
  if (!event.signature.data.empty()) item->part.signature = event.signature;
  if (!event.text.empty() || !event.logprobs.empty()) {
    AddText(event.text, event.logprobs, item, out);
  }
  for (const chat::Citation& citation : event.citations) AddCitation(citation, item, out);
}

void OpenAiResponsesEncoder::AddText(std::string_view text, std::string_view logprobs, Item* item,
                                     std::string* out) {
  if (item->is_refusal_of_last) {
    item->part.text.append(text);
    return;
  }
  Announce(item, out);
  std::string& kept =
      item->part.kind == PartKind::kToolCall ? item->part.arguments : item->part.text;
  const bool first = kept.empty();
  kept.append(text);
  Json members = Place(*item);
  switch (item->kind) {
    case ItemKind::kMessage:
      item->code_points += chat::CodePoints(text);
      members["delta"] = text;
      if (item->part.kind == PartKind::kRefusal) {
        Write("response.refusal.delta", std::move(members), out);
        return;
      }
      members["logprobs"] = MakeLogprobs(logprobs);
      if (!item->part.logprobs.empty() && !logprobs.empty()) item->part.logprobs.push_back(',');
      item->part.logprobs.append(logprobs);
      Write("response.output_text.delta", std::move(members), out);
      return;
    case ItemKind::kFunctionCall:
      members["delta"] = text;
      Write("response.function_call_arguments.delta", std::move(members), out);
      return;
    case ItemKind::kCustomCall: {
      const std::string input = item->freeform.Feed(text);
      if (input.empty()) return;
      members["delta"] = input;
      Write("response.custom_tool_call_input.delta", std::move(members), out);
      return;
    }
    case ItemKind::kReasoning:
      if (first) {
        Json added = members;
        added["part"] = Json{{"type", "summary_text"}, {"text", ""}};
        Write("response.reasoning_summary_part.added", std::move(added), out);
      }
      members["delta"] = text;
      Write("response.reasoning_summary_text.delta", std::move(members), out);
      return;
  }
}

void OpenAiResponsesEncoder::AddCitation(const chat::Citation& citation, Item* item,
                                         std::string* out) {
  if (item->part.kind != PartKind::kText) return;
  Announce(item, out);
  Json members = Place(*item);
  members["annotation_index"] = item->part.citations.size();
  chat::Citation placed = citation;
  if (placed.start < 0) placed.start = item->code_points;
  if (placed.end < 0) placed.end = item->code_points;
  members["annotation"] = MakeAnnotation(placed, item->code_points);
  item->part.citations.push_back(std::move(placed));
  Write("response.output_text.annotation.added", std::move(members), out);
}

// The part is over; the item's end is said with the next.
void OpenAiResponsesEncoder::Shut(std::unique_ptr<Item> item, std::string* out) {
  if (item->is_refusal_of_last && last_ != nullptr) {
    last_->refusal.text.append(item->part.text);
    return;
  }
  item->is_refusal_of_last = false;
  CloseLast(out);
  last_ = std::move(item);
}

void OpenAiResponsesEncoder::CloseLast(std::string* out) {
  if (last_ == nullptr) return;
  const std::unique_ptr<Item> item = std::move(last_);
  Close(item.get(), out);
}

void OpenAiResponsesEncoder::WriteRefusal(const Item& item, Json* whole, std::string* out) {
  refused_ = true;
  Json members = Place(item);
  members["content_index"] = 1;
  Json event = members;
  event["part"] = MakePart(PartKind::kRefusal);
  Write("response.content_part.added", std::move(event), out);
  event = members;
  event["delta"] = item.refusal.text;
  Write("response.refusal.delta", std::move(event), out);
  event = members;
  event["refusal"] = item.refusal.text;
  Write("response.refusal.done", std::move(event), out);
  AddRefusal(item.refusal, whole);
  members["part"] = (*whole)["content"].back();
  Write("response.content_part.done", std::move(members), out);
}

void OpenAiResponsesEncoder::Close(Item* item, std::string* out) {
  if (!item->announced && !IsItem(item->part)) return;
  Announce(item, out);
  refused_ = refused_ || item->part.kind == PartKind::kRefusal;
  Json members = Place(*item);
  Json whole = MakeItem(item->part, context_, item->output_index);
  if (item->cut) MarkIncomplete(&whole);
  switch (item->kind) {
    case ItemKind::kMessage: {
      const bool refusal = item->part.kind == PartKind::kRefusal;
      Json text = members;
      text[refusal ? "refusal" : "text"] = item->part.text;
      if (!refusal) text["logprobs"] = whole["content"][0]["logprobs"];
      Write(refusal ? "response.refusal.done" : "response.output_text.done", std::move(text), out);
      members["part"] = whole["content"][0];
      Write("response.content_part.done", std::move(members), out);
      if (!item->refusal.text.empty()) WriteRefusal(*item, &whole, out);
      break;
    }
    case ItemKind::kFunctionCall:
      members["name"] = whole["name"];
      members["arguments"] = whole["arguments"];
      Write("response.function_call_arguments.done", std::move(members), out);
      break;
    case ItemKind::kCustomCall: {
      const std::string rest = item->freeform.Finish();
      if (!rest.empty()) {
        Json delta = members;
        delta["delta"] = rest;
        Write("response.custom_tool_call_input.delta", std::move(delta), out);
      }
      members["input"] = whole["input"];
      Write("response.custom_tool_call_input.done", std::move(members), out);
      break;
    }
    case ItemKind::kReasoning: {
      if (item->part.text.empty()) break;
      Json text = members;
      text["text"] = item->part.text;
      Write("response.reasoning_summary_text.done", std::move(text), out);
      members["part"] = whole["summary"][0];
      Write("response.reasoning_summary_part.done", std::move(members), out);
      break;
    }
  }
  Write("response.output_item.done", Json{{"output_index", item->output_index}, {"item", whole}},
        out);
  output_[item->output_index] = std::make_unique<Json>(std::move(whole));
  item->part = {};
}

void OpenAiResponsesEncoder::WriteWhole(const Part& part, std::string* out) {
  Item item;
  item.part = part;
  // Its text goes out as a stream's does.
  const std::string text = std::exchange(item.part.text, "");
  if (!text.empty()) AddText(text, {}, &item, out);
  Close(&item, out);
}

void OpenAiResponsesEncoder::CloseAll(std::string* out) {
  std::map<int, std::unique_ptr<Item>> open = std::move(open_);
  open_.clear();
  for (auto& [part, item] : open) Shut(std::move(item), out);
  const bool refused = refused_ || (last_ != nullptr && !last_->refusal.text.empty()) ||
                       (last_ != nullptr && last_->part.kind == PartKind::kRefusal);
  if (last_ != nullptr) last_->cut = IsCut(finish_);
  if (finish_ == chat::FinishReason::kRefusal && !refused && last_ != nullptr &&
      last_->part.kind == PartKind::kText && last_->announced) {
    last_->refusal = MissingRefusal();
  }
  CloseLast(out);
}

void OpenAiResponsesEncoder::End(std::string* out) {
  Begin("", 0, out);
  CloseAll(out);
  if (finish_ == chat::FinishReason::kRefusal && !refused_) WriteWhole(MissingRefusal(), out);
  CompleteResponse(finish_, usage_, response_.get());
  WriteLast(StrCat("response.", FindString(*response_, "status")), out);
}

// What was open stays without its done: it is not whole.
void OpenAiResponsesEncoder::Fail(const chat::ProviderError& error, std::string* out) {
  Begin("", 0, out);
  CloseLast(out);
  FailResponse(error, response_.get());
  WriteLast("response.failed", out);
}

void OpenAiResponsesEncoder::WriteLast(std::string_view type, std::string* out) {
  Json output = Json::array();
  for (std::unique_ptr<Json>& item : output_) {
    if (item != nullptr) output.push_back(std::move(*item));
  }
  (*response_)["output"] = std::move(output);
  final_response_ = DumpJson(*response_);
  // Spliced: the response is the bulk of the answer.
  const std::string event =
      StrCat("{\"type\":\"", type, "\",\"sequence_number\":", sequence_number_++,
             ",\"response\":", final_response_, "}");
  AppendSseEvent(type, event, out);
  open_.clear();
  output_.clear();
  response_.reset();
  ended_ = true;
}

}  // namespace lmgate::dialect

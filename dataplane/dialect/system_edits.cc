#include "dataplane/dialect/system_edits.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/provider_preset.h"
#include "dataplane/dialect/dialects.h"
#include "dataplane/dialect/json_edit.h"
#include "dataplane/dialect/session_progress.h"

namespace lmgate::dialect {
namespace {

using chat::Part;
using chat::Role;
using contract::SystemEdits;

// Replaces in one text after the other, within one allowance.
class Replacer {
 public:
  explicit Replacer(const SystemEdits& edits) : edits_(edits) {}

  // True when the text is another one now.
  absl::StatusOr<bool> Replace(std::string* text) {
    bool changed = false;
    for (const SystemEdits::Replacement& replacement : edits_.replace) {
      const size_t first = text->find(replacement.from);
      if (first == std::string::npos) continue;
      LMGATE_ASSIGN_OR_RETURN(*text, ReplaceAll(*text, first, replacement));
      changed = true;
    }
    return changed;
  }

 private:
  absl::StatusOr<std::string> ReplaceAll(const std::string& text, size_t first,
                                         const SystemEdits::Replacement& replacement) {
    const std::string& from = replacement.from;
    const std::string& to = replacement.to;
    const size_t growth = to.size() > from.size() ? to.size() - from.size() : 0;
    std::string out;
    size_t begin = 0;
    for (size_t at = first; at != std::string::npos; at = text.find(from, begin)) {
      if (growth > growth_left_) {
        return absl::ResourceExhaustedError(
            StrCat("the route's edits make the system prompt more than ", kEditGrowthBytesMax,
                   " bytes longer"));
      }
      growth_left_ -= growth;
      out.append(text, begin, at - begin).append(to);
      begin = at + from.size();
    }
    return out.append(text, begin);
  }

  const SystemEdits& edits_;
  size_t growth_left_ = kEditGrowthBytesMax;
};

// What is put behind the system prompt; empty = nothing.
std::string TailOf(const SystemEdits& edits, const std::vector<chat::Turn>& turns) {
  std::string tail = edits.append;
  if (!edits.inject_progress) return tail;
  const std::string progress = SessionProgress(turns);
  if (!progress.empty()) StrAppend(&tail, tail.empty() ? "" : "\n\n", progress);
  return tail;
}

// A block of text in a system prompt, up to the text.
constexpr std::string_view kTextBlock = R"({"type":"text","text":)";
constexpr std::string_view kInputTextBlock = R"({"type":"input_text","text":)";
constexpr std::string_view kPlainBlock = R"({"text":)";
// A message that has lost its text, where one may not be empty.
constexpr std::string_view kLeastMessage = "\".\"";

bool IsSystemRole(std::string_view message) {
  const std::string_view role = FindMember(message, "role");
  return JsonSays(role, "system") || JsonSays(role, "developer");
}

// The edits of one body, gathered and then made at once.
class BodyEditor {
 public:
  BodyEditor(std::string_view dialect, std::string_view body, const SystemEdits& edits)
      : dialect_(dialect), body_(body), edits_(edits), edit_(body), replacer_(edits) {}

  absl::StatusOr<std::string> Run() {
    const auto object = JsonValueIn(body_);
    auto members = object.has_value() ? JsonMembers(*object) : std::nullopt;
    if (!members.has_value()) return absl::InvalidArgumentError("the body is not a JSON object");
    object_ = *object;
    members_ = *std::move(members);
    if (dialect_ == contract::kDialectOpenAiChat) {
      LMGATE_RETURN_IF_ERROR(EditChat());
    } else if (dialect_ == contract::kDialectOpenAiResponses) {
      LMGATE_RETURN_IF_ERROR(EditResponses());
    } else if (dialect_ == contract::kDialectAnthropic) {
      LMGATE_RETURN_IF_ERROR(EditAnthropic());
    } else if (dialect_ == contract::kDialectGemini) {
      LMGATE_RETURN_IF_ERROR(EditGemini());
    } else if (dialect_ == contract::kDialectBedrock) {
      LMGATE_RETURN_IF_ERROR(EditBedrock());
    }
    return edit_.empty() ? std::string(body_) : edit_.Apply();
  }

 private:
  // A value that holds system text: a string, a list of blocks, or Gemini's content.
  struct Slot {
    std::string_view value;
    bool takes_tail = false;  // stands before the conversation
    // What stands for a list, or a whole content, of which nothing is left; empty = what has no
    // text may stay.
    std::string_view emptied = {};
    bool is_message = false;
  };

  void AddSlot(const Slot& slot) {
    const std::string_view value = slot.value;
    const bool known = !value.empty() && (value[0] == '"' || value[0] == '[' || value[0] == '{');
    if (known) slots_.push_back(slot);
  }

  void AddMember(std::string_view name, std::string_view emptied) {
    for (const JsonItem& member : members_) {
      if (!JsonSays(member.name, name)) continue;
      AddSlot({.value = member.value, .takes_tail = true, .emptied = emptied});
    }
  }

  // Those of the messages that are system prompts.
  void AddMessages(const std::vector<JsonItem>& messages, std::string_view emptied) {
    bool leading = true;
    for (const JsonItem& message : messages) {
      if (!IsSystemRole(message.value)) {
        leading = false;
        continue;
      }
      AddSlot({.value = FindMember(message.value, "content"),
               .takes_tail = leading,
               .emptied = emptied,
               .is_message = true});
    }
  }

  // Changes the slots. Gives what has found no place: it is to be inserted.
  absl::StatusOr<std::string> EditSlots(std::string_view block_begin) {
    block_begin_ = block_begin;
    std::string tail = Tail();
    size_t last = slots_.size();  // that takes the tail
    while (last > 0 && !slots_[last - 1].takes_tail) --last;
    for (size_t i = 0; i < slots_.size(); ++i) {
      LMGATE_RETURN_IF_ERROR(EditSlot(slots_[i], i + 1 == last ? tail : std::string_view()));
    }
    if (last > 0) tail.clear();
    return tail;
  }

  absl::Status EditSlot(const Slot& slot, std::string_view tail) {
    if (slot.value.front() == '"') return EditString(slot, tail);
    std::string_view list = slot.value;
    if (slot.value.front() == '{') {
      const auto members = JsonMembers(slot.value);
      if (!members.has_value()) return Broken();
      const std::string_view parts = FindMember(*members, "parts");
      if (parts.empty() && FindMember(*members, "text").empty()) {
        if (tail.empty()) return absl::OkStatus();
        edit_.Prepend(slot.value, *members, StrCat(R"("parts":[)", BlockOf(tail), "]"));
        return absl::OkStatus();
      }
      list = parts.empty() ? slot.value : parts;
      if (list.front() != '[') {
        // One part where a list may stand.
        const std::string_view text = list.front() == '"' ? list : FindMember(list, "text");
        return text.empty() ? absl::OkStatus() : EditString({.value = text}, tail);
      }
    }
    return EditList(slot, list, tail);
  }

  absl::Status EditString(const Slot& slot, std::string_view tail) {
    auto text = JsonText(slot.value);
    if (!text.has_value()) return Broken();
    LMGATE_ASSIGN_OR_RETURN(const bool changed, replacer_.Replace(&*text));
    const std::string_view gap = text->empty() || tail.empty() ? "" : "\n\n";
    if (changed) {
      const bool refused = text->empty() && tail.empty() && slot.is_message;
      edit_.Replace(slot.value, refused && !slot.emptied.empty()
                                    ? std::string(slot.emptied)
                                    : JsonStringOf(StrCat(*text, gap, tail)));
    } else if (!tail.empty()) {
      // Before the closing quote: the client's own escapes stay.
      const std::string added = JsonStringOf(StrCat(gap, tail));
      edit_.Insert(slot.value.data() + slot.value.size() - 1, added.substr(1, added.size() - 2));
    }
    return absl::OkStatus();
  }

  // `list`: the slot's value, or within it.
  absl::Status EditList(const Slot& slot, std::string_view list, std::string_view tail) {
    struct Changed {
      std::string_view string;
      std::string text;
    };
    const auto blocks = JsonElements(list);
    if (!blocks.has_value()) return Broken();
    std::vector<bool> removed(blocks->size(), false);
    std::vector<Changed> changes;
    for (size_t i = 0; i < blocks->size(); ++i) {
      const std::string_view block = (*blocks)[i].value;
      const std::string_view string = block.front() == '"' ? block : FindMember(block, "text");
      auto text = JsonText(string);
      if (!text.has_value()) continue;
      LMGATE_ASSIGN_OR_RETURN(const bool changed, replacer_.Replace(&*text));
      if (!changed) continue;
      if (text->empty() && !slot.emptied.empty()) {
        removed[i] = true;
      } else {
        changes.push_back({.string = string, .text = *std::move(text)});
      }
    }
    const bool none_left = std::find(removed.begin(), removed.end(), false) == removed.end();
    if (none_left && !blocks->empty() && tail.empty()) {
      edit_.Replace(slot.value, std::string(slot.emptied));
      return absl::OkStatus();
    }
    for (const Changed& change : changes) edit_.Replace(change.string, JsonStringOf(change.text));
    edit_.Remove(*blocks, removed);
    if (!tail.empty()) edit_.Append(list, *blocks, removed, BlockOf(tail));
    return absl::OkStatus();
  }

  static absl::Status Broken() { return absl::InvalidArgumentError("the body is not valid JSON"); }

  std::string BlockOf(std::string_view text) const {
    return StrCat(block_begin_, JsonStringOf(text), "}");
  }

  void InsertMember(std::string_view name, std::string_view value) {
    for (const JsonItem& member : members_) {
      if (!JsonSays(member.name, name)) continue;
      // A second one of the name would be another body to each reader.
      if (member.value == "null") edit_.Replace(member.value, std::string(value));
      return;
    }
    edit_.Prepend(object_, members_, StrCat("\"", name, "\":", value));
  }

  absl::Status EditChat() {
    const std::string_view list = FindMember(members_, "messages");
    const auto messages = JsonElements(list);
    if (!messages.has_value()) return absl::OkStatus();
    AddMessages(*messages, {});
    LMGATE_ASSIGN_OR_RETURN(const std::string tail, EditSlots(kTextBlock));
    if (!tail.empty()) {
      edit_.Prepend(list, *messages,
                    StrCat(R"({"role":"system","content":)", JsonStringOf(tail), "}"));
    }
    return absl::OkStatus();
  }

  absl::Status EditResponses() {
    AddMember("instructions", {});
    if (const auto items = JsonElements(FindMember(members_, "input"))) AddMessages(*items, {});
    LMGATE_ASSIGN_OR_RETURN(const std::string tail, EditSlots(kInputTextBlock));
    if (!tail.empty()) InsertMember("instructions", JsonStringOf(tail));
    return absl::OkStatus();
  }

  absl::Status EditAnthropic() {
    const auto messages = JsonElements(FindMember(members_, "messages"));
    if (!messages.has_value()) return absl::OkStatus();
    AddMember("system", "[]");
    AddMessages(*messages, kLeastMessage);
    LMGATE_ASSIGN_OR_RETURN(const std::string tail, EditSlots(kTextBlock));
    if (!tail.empty()) InsertMember("system", JsonStringOf(tail));
    return absl::OkStatus();
  }

  absl::Status EditGemini() {
    if (FindMember(members_, "contents").empty()) return absl::OkStatus();
    AddMember("systemInstruction", "null");
    AddMember("system_instruction", "null");
    const bool cached = !FindMember(members_, "cachedContent").empty() ||
                        !FindMember(members_, "cached_content").empty();
    LMGATE_ASSIGN_OR_RETURN(const std::string tail, EditSlots(kPlainBlock));
    // With cached content its system prompt counts, and none may be given (Gemini API, Caching).
    if (tail.empty() || cached) return absl::OkStatus();
    InsertMember("systemInstruction", StrCat(R"({"parts":[)", BlockOf(tail), "]}"));
    return absl::OkStatus();
  }

  absl::Status EditBedrock() {
    if (!FindMember(members_, "anthropic_version").empty()) {
      invoke_ = true;
      return EditAnthropic();
    }
    // Converse has lists where other models' own forms have strings, or no messages at all.
    const auto messages = JsonElements(FindMember(members_, "messages"));
    if (!messages.has_value() || messages->empty()) return absl::OkStatus();
    const std::string_view content = FindMember(messages->front().value, "content");
    if (content.empty() || content.front() != '[') return absl::OkStatus();
    AddMember("system", "[]");
    LMGATE_ASSIGN_OR_RETURN(const std::string tail, EditSlots(kPlainBlock));
    if (!tail.empty()) InsertMember("system", StrCat("[", BlockOf(tail), "]"));
    return absl::OkStatus();
  }

  // The history of a request that cannot be read, which may well be newer than this, tells nothing.
  std::string Tail() const {
    if (!edits_.inject_progress) return TailOf(edits_, {});
    const Dialect* const dialect = invoke_ ? &BedrockInvokeDialect() : FindDialect(dialect_);
    const auto request = dialect->DecodeRequest({.body = body_, .model = "-"});
    return TailOf(edits_, request.ok() ? request->turns : std::vector<chat::Turn>());
  }

  const std::string_view dialect_;
  const std::string_view body_;
  const SystemEdits& edits_;
  JsonEdit edit_;
  Replacer replacer_;
  std::string_view object_;
  std::vector<JsonItem> members_;
  std::vector<Slot> slots_;  // in the order of the prompt
  std::string_view block_begin_;
  bool invoke_ = false;
};

}  // namespace

absl::Status ApplyEdits(const SystemEdits& edits, chat::ChatRequest* request) {
  std::string tail = TailOf(edits, request->turns);
  Replacer replacer(edits);
  for (Part& part : request->system) {
    LMGATE_RETURN_IF_ERROR(replacer.Replace(&part.text).status());
  }
  for (chat::Turn& turn : request->turns) {
    if (turn.role != Role::kSystem) continue;
    for (Part& part : turn.parts) {
      LMGATE_RETURN_IF_ERROR(replacer.Replace(&part.text).status());
    }
  }
  std::erase_if(request->system, [](const Part& part) { return part.text.empty(); });
  if (!tail.empty()) request->system.push_back(chat::TextPart(std::move(tail)));
  return absl::OkStatus();
}

absl::StatusOr<std::string> EditBody(std::string_view dialect, std::string_view body,
                                     const SystemEdits& edits) {
  return BodyEditor(dialect, body, edits).Run();
}

}  // namespace lmgate::dialect

#include "dataplane/dialect/sealed_history.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "common/contract/provider_preset.h"
#include "dataplane/dialect/json_edit.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

// kSealPrefix in base64, as far as it is the same whatever follows: where the wire wants bytes.
constexpr std::string_view kEncodedSealPrefix = "bG1nMS";
// Takes the place of a signature that another provider's call cannot have (Gemini API reference,
// Thought signatures: FAQ).
constexpr std::string_view kGeminiNoSignature = "\"skip_thought_signature_validator\"";

bool IsSealed(std::string_view value) {
  const auto text = JsonText(value);
  return text.has_value() &&
         (text->starts_with(kSealPrefix) || text->starts_with(kEncodedSealPrefix));
}

// A search over every such body: several times faster than string_view's.
bool Contains(std::string_view text, std::string_view part) {
  return ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

bool IsAny(const std::vector<bool>& flags, bool wanted) {
  return std::find(flags.begin(), flags.end(), wanted) != flags.end();
}

bool IsSealedThinking(std::string_view block) {
  const auto members = JsonMembers(block);
  if (!members.has_value()) return false;
  const std::string_view type = FindMember(*members, "type");
  if (JsonSays(type, "thinking")) return IsSealed(FindMember(*members, "signature"));
  return JsonSays(type, "redacted_thinking") && IsSealed(FindMember(*members, "data"));
}

bool IsSealedReasoning(std::string_view block) {
  const std::string_view reasoning = FindMember(block, "reasoningContent");
  if (reasoning.empty()) return false;
  return IsSealed(FindMember(FindMember(reasoning, "reasoningText"), "signature")) ||
         IsSealed(FindMember(reasoning, "redactedContent"));
}

class HistoryCleaner {
 public:
  HistoryCleaner(std::string_view body, std::vector<JsonItem> members)
      : members_(std::move(members)), edit_(body) {}

  std::optional<std::string> Run(std::string_view dialect) {
    const bool invoke = !FindMember(members_, "anthropic_version").empty();
    if (dialect == contract::kDialectOpenAiResponses) {
      CleanItems();
    } else if (dialect == contract::kDialectGemini) {
      CleanContents();
    } else if (dialect == contract::kDialectAnthropic || invoke) {
      if (CleanMessages(IsSealedThinking, Empty::kGoes)) SwitchOffThinking();
    } else if (dialect == contract::kDialectBedrock) {
      if (CleanMessages(IsSealedReasoning, Empty::kStays)) SwitchOffModelThinking();
    }
    if (edit_.empty()) return std::nullopt;
    return edit_.Apply();
  }

 private:
  // What becomes of a message of which nothing is left.
  enum class Empty { kGoes, kStays };

  void CleanItems() {
    const auto items = JsonElements(FindMember(members_, "input"));
    if (!items.has_value()) return;
    std::vector<bool> removed;
    for (const JsonItem& item : *items) {
      const auto members = JsonMembers(item.value);
      removed.push_back(members.has_value() &&
                        JsonSays(FindMember(*members, "type"), "reasoning") &&
                        IsSealed(FindMember(*members, "encrypted_content")));
    }
    edit_.Remove(*items, removed);
  }

  // True when a tool loop that is under way has lost thinking.
  bool CleanMessages(bool (*is_sealed)(std::string_view block), Empty empty) {
    const auto messages = JsonElements(FindMember(members_, "messages"));
    if (!messages.has_value()) return false;
    std::vector<bool> gone(messages->size(), false);
    bool loop_lost = false;
    for (size_t i = 0; i < messages->size(); ++i) {
      const auto members = JsonMembers((*messages)[i].value);
      if (!members.has_value()) continue;
      const std::string_view content = FindMember(*members, "content");
      const auto blocks = JsonElements(content);
      if (!JsonSays(FindMember(*members, "role"), "assistant")) {
        // The user's own word ends a loop.
        if (!blocks.has_value() || !IsAny(Having(*blocks, kResult), true)) loop_lost = false;
        continue;
      }
      if (!blocks.has_value()) continue;
      std::vector<bool> removed;
      for (const JsonItem& block : *blocks) removed.push_back(is_sealed(block.value));
      if (!IsAny(removed, true)) continue;
      loop_lost = loop_lost || IsAny(Having(*blocks, kCall), true);
      if (IsAny(removed, false)) {
        edit_.Remove(*blocks, removed);
      } else if (empty == Empty::kGoes) {
        gone[i] = true;
      } else {
        edit_.Replace(content, R"([{"text":"."}])");
      }
    }
    edit_.Remove(*messages, gone);
    return loop_lost;
  }

  struct BlockKind {
    std::string_view type;    // Anthropic
    std::string_view member;  // Converse
  };
  static constexpr BlockKind kCall{"tool_use", "toolUse"};
  static constexpr BlockKind kResult{"tool_result", "toolResult"};

  static std::vector<bool> Having(const std::vector<JsonItem>& blocks, const BlockKind& kind) {
    std::vector<bool> having;
    for (const JsonItem& block : blocks) {
      const auto members = JsonMembers(block.value);
      having.push_back(members.has_value() && (JsonSays(FindMember(*members, "type"), kind.type) ||
                                               !FindMember(*members, kind.member).empty()));
    }
    return having;
  }

  // Anthropic's `thinking` with a budget, and what is lawful only beside it.
  void SwitchOffThinking() {
    std::vector<bool> removed(members_.size(), false);
    if (!MarkBudget(members_, &removed)) return;
    const std::string_view management = FindMember(members_, "context_management");
    const auto edits = JsonElements(FindMember(management, "edits"));
    if (edits.has_value()) {
      std::vector<bool> clearing;
      for (const JsonItem& edit : *edits) {
        const auto type = JsonText(FindMember(edit.value, "type"));
        clearing.push_back(type.has_value() && type->starts_with("clear_thinking"));
      }
      edit_.Remove(*edits, clearing);
    }
    edit_.Remove(members_, removed);
  }

  // The same within what Converse passes on to the model.
  void SwitchOffModelThinking() {
    const auto fields = JsonMembers(FindMember(members_, "additionalModelRequestFields"));
    if (!fields.has_value()) return;
    std::vector<bool> removed(fields->size(), false);
    if (MarkBudget(*fields, &removed)) edit_.Remove(*fields, removed);
  }

  static bool MarkBudget(const std::vector<JsonItem>& members, std::vector<bool>* removed) {
    for (size_t i = 0; i < members.size(); ++i) {
      (*removed)[i] = JsonSays(members[i].name, "thinking") &&
                      JsonSays(FindMember(members[i].value, "type"), "enabled");
    }
    return IsAny(*removed, true);
  }

  void CleanContents() {
    const auto contents = JsonElements(FindMember(members_, "contents"));
    if (!contents.has_value()) return;
    std::vector<bool> gone;
    for (const JsonItem& content : *contents) gone.push_back(CleanParts(content.value));
    edit_.Remove(*contents, gone);
  }

  // True when nothing of the content is left; then it is not touched.
  bool CleanParts(std::string_view content) {
    const auto parts = JsonElements(FindMember(content, "parts"));
    if (!parts.has_value() || parts->empty()) return false;
    std::vector<bool> removed;
    for (const JsonItem& part : *parts) removed.push_back(IsSealedAlone(part.value));
    if (!IsAny(removed, false)) return true;
    for (size_t i = 0; i < parts->size(); ++i) {
      if (!removed[i]) CleanPart((*parts)[i].value);
    }
    edit_.Remove(*parts, removed);
    return false;
  }

  static bool IsSignature(const JsonItem& member) {
    const bool named =
        JsonSays(member.name, "thoughtSignature") || JsonSays(member.name, "thought_signature");
    return named && IsSealed(member.value);
  }

  // Reasoning, or a part that only carries the signature.
  static bool IsSealedAlone(std::string_view part) {
    const auto members = JsonMembers(part);
    if (!members.has_value() || std::none_of(members->begin(), members->end(), IsSignature)) {
      return false;
    }
    if (FindMember(*members, "thought") == "true") return true;
    return std::all_of(members->begin(), members->end(), [](const JsonItem& member) {
      const bool says_nothing = member.value == "null" || member.value == "false" ||
                                (JsonSays(member.name, "text") && member.value == "\"\"");
      return says_nothing || IsSignature(member);
    });
  }

  // A call may not be without one, on models that sign.
  void CleanPart(std::string_view part) {
    const auto members = JsonMembers(part);
    if (!members.has_value()) return;
    const bool calls = !FindMember(*members, "functionCall").empty() ||
                       !FindMember(*members, "function_call").empty();
    std::vector<bool> removed(members->size(), false);
    for (size_t i = 0; i < members->size(); ++i) {
      const JsonItem& member = (*members)[i];
      if (!IsSignature(member)) continue;
      if (calls) {
        edit_.Replace(member.value, std::string(kGeminiNoSignature));
      } else {
        removed[i] = true;
      }
    }
    edit_.Remove(*members, removed);
  }

  const std::vector<JsonItem> members_;
  JsonEdit edit_;
};

}  // namespace

std::optional<std::string> StripSealed(std::string_view dialect, std::string_view body) {
  const bool may_be_encoded =
      dialect == contract::kDialectGemini || dialect == contract::kDialectBedrock;
  const bool found =
      Contains(body, kSealPrefix) || (may_be_encoded && Contains(body, kEncodedSealPrefix));
  if (!found) return std::nullopt;
  const auto object = JsonValueIn(body);
  auto members = object.has_value() ? JsonMembers(*object) : std::nullopt;
  if (!members.has_value()) return std::nullopt;
  return HistoryCleaner(body, *std::move(members)).Run(dialect);
}

}  // namespace lmgate::dialect

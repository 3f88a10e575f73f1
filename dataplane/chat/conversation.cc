#include "dataplane/chat/conversation.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/strings.h"

namespace lmgate::chat {
namespace {

constexpr std::string_view kNoResult = "The tool's result is missing: the conversation was cut.";
constexpr std::string_view kLiftedImage = "[image attached below]";
constexpr std::string_view kLiftedFile = "[file attached below]";
// Says nothing, to providers that want the user to begin.
constexpr std::string_view kMinimalText = ".";

bool SaysNothing(const Part& part) {
  switch (part.kind) {
    case PartKind::kText:
    case PartKind::kRefusal:
    case PartKind::kReasoning:
      return IsBlank(part.text) && part.signature.data.empty();
    default:
      return false;
  }
}

void DropSilentParts(std::vector<Part>* parts) {
  parts->erase(std::remove_if(parts->begin(), parts->end(), SaysNothing), parts->end());
  for (Part& part : *parts) {
    if (part.kind == PartKind::kToolResult) DropSilentParts(&part.parts);
  }
}

void Append(std::vector<Part>* to, std::vector<Part> parts) {
  to->insert(to->end(), std::make_move_iterator(parts.begin()),
             std::make_move_iterator(parts.end()));
}

// A result that answers nothing, as what the user says.
std::vector<Part> OrphanAsParts(Part result) {
  std::vector<Part> parts;
  parts.push_back(TextPart(StrCat("[", result.is_error ? "failed result" : "result", " of a tool",
                                  result.name.empty() ? "" : " ", result.name, "]")));
  Append(&parts, std::move(result.parts));
  return parts;
}

// Makes the ids of calls unique, and pairs each with its result.
class CallBook {
 public:
  void AddCall(Part* call) {
    Entry entry{.said_id = call->id, .name = call->name};
    if (call->id.empty()) call->id = StrCat("call_", ++made_);
    const std::string base = call->id;
    for (int i = 2; !ids_.insert(call->id).second; ++i) call->id = StrCat(base, "_", i);
    entry.id = call->id;
    calls_.push_back(std::move(entry));
  }

  // False = no call waits for it.
  bool AddResult(Part result) {
    for (Entry& entry : calls_) {
      // A dialect without ids pairs by name and order.
      const bool matches = result.id.empty() ? entry.said_id.empty() && entry.name == result.name
                                             : entry.said_id == result.id;
      if (entry.answered || !matches) continue;
      entry.answered = true;
      entry.result = std::move(result);
      return true;
    }
    return false;
  }

  // One for each call, in the order of the calls.
  std::vector<Part> TakeResults() {
    std::vector<Part> results;
    for (Entry& entry : calls_) {
      Part result = std::move(entry.result);
      if (!entry.answered) {
        result.is_error = true;
        result.parts.push_back(TextPart(std::string(kNoResult)));
      }
      result.kind = PartKind::kToolResult;
      result.id = entry.id;
      result.name = entry.name;
      results.push_back(std::move(result));
    }
    calls_.clear();
    return results;
  }

 private:
  struct Entry {
    std::string said_id;
    std::string id = {};
    std::string name;
    bool answered = false;
    Part result = {};
  };
  std::vector<Entry> calls_;
  std::set<std::string> ids_;
  int made_ = 0;
};

// Images and files of the results, which are marked in their place.
std::vector<Part> LiftMedia(std::vector<Part>* results) {
  std::vector<Part> lifted;
  for (Part& result : *results) {
    for (Part& part : result.parts) {
      if (part.kind != PartKind::kImage && part.kind != PartKind::kFile) continue;
      Part mark = TextPart(std::string(part.kind == PartKind::kImage ? kLiftedImage : kLiftedFile));
      std::swap(part, mark);
      lifted.push_back(std::move(mark));
    }
  }
  return lifted;
}

Turn AsUserTurn(Turn system) {
  Turn turn{.role = Role::kUser, .parts = {}};
  for (Part& part : system.parts) {
    part.text = StrCat("<system>\n", part.text, "\n</system>");
    turn.parts.push_back(std::move(part));
  }
  return turn;
}

// Puts `turn` at the end, into the last one when that is of the same role.
void AddTurn(Turn turn, std::vector<Turn>* turns) {
  if (turn.parts.empty()) return;
  if (!turns->empty() && turns->back().role == turn.role && turn.role != Role::kSystem) {
    turn.parts.front().apart = true;
    Append(&turns->back().parts, std::move(turn.parts));
    return;
  }
  turns->push_back(std::move(turn));
}

// What stands between two assistant turns: the results of the first one's calls, then all else.
void AddReplies(const ConversationRules& rules, std::vector<Turn> replies, CallBook* book,
                std::vector<Turn>* turns) {
  for (Turn& turn : replies) {
    std::vector<Part> others;
    for (Part& part : turn.parts) {
      if (part.kind != PartKind::kToolResult) {
        others.push_back(std::move(part));
      } else if (!book->AddResult(part)) {
        Append(&others, OrphanAsParts(std::move(part)));
      }
    }
    turn.parts = std::move(others);
  }
  Turn results{.role = Role::kUser, .parts = book->TakeResults()};
  std::vector<Part> lifted;
  if (rules.lifts_result_images) lifted = LiftMedia(&results.parts);
  Append(&results.parts, std::move(lifted));
  AddTurn(std::move(results), turns);
  for (Turn& turn : replies) AddTurn(std::move(turn), turns);
}

}  // namespace

void Normalize(const ConversationRules& rules, ChatRequest* request) {
  std::vector<Turn> turns;
  std::vector<Turn> replies;
  CallBook book;
  const auto add_replies = [&] { AddReplies(rules, std::exchange(replies, {}), &book, &turns); };
  for (Turn& turn : request->turns) {
    DropSilentParts(&turn.parts);
    if (turn.parts.empty()) continue;
    if (turn.role != Role::kAssistant) {
      const bool fold = turn.role == Role::kSystem && !rules.keeps_system_turns;
      replies.push_back(fold ? AsUserTurn(std::move(turn)) : std::move(turn));
      continue;
    }
    // Two assistant turns in a row are one, whose calls are answered together.
    if (!replies.empty()) add_replies();
    for (Part& part : turn.parts) {
      if (part.kind == PartKind::kToolCall) book.AddCall(&part);
    }
    AddTurn(std::move(turn), &turns);
  }
  add_replies();
  const bool says_nothing = turns.empty() && request->system.empty();
  const bool lacks_user = rules.user_first && (turns.empty() || turns.front().role != Role::kUser);
  if (says_nothing || lacks_user) {
    Turn first{.role = Role::kUser, .parts = {TextPart(std::string(kMinimalText))}};
    turns.insert(turns.begin(), std::move(first));
  }
  request->turns = std::move(turns);
}

}  // namespace lmgate::chat

#include "dataplane/dialect/signed_calls.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "dataplane/dialect/json.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::Part;
using chat::PartKind;
using Kind = ChatEvent::Kind;

// In the store every signature says whose it is.
constexpr std::string_view kNoOrigin;

bool IsSigned(const Part& part) { return !part.signature.data.empty(); }

Json WriteReasoning(const std::vector<Part>& parts) {
  Json written = Json::array();
  for (const Part& part : parts) {
    Json entry = Json::object();
    entry["text"] = part.text;
    entry["signature"] = SealSignature(part.signature, kNoOrigin);
    written.push_back(std::move(entry));
  }
  return written;
}

std::vector<Part> ReadReasoning(const Json& call, std::string_view name) {
  std::vector<Part> parts;
  const Json* const written = Find(call, name);
  if (written == nullptr || !written->is_array()) return parts;
  for (const Json& entry : *written) {
    Part part;
    part.kind = PartKind::kReasoning;
    part.text = FindString(entry, "text");
    part.signature = UnsealSignature(FindString(entry, "signature"), kNoOrigin);
    parts.push_back(std::move(part));
  }
  return parts;
}

void Append(std::vector<Part> parts, std::vector<Part>* to) {
  to->insert(to->end(), std::make_move_iterator(parts.begin()),
             std::make_move_iterator(parts.end()));
}

// Reads a conversation from its end: the last call of an id is the one that is kept.
class Restorer {
 public:
  Restorer(const SignedCallScope& scope, absl::Time now)
      : scope_(scope), now_(now), bytes_left_(scope.store->request_bytes_max()) {}

  void RestoreTurn(chat::Turn* turn) {
    const bool has_own = std::any_of(turn->parts.begin(), turn->parts.end(), IsSigned);
    std::vector<Part> first;
    std::vector<Part> parts;
    bool has_reasoning = false;
    for (Part& part : turn->parts) {
      if (part.kind == PartKind::kToolCall && ids_.insert(part.id).second && !has_own) {
        SignedCall call = FindCall(part);
        has_reasoning = has_reasoning || !call.first.empty() || !call.before.empty();
        Append(std::move(call.first), &first);
        Append(std::move(call.before), &parts);
        part.signature = std::move(call.signature);
      }
      parts.push_back(std::move(part));
    }
    if (has_reasoning) {
      // The same once more, as far as the client's dialect could say it.
      const auto is_unsigned = [](const Part& part) {
        return part.kind == PartKind::kReasoning && !IsSigned(part);
      };
      parts.erase(std::remove_if(parts.begin(), parts.end(), is_unsigned), parts.end());
    }
    Append(std::move(parts), &first);
    turn->parts = std::move(first);
  }

 private:
  // Nothing signed where none is known.
  SignedCall FindCall(const Part& part) {
    SignedCall call;
    const absl::StatusOr<Json> kept =
        scope_.store->FindCall(scope_.owner, part.id, now_, &bytes_left_);
    if (!kept.ok() || FindString(*kept, "name") != part.name) return call;
    call.first = ReadReasoning(*kept, "first");
    call.before = ReadReasoning(*kept, "before");
    call.signature = UnsealSignature(FindString(*kept, "signature"), kNoOrigin);
    return call;
  }

  const SignedCallScope& scope_;
  const absl::Time now_;
  size_t bytes_left_;
  std::set<std::string> ids_;
};

}  // namespace

void SignedCallFinder::Add(const ChatEvent& event) {
  switch (event.kind) {
    case Kind::kPartOpen:
    case Kind::kPartDelta:
    case Kind::kPartClose:
      break;
    default:
      return;
  }
  Choice& choice = choices_[event.choice];
  if (event.part_kind == PartKind::kReasoning) {
    AddReasoning(event, &choice);
  } else if (event.part_kind != PartKind::kToolCall) {
    choice.said = choice.said || !chat::IsBlank(event.text);
  } else if (event.kind == Kind::kPartOpen) {
    AddCall(event, &choice);
  }
}

void SignedCallFinder::AddReasoning(const ChatEvent& event, Choice* choice) {
  if (event.kind == Kind::kPartOpen) choice->open = {};
  choice->bytes += event.text.size() + event.signature.data.size();
  choice->too_long = choice->too_long || choice->bytes > kReasoningBytesMax;
  if (choice->too_long) {
    choice->open = {};
    return;
  }
  choice->open.text += event.text;
  if (!event.signature.data.empty()) choice->open.signature = event.signature;
  if (event.kind != Kind::kPartClose) return;
  Part part = std::exchange(choice->open, {});
  if (!IsSigned(part)) return;
  part.kind = PartKind::kReasoning;
  (choice->said ? choice->next.before : choice->next.first).push_back(std::move(part));
}

// All that is needed is known at its beginning, which is before the client can send it back.
void SignedCallFinder::AddCall(const ChatEvent& event, Choice* choice) {
  SignedCall call = std::exchange(choice->next, {});
  if (std::exchange(choice->too_long, false)) call = {};
  choice->bytes = 0;
  choice->said = true;
  call.signature = event.signature;
  if (call.first.empty() && call.before.empty() && call.signature.data.empty()) return;
  call.id = event.id;
  call.name = event.name;
  found_.push_back(std::move(call));
}

std::vector<SignedCall> SignedCallFinder::Take() { return std::exchange(found_, {}); }

void RememberSignedCalls(const SignedCallScope& scope, const std::vector<SignedCall>& calls,
                         absl::Time now) {
  for (const SignedCall& call : calls) {
    Json kept = Json::object();
    kept["name"] = call.name;
    kept["first"] = WriteReasoning(call.first);
    kept["before"] = WriteReasoning(call.before);
    kept["signature"] = SealSignature(call.signature, kNoOrigin);
    scope.store->RememberCall(scope.owner, call.id, kept, now);
  }
}

void RestoreSignedCalls(const SignedCallScope& scope, absl::Time now, chat::ChatRequest* request) {
  Restorer restorer(scope, now);
  for (auto turn = request->turns.rbegin(); turn != request->turns.rend(); ++turn) {
    if (turn->role == chat::Role::kAssistant) restorer.RestoreTurn(&*turn);
  }
}

}  // namespace lmgate::dialect

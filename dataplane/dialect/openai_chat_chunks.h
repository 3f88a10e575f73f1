#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/chat/chat_event.h"
#include "dataplane/chat/object_end.h"
#include "dataplane/chat/part.h"
#include "dataplane/dialect/dialect.h"
#include "dataplane/dialect/json.h"
#include "dataplane/dialect/openai_chat_wire.h"

namespace lmgate::dialect {

// The chunks of one answer to events, with patience for servers that are nearly compatible
// (translation.md 10.2). A plain answer is taken as one chunk, so that both are read alike. One for
// each answer; not thread-safe; `context` must outlive it.
class ChatChunkReader {
 public:
  // More choices or calls than a provider makes, or more text held back, end the answer as broken.
  static constexpr int64_t kChoicesMax = 128;
  static constexpr size_t kCallsMax = 1024;
  static constexpr size_t kHeldBytesMax = 16 << 20;

  explicit ChatChunkReader(const AnswerContext& context) : context_(context) {}

  void Add(const Json& chunk, std::vector<chat::ChatEvent>* events);
  // The provider said that nothing follows: kEnd, or a kError when there is no answer.
  void End(std::vector<chat::ChatEvent>* events);
  void Fail(chat::ProviderError error, std::vector<chat::ChatEvent>* events);

  bool ended() const { return ended_; }
  // Every choice has its reason: a stream that stops now is whole.
  bool finished() const;

 private:
  // A piece of a call as a delta has it.
  struct CallPiece {
    std::optional<int64_t> index = {};
    std::string id = {};
    std::string name = {};
    std::string arguments = {};
    chat::Signature signature = {};
  };
  struct Call {
    std::optional<int64_t> index = {};
    std::string wire_id = {};  // the provider's; empty = none yet
    std::string name = {};     // empty = not known: the part is not open yet
    int part = -1;
    std::string pending = {};  // arguments that came before the name
    chat::Signature signature = {};
    chat::ObjectEnd arguments = {};
  };
  struct Choice {
    bool seen = false;
    int number = 0;
    int next_part = 0;
    // The one open text, reasoning or refusal; calls stay open beside a text until the end.
    int open_part = -1;
    chat::PartKind open_kind = chat::PartKind::kText;
    size_t open_bytes = 0;
    int64_t text_points = 0;       // of all texts
    int64_t text_base = 0;         // of the texts before the last one
    std::vector<Call> calls = {};  // in the order of their beginning
    std::vector<chat::Part> held = {};
    std::optional<chat::FinishReason> finish = {};
    bool refused = false;
  };
  using Events = std::vector<chat::ChatEvent>;

  void Start(Events* events);
  void ReadChoice(const Json& json, size_t position, Events* events);
  void ReadDelta(const Json& delta, const Json* logprobs, bool whole_message, Choice* choice,
                 Events* events);
  void AddLogprobs(const Json& logprobs, Choice* choice, Events* events);
  void ReadReasoning(const ChatReasoning& reasoning, Choice* choice, Events* events);
  void ReadContent(const Json& content, Choice* choice, Events* events);
  void ReadCalls(const Json& delta, bool whole_message, Choice* choice, Events* events);
  void AddCallPiece(CallPiece piece, Choice* choice, Events* events);
  Call* FindCall(const CallPiece& piece, Choice* choice);
  void OpenCall(Call* call, Choice* choice, Events* events);
  void AddText(chat::PartKind kind, std::string text, Choice* choice, Events* events);
  void AddCitations(const Json& annotations, Choice* choice, Events* events);
  void Open(chat::PartKind kind, Choice* choice, Events* events);
  void CloseOpen(chat::Signature signature, Choice* choice, Events* events);
  void AddWhole(chat::Part part, Choice* choice, Events* events);
  void EndChoice(Choice* choice, Events* events);
  std::string NewCallId(std::string_view wire_id);
  bool Hold(size_t bytes, Events* events);

  const AnswerContext& context_;
  std::string id_;
  std::string model_;
  int64_t created_ = 0;
  std::vector<Choice> choices_;
  std::set<std::string> call_ids_;
  int64_t made_ids_ = 0;
  size_t held_bytes_ = 0;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace lmgate::dialect

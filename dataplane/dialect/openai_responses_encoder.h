#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/dialect/dialect.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// Events to the event stream of a response. Keeps the whole answer: its last event repeats it.
class OpenAiResponsesEncoder : public EventEncoder {
 public:
  // An answer with more text, arguments and signatures ends as a failed one.
  static constexpr size_t kAnswerBytesMax = 32 << 20;

  explicit OpenAiResponsesEncoder(const AnswerContext& context,
                                  size_t answer_bytes_max = kAnswerBytesMax);
  ~OpenAiResponsesEncoder() override;

  void Encode(const chat::ChatEvent& event, std::string* out) override;
  std::string_view content_type() const override { return "text/event-stream"; }

  // The response of the last event as JSON, for ResponseStore::Remember; empty until the end.
  std::string_view final_response() const override { return final_response_; }

 private:
  struct Item;

  void Begin(std::string_view model, int64_t created, std::string* out);
  void Open(const chat::ChatEvent& event, std::string* out);
  void Announce(Item* item, std::string* out);
  void Add(const chat::ChatEvent& event, Item* item, std::string* out);
  void AddText(std::string_view text, std::string_view logprobs, Item* item, std::string* out);
  void AddCitation(const chat::Citation& citation, Item* item, std::string* out);
  void Close(Item* item, std::string* out);
  void WriteWhole(const chat::Part& part, std::string* out);
  void End(std::string* out);
  void Fail(const chat::ProviderError& error, std::string* out);
  void Shut(std::unique_ptr<Item> item, std::string* out);
  void WriteRefusal(const Item& item, Json* whole, std::string* out);
  void CloseLast(std::string* out);
  void CloseAll(std::string* out);
  void WriteLast(std::string_view type, std::string* out);
  void Write(std::string_view type, Json members, std::string* out);
  Json Place(const Item& item) const;
  bool Reserve(const chat::ChatEvent& event);

  const AnswerContext& context_;
  const size_t answer_bytes_max_;
  size_t answer_bytes_ = 0;
  int64_t sequence_number_ = 0;
  bool begun_ = false;
  bool ended_ = false;
  // By number of the part.
  std::map<int, std::unique_ptr<Item>> open_;
  // Whose part is over: what comes next says whether it is whole, and whether a refusal belongs to
  // it.
  std::unique_ptr<Item> last_;
  bool refused_ = false;
  chat::FinishReason finish_ = chat::FinishReason::kStop;
  chat::TokenUsage usage_;
  // Without its output.
  std::unique_ptr<Json> response_;
  // output[i]; null while it is not done.
  std::vector<std::unique_ptr<Json>> output_;
  std::string final_response_;
};

}  // namespace lmgate::dialect

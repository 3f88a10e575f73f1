#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/contract/system_edits.h"
#include "dataplane/chat/chat_event.h"
#include "dataplane/chat/chat_request.h"
#include "dataplane/chat/chat_response.h"
#include "dataplane/dialect/dialect.h"
#include "dataplane/dialect/reasoning_filter.h"
#include "dataplane/dialect/signed_calls.h"
#include "dataplane/dialect/stop_filter.h"
#include "dataplane/dialect/structured_output.h"

namespace lmgate::dialect {

// One request of a client in one dialect, and its answer from a provider in another: the hub. Used
// in this order: Create, Encode for each target that is tried, then either TranslateAnswer or
// BeginStream, Feed and Finish. Belongs to one request; not thread-safe.
//
// A request that asks for several answers of a provider that gives one takes several upstream
// requests with the same body: branch_count says how many; each brings its own answer or stream.
class Translation {
 public:
  struct Client {
    const Dialect* dialect = nullptr;
    std::string id = {};          // AnswerContext::id
    std::string request_id = {};  // AnswerContext::request_id
    int64_t created = 0;
    bool gemini_array = false;
    const contract::SystemEdits* edits = nullptr;  // of the route; null = none; must outlive this
    // For what is signed of the answer's tool calls, where the dialect's clients do not send it
    // back.
    SignedCallScope calls = {};
  };

  // Reads the client's request. InvalidArgument: it is none; the field hint names where.
  static absl::StatusOr<std::unique_ptr<Translation>> Create(const Client& client,
                                                             const RequestSource& source);

  // For a target whose connection speaks `backend`, another dialect. InvalidArgument: it cannot be
  // said there. ResourceExhausted: the route's edits make it too long.
  absl::StatusOr<UpstreamBody> Encode(const Dialect& backend, const BackendTraits& traits);

  // As the client sent it, but for what was signed of its calls.
  const chat::ChatRequest& request() const { return context_.request; }
  size_t branch_count() const { return branch_count_; }

  // An answer in one piece for each branch, all 2xx. Unavailable: one of them is no answer; with
  // failed(), because it holds an error of the provider.
  absl::StatusOr<std::string> TranslateAnswer(const std::vector<std::string>& bodies);

  // The same for a client that asked for a stream: the whole of it.
  absl::StatusOr<std::string> TranslateAnswerAsStream(const std::vector<std::string>& bodies);

  // A stream.
  void BeginStream();
  std::string_view content_type() const { return encoder_->content_type(); }
  std::string_view keep_alive() const { return encoder_->keep_alive(); }
  // Appends to `out` what the bytes of a branch's stream say to the client, which may be nothing.
  void Feed(size_t branch, std::string_view bytes, std::string* out);
  // The branch's stream is over, lawfully or not.
  void Finish(size_t branch, std::string* out);
  // Ends the client's stream with an error of ours, whose code is the gateway's.
  void Fail(const chat::ProviderError& error, std::string* out);
  // True when the end, or an error, has been written: nothing comes after.
  bool ended() const { return ended_; }
  // EventEncoder::final_response of that stream.
  std::string_view final_response() const { return encoder_->final_response(); }
  // Nothing has been said yet: with failed(), the error may still become an HTTP status.
  bool said_nothing() const { return !said_anything_; }
  // The stream ended by an error, or the answer is one: this.
  bool failed() const { return failed_; }
  const chat::ProviderError& error() const { return error_; }

  // Keeps in Client::calls what the answer has brought until now. Before the client is told it: its
  // next request may come at once.
  void RememberCalls(absl::Time now);

  // Gives up the turns, which may be large, once no further target is tried.
  void ForgetRequest() { context_.request.turns.clear(); }

  // As far as it is known.
  const chat::TokenUsage& usage() const { return usage_; }

 private:
  struct Branch {
    std::unique_ptr<EventDecoder> decoder;
    chat::TokenUsage usage;
    bool ended = false;
  };

  explicit Translation(const Client& client) : client_(client) {}

  absl::StatusOr<chat::ChatResponse> DecodeAnswer(const std::vector<std::string>& bodies);
  void FitTools(std::string_view backend, chat::ChatRequest* request);
  void OnEvent(size_t branch, chat::ChatEvent event, std::string* out);
  void AskForSchema(std::string_view backend, const BackendTraits& traits,
                    chat::ChatRequest* request);
  // The event as the client's request asked for it: in filtered_.
  void Filter(chat::ChatEvent event);
  void Emit(chat::ChatEvent event, std::string* out);
  void Restore(chat::ChatEvent* event);
  void CountUsage();

  const Client client_;
  AnswerContext context_;
  const Dialect* backend_ = nullptr;
  size_t branch_count_ = 1;
  absl::flat_hash_map<std::string, std::string> tool_names_;  // the provider's -> the client's
  std::optional<SchemaToolFilter> schema_tool_;
  std::optional<RootFilter> root_;
  std::optional<StopFilter> stop_;
  ReasoningFilter reasoning_{ReasoningView::kAll};
  std::vector<Branch> branches_;
  std::unique_ptr<EventEncoder> encoder_;
  std::vector<chat::ChatEvent> events_;    // of one Feed
  std::vector<chat::ChatEvent> filtered_;  // of one event
  chat::TokenUsage usage_;
  chat::ProviderError error_;
  std::vector<bool> has_calls_;                   // by choice
  std::optional<SignedCallFinder> signed_calls_;  // nullopt = the client keeps them, or nobody
  bool started_ = false;
  bool said_anything_ = false;
  bool ended_ = false;
  bool failed_ = false;
};

}  // namespace lmgate::dialect

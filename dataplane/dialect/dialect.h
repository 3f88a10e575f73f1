#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/chat/chat_event.h"
#include "dataplane/chat/chat_request.h"
#include "dataplane/chat/chat_response.h"

namespace lmgate::dialect {

// A client's request, as far as its meaning goes. Views live through the call only.
struct RequestSource {
  std::string_view body = {};   // JSON; may be anything
  std::string_view model = {};  // the path's, decoded (gemini, bedrock); empty = the body names it
  bool stream = false;          // the path's (gemini, bedrock)
  // Its tokens are counted and it is not answered: what only an answer needs may be missing.
  bool count_only = false;
  std::string_view betas = {};  // anthropic: the header anthropic-beta; a list with commas
};

// What a backend is to be asked for, and what is known of its provider beyond its dialect.
struct BackendTraits {
  std::string model = {};     // the provider's name of it
  std::string provider = {};  // preset, as "openai"; empty = none
  // openai-chat: servers that know only the old `max_tokens`.
  bool legacy_max_tokens = false;
  // Sent where the dialect requires a limit and the client gave none.
  int64_t default_max_tokens = 8192;
};

// An encoded request.
struct UpstreamBody {
  std::string path = {};   // after base_url, percent-encoded, as "/chat/completions"
  std::string query = {};  // without '?'; may be empty
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  // beside content-type; lower case
};

// What coders of an answer need to know of its request. Must outlive them.
struct AnswerContext {
  std::string id = {};             // unique, [a-z0-9]: ids that must be made begin from it
  std::string request_id = {};     // as the client knows it
  int64_t created = 0;             // unix seconds
  std::string model = {};          // that the provider was asked for
  bool include_usage = false;      // openai-chat: a usage chunk ends the stream
  bool gemini_array = false;       // gemini: one JSON array instead of an event stream
  chat::ChatRequest request = {};  // as the client sent it
};

// The provider's bytes, cut anywhere, to events. One for each answer; not thread-safe.
class EventDecoder {
 public:
  virtual ~EventDecoder() = default;
  // Appends what `bytes` completes. After kEnd or kError further bytes are ignored. What is not
  // lawful makes a kError.
  virtual void Feed(std::string_view bytes, std::vector<chat::ChatEvent>* events) = 0;
  // The provider's stream is over: a kError unless kEnd was seen or can be inferred.
  virtual void Finish(std::vector<chat::ChatEvent>* events) = 0;
};

// Events to the client's bytes. One for each answer; not thread-safe.
class EventEncoder {
 public:
  virtual ~EventEncoder() = default;
  // Appends the bytes of the body. The events must be lawful (chat_event.h); those of kEnd and
  // kError end the body.
  virtual void Encode(const chat::ChatEvent& event, std::string* out) = 0;
  virtual std::string_view content_type() const = 0;
  // Bytes that say nothing, between two events, to keep proxies from cutting an idle stream; empty
  // = the dialect has none.
  virtual std::string_view keep_alive() const { return ": keep-alive\n\n"; }
  // The whole answer as EncodeResponse would write it, once it has ended, of a dialect whose later
  // requests may refer to it; empty = none.
  virtual std::string_view final_response() const { return {}; }
};

// One wire format. Stateless, thread-safe. Errors are InvalidArgument; their message is for the
// client, and FieldHint::field (common/base/error_detail.h) names the field in its own dialect.
class Dialect {
 public:
  virtual ~Dialect() = default;
  virtual std::string_view name() const = 0;  // as contract::kDialectNames

  // Downstream: what a client asks.
  virtual absl::StatusOr<chat::ChatRequest> DecodeRequest(const RequestSource& source) const = 0;
  // Upstream: `request` has passed CheckFeatures and Normalize for this dialect.
  virtual absl::StatusOr<UpstreamBody> EncodeRequest(const chat::ChatRequest& request,
                                                     const BackendTraits& traits) const = 0;

  // Upstream: an answer in one piece (2xx). An answer that is none, or that holds an error, is
  // Unavailable.
  virtual absl::StatusOr<chat::ChatResponse> DecodeResponse(std::string_view body,
                                                            const AnswerContext& context) const = 0;
  // Downstream: the body of a 200.
  virtual std::string EncodeResponse(const chat::ChatResponse& response,
                                     const AnswerContext& context) const = 0;

  virtual std::unique_ptr<EventDecoder> NewEventDecoder(const AnswerContext& context) const = 0;
  virtual std::unique_ptr<EventEncoder> NewEventEncoder(const AnswerContext& context) const = 0;
};

}  // namespace lmgate::dialect

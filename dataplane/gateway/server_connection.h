#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/contract/error_code.h"
#include "dataplane/auth/digest_memo.h"
#include "dataplane/gateway/answer_head.h"
#include "dataplane/gateway/edited_request.h"
#include "dataplane/gateway/endpoints.h"
#include "dataplane/gateway/fan_out.h"
#include "dataplane/gateway/translated_request.h"
#include "dataplane/gateway/upstream_request.h"
#include "dataplane/gateway/worker.h"
#include "dataplane/http1/body_framing.h"
#include "dataplane/http1/client_pool.h"
#include "dataplane/http1/stream.h"
#include "dataplane/http1/timer_wheel.h"
#include "dataplane/usage/usage_scanner.h"

namespace lmgate::gateway {

// One client connection and the requests on it, one after another. Serve is the whole life in one
// flat coroutine: it only awaits sockets; each phase is a plain function that it calls. Deletes
// itself at the end. Belongs to its worker's thread.
class ServerConnection {
 public:
  enum class Client : uint8_t {
    kNetwork,
    kHttp2Stream,  // an Http2Exchange of this worker
  };

  ServerConnection(Worker& worker, http1::Socket socket, Client client);
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  void Start();
  // The worker drains: an idle connection ends at once, one that may be sending a request as its
  // kDrain…Ms has passed, a busy one after its answer.
  void OnDrain();
  // The end now, whatever is under way.
  void Abort();
  Client client() const { return client_kind_; }

 private:
  // While the worker drains, a client's first request is awaited so long after it was accepted,
  // and its next one so long after an answer: it may be on its way, and a close would cut it.
  static constexpr int64_t kDrainFirstMs = 1000;
  static constexpr int64_t kDrainNextMs = 100;
  // Read of a request at first. More of a long body would only have to be copied out.
  static constexpr size_t kInputBytes = 8 << 10;
  static constexpr size_t kAnswerBytes = 32 << 10;        // read from a provider at a time
  static constexpr size_t kErrorBodyBytesMax = 16 << 10;  // of a refusal that is translated
  // After a translated stream has ended: for the rest of the provider's framing.
  static constexpr int64_t kStreamRestMs = 1000;
  static constexpr int kInterimAnswersMax = 16;  // 1xx before the answer
  static constexpr int64_t kLingerMs = 2000;
  static constexpr size_t kLingerBytesMax = 1 << 20;

  // What a phase says to Serve.
  enum class Step {
    kContinue,
    kReadClient,    // wait for the client's bytes, then call again
    kReadUpstream,  // wait for the provider's bytes, then call again
    kAnswer,        // local_ holds the answer: write it
    kRelay,         // the provider's answer has begun: pass it on
    kRetry,         // the pooled socket was dead: the same target again, on a new one
    kNextTarget,
    kFanOut,   // several requests at once: FanOutRequest
    kRelayed,  // the answer has been passed on
    kClose,    // nothing can be said any more
  };

  // What the timer watches over, and so what its end means.
  enum class Phase : uint8_t {
    kIdle,
    kHead,
    kBody,
    kConnect,
    kSend,
    kAnswerHead,
    kFirstByte,
    kAnswerBody,
    kWrite,
    kLinger,
  };

  // What of a provider's answer is read before anything is said to the client.
  enum class Collect : uint8_t {
    kNothing,
    kRefusal,  // of our credential
    kError,    // a refusal, to be translated
    kAnswer,   // a whole answer, to be translated
    kStream,   // as much of a stream as it takes until it says something, or fails
  };

  // An answer of our own, not yet encoded.
  struct LocalAnswer {
    int status = 0;
    std::string_view content_type = "application/json";
    std::string body;
    std::string extra_headers;
  };

  // Everything about the request under way, but for texts.
  struct RequestState {
    int64_t start_us = 0;  // steady
    int64_t start_unix_us = 0;
    int64_t total_deadline_ms = 0;  // 0 = none yet
    int64_t first_byte_us = -1;
    bool begun = false;  // its first byte has come
    bool http_1_0 = false;
    bool head_request = false;
    bool keep_alive = false;
    bool stream = false;
    contract::ErrorCode code = contract::ErrorCode::kOk;
    int status = 0;  // sent
    int upstream_status = 0;
    int attempts = 0;
    uint64_t response_bytes = 0;
    EndpointMatch endpoint;
    ModelPlace place;
    std::array<char, 12> key_id{};
    bool authenticated = false;
    const contract::RoutingTable::Group* group = nullptr;  // of served
    const snapshot::KeyRecord* key = nullptr;              // of served
    const contract::RoutingTable::Route* route =
        nullptr;  // of served; null = by default_connection
    http1::HeaderId key_header = http1::HeaderId::kOther;
    ServedSnapshotRef served;
    // Body: in the input buffer when it came with the head, else in body_.
    std::string_view body;
    uint64_t body_bytes = 0;
    bool has_body = false;
    bool body_taken = false;             // the body's bytes have left the socket
    bool sent = false;                   // the provider took the whole request
    size_t target = 0;                   // index into the plan
    std::optional<uint32_t> connection;  // of the attempt under way or the last one
    const snapshot::UpstreamConnection* upstream = nullptr;  // of served; that connection
    bool edits_made = false;                                 // edited_ says what came of it
    usage::UsageScanner usage;
  };
  struct Request : RequestState {
    std::string id;
    std::string method;
    std::string path;
    std::string model;
    std::string upstream_model;

    // For the next; the texts' memory serves again.
    void Reset() {
      static_cast<RequestState&>(*this) = RequestState();
      for (std::string* text : {&id, &method, &path, &model, &upstream_model}) text->clear();
    }
  };

  http1::Awaitable<> Serve();
  void Finish();
  // The client speaks HTTP/2: another one serves it, and this ends.
  void HandOver();

  // ---- the phases, in their order
  void BeginRequest();
  Step ReadHead();
  Step Authenticate();
  Step StartBody();
  Step ReadBody();
  Step Decide();
  Step PrepareTarget(Step previous);
  Step OnConnected(absl::StatusOr<http1::StreamPtr> connected);
  void EncodeForTarget();
  Step ReadAnswerHead();
  void StartRelay();
  void StartRawRelay();
  // Fills pieces_ with what is to be written now; false = nothing comes after.
  bool Relay();
  // False = the client cannot be written to.
  bool AfterRelayWrite(const http1::ErrorCode& error);
  // Logs, counts and makes ready for the next request; false = the connection ends.
  bool Settle(Step last);

  // ---- parts of them
  Step Refuse(contract::ErrorCode code, std::string message = {}, std::string_view param = {});
  Step AnswerHere(int status, std::string_view content_type, std::string body);
  Step ScanHead();
  Step ServeModels();
  Step ReadChunkedBody();
  Step ScanBody();
  Step FailAttempt(contract::ErrorCode code, std::string message);
  Step OnAnswerHead(const http1::ResponseHead& head);
  // True while the answer cannot be judged by its head, and its body is still to come.
  bool AwaitsBody(const http1::ResponseHead& head) const;
  // Whether the answer refuses the credential that the gateway has sent; then it is renewed, where
  // it was fetched. `body`: needed only where MayRefuseKey.
  bool TakeCredentialRefusal(int status, std::string_view body);
  bool MayRefuseKey(int status) const;
  bool MayBeginWithError(const http1::ResponseHead& head) const;
  bool HasNextTarget() const { return request_.target + 1 < scratch_->plan.targets().size(); }
  bool SendsOurCredential() const;
  Step CollectAnswer();
  Step RefuseCredential();
  std::string ProviderMessage(std::string message) const;
  size_t CollectBytesMax() const;
  // What the timer allows until more of an answer comes.
  void SetAnswerDeadline();

  // ---- where it speaks the client's, and something must change (server_connection_edit.cc)
  Step EditRequest();
  // Null = none.
  const contract::SystemEdits* system_edits() const;

  // ---- where the target speaks another dialect (server_connection_translate.cc)
  bool NeedsTranslation() const;
  Step TranslateRequest();
  Step CountTokensHere();
  Step RefuseUntranslatable(contract::ErrorCode code, const absl::Status& status);
  Step RefuseState(const absl::Status& status);
  void RememberAnswer(std::string_view answer);
  std::string_view Owner() const;
  void BeginTranslatedAnswer(const http1::ResponseHead& head);
  Step EndCollecting(bool whole);
  Step TranslateError();
  Step RefuseAs(const chat::ProviderError& error);
  Step FailTranslated(const absl::Status& status);
  Step TranslateWhole();
  void StartTranslatedRelay();
  void AddTranslated(std::string* text);
  bool RelayTranslated();
  // The whole of a request with several branches: from its sending to kAnswer or kRelayed.
  http1::Awaitable<Step> FanOutRequest();
  // kReadUpstream = wait for news; kRelay = all branches have begun their streams.
  Step AdvanceFanOut();
  bool RelayFanOut();
  void SetTranslatedCode();
  // True = the timer only meant that a translated stream is silent, and the client was told so.
  bool KeepStreamAlive();
  void EndTruncated(contract::ErrorCode code, std::string_view message);
  // Takes what of the body is in `data` into pieces_; false = the framing is broken.
  bool TakeBody(std::string_view data);
  void AddPiece(std::string_view piece);
  void ObservePayload(std::string_view payload);
  bool AtEventBoundary() const;
  void ReleaseUpstream(bool reusable);
  void SkipBody();
  void DetachHead();
  void GrowBody(size_t bytes);
  std::optional<std::string_view> HeaderValue(std::string_view lower_name) const;
  const snapshot::UpstreamConnection& upstream_connection() const { return *request_.upstream; }

  // How long an idle connection is kept from now on.
  int64_t IdleMs() const;
  void OnIdleEnd();
  void SetDeadline(Phase phase, int64_t timeout_ms);
  void OnTimer();
  void OnUnattendedRead();
  void WatchClient();

  Worker& worker_;
  const Client client_kind_;
  bool may_be_http2_;  // nothing was read yet, and nothing agreed on
  auth::DigestMemo digest_memo_;
  http1::StreamPtr client_;
  http1::TimerWheel::Entry timer_;
  Phase phase_ = Phase::kIdle;
  int64_t drain_end_ms_ = 0;  // until then a request may be on its way
  bool timed_out_ = false;
  bool client_gone_ = false;
  bool linger_ = false;  // bytes of the client may still be under way: a close would reset

  Request request_;
  std::unique_ptr<RequestScratch> scratch_;
  size_t scanned_bytes_ = 0;  // of the input, searched for the end of the head
  size_t head_bytes_ = 0;     // of the input, to be consumed with the request
  std::string head_copy_;     // the head, where the input is needed for the body
  BodyBuffer body_;           // with padding for simdjson
  bool body_read_begun_ = false;
  size_t body_bytes_ = 0;
  http1::ChunkTracker request_chunks_;
  LocalAnswer local_;

  // ---- the attempt under way
  http1::ConnectControl connect_control_;
  http1::StreamPtr upstream_;
  bool upstream_reused_ = false;
  bool upstream_keep_alive_ = false;
  int interim_answers_ = 0;
  EncodedRequest encoded_;
  // Null = the target speaks the client's dialect, or none has been tried yet.
  std::unique_ptr<TranslatedRequest> translated_;
  bool translating_ = false;  // the target under way
  // Null = the client's body goes to targets of its dialect as it is.
  std::unique_ptr<EditedRequest> edited_;
  std::unique_ptr<FanOut> fan_out_;  // while a request has several branches under way
  // ---- the relay
  http1::BodyKind answer_kind_ = http1::BodyKind::kNone;
  uint64_t answer_left_ = 0;
  http1::ChunkTracker answer_chunks_;
  std::string answer_trailers_;  // limited by answer_chunks_
  OutFraming framing_ = OutFraming::kRaw;
  bool answer_done_ = false;
  bool first_byte_seen_ = false;  // of its body
  bool event_stream_ = false;
  bool reset_at_end_ = false;  // a plain close would look like a whole answer
  Collect collecting_ = Collect::kNothing;
  std::string collected_;
  std::array<char, 4> last_bytes_{};  // of the payload: did it end between two events?
  std::string out_;                   // a head or a local answer
  std::string chunk_head_;            // framing of our own before a piece
  std::string tail_;                  // and after the last one
  std::vector<iovec> pieces_;
  size_t answer_taken_ = 0;  // bytes of the provider's input in pieces_
};

}  // namespace lmgate::gateway

#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/credential/credential.h"
#include "dataplane/http1/head_scanner.h"
#include "dataplane/snapshot/upstream_connection.h"

namespace lmgate::gateway {

// Where the client's request names the model, so that another name can be put there.
struct ModelPlace {
  enum class Kind { kNone, kJson, kMultipart, kQuery, kPath };
  Kind kind = Kind::kNone;
  size_t offset = 0;  // into the body; kPath: into UpstreamRequest::path
  size_t bytes = 0;   // what is replaced: kJson with its quotes
};

struct UpstreamRequest {
  const snapshot::UpstreamConnection* connection = nullptr;
  std::string_view method;
  std::string_view path;                        // after base_url, as "/chat/completions"
  std::string_view query;                       // as the client sent it
  std::span<const http1::HeaderField> headers;  // the client's
  // Lower-case names that the route passes on beside the standard ones.
  std::span<const std::string> forward_headers;
  // Header in which the virtual key came: never passed on, not even under passthrough.
  http1::HeaderId key_header = http1::HeaderId::kOther;
  std::string_view request_id;
  std::string_view body;
  ModelPlace place;
  std::string_view client_model;
  std::string_view model;  // to ask for
  // Not null: the body was made by us, in the provider's dialect, and these lines go with it; the
  // client's headers that belong to its own dialect do not.
  const std::vector<std::pair<std::string, std::string>>* translated_headers = nullptr;
  // Beside the connection's header_block; null = none is needed. Only while Encode runs.
  const credential::Credential* credential = nullptr;
  int64_t unix_seconds = 0;  // now: a signature holds for minutes only
  bool has_body = false;     // false = no Content-Length is sent
};

// An encoded request: text that was made for it, and the pieces to write, which point into that
// text and into the client's body. Reused for the next one without allocating.
class EncodedRequest {
 public:
  // The bytes pass untouched but for the model's name, the credential and the headers that belong
  // to one hop. `request.body` must stay until the pieces are written.
  void Encode(const UpstreamRequest& request);

  // To be consumed by Stream::TryWrite; Rewind gives them all again.
  std::span<iovec> Rewind();

 private:
  void AppendTarget(const UpstreamRequest& request);
  void AppendHeaders(const UpstreamRequest& request);
  void AppendSignature(const UpstreamRequest& request);

  std::string head_;
  size_t target_begin_ = 0;  // of the path in head_
  size_t target_end_ = 0;    // of the query
  std::string model_;
  std::array<iovec, 4> whole_{};
  std::array<iovec, 4> pieces_{};
  size_t count_ = 0;
};

}  // namespace lmgate::gateway

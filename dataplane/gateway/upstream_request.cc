#include "dataplane/gateway/upstream_request.h"

#include <absl/time/time.h>

#include <algorithm>
#include <utility>

#include "common/base/percent_encode.h"
#include "common/base/strings.h"
#include "dataplane/credential/aws_sigv4.h"
#include "dataplane/gateway/endpoints.h"
#include "dataplane/http1/request_scan.h"

namespace lmgate::gateway {
namespace {

using http1::HeaderField;
using http1::HeaderId;
using AuthMode = contract::EffectiveConnection::AuthMode;

bool IsCredential(HeaderId id) {
  return id == HeaderId::kAuthorization || id == HeaderId::kXApiKey ||
         id == HeaderId::kXGoogApiKey || id == HeaderId::kApiKey;
}

// What an API call needs to mean the same behind the gateway; all else is the client's business.
bool IsForwarded(const HeaderField& field, const UpstreamRequest& request) {
  switch (field.id) {
    case HeaderId::kContentType:
    case HeaderId::kContentEncoding:
    case HeaderId::kAccept:
    case HeaderId::kUserAgent:
    case HeaderId::kOpenAiBeta:
    case HeaderId::kAnthropicVersion:
    case HeaderId::kAnthropicBeta:
    case HeaderId::kIdempotencyKey:
    case HeaderId::kTraceparent:
    case HeaderId::kTracestate:
      return true;
    case HeaderId::kAuthorization:
    case HeaderId::kXApiKey:
    case HeaderId::kXGoogApiKey:
    case HeaderId::kApiKey:
      return request.connection->config.auth_mode == AuthMode::kPassthrough &&
             field.id != request.key_header;
    case HeaderId::kOther:
      break;
    default:
      // Framing, hop-by-hop and connection matters; accept-encoding too, since usage is read from
      // the answer. x-request-id is sent as ours.
      return std::any_of(request.forward_headers.begin(), request.forward_headers.end(),
                         [&](const std::string& name) {
                           return !http1::IsHopByHop(field.id) &&
                                  field.id != HeaderId::kContentLength &&
                                  field.id != HeaderId::kHost &&
                                  field.id != HeaderId::kXRequestId &&
                                  http1::EqualsIgnoreCase(field.name, name);
                         });
  }
  for (const std::string& name : request.forward_headers) {
    if (http1::EqualsIgnoreCase(field.name, name)) return true;
  }
  // Guardrails, latency, trace: what Bedrock is told beside the body.
  constexpr std::string_view kBedrock = "x-amzn-bedrock-";
  return request.connection->config.dialect == contract::kDialectBedrock &&
         http1::EqualsIgnoreCase(field.name.substr(0, kBedrock.size()), kBedrock);
}

bool IsOwn(const HeaderField& field, const snapshot::UpstreamConnection& connection) {
  return std::any_of(
      connection.own_headers.begin(), connection.own_headers.end(),
      [&](const std::string& name) { return http1::EqualsIgnoreCase(field.name, name); });
}

// The client's virtual key, from where it was found.
std::string VirtualKey(const UpstreamRequest& request) {
  if (request.key_header == HeaderId::kOther) return FindQueryParameter(request.query, "key");
  std::string_view value;
  for (const HeaderField& field : request.headers) {
    if (field.id == request.key_header) value = field.value;  // the last one is authenticated
  }
  return std::string(value.substr(value.find_last_of(" \t") + 1));
}

// The body was read by these: the provider must read it by the same.
bool DescribesBody(HeaderId id) {
  return id == HeaderId::kContentType || id == HeaderId::kContentEncoding;
}

// What the client says in its own dialect beside the body.
bool IsOfDialect(HeaderId id) {
  return DescribesBody(id) || id == HeaderId::kAccept || id == HeaderId::kOpenAiBeta ||
         id == HeaderId::kAnthropicVersion || id == HeaderId::kAnthropicBeta;
}

// The query without a credential, and with the target's model where the client named its own.
std::string UpstreamQuery(const UpstreamRequest& request) {
  std::string query = RemoveKeyParameter(request.query);
  if (request.place.kind != ModelPlace::Kind::kQuery) return query;
  std::string rewritten;
  std::string_view rest = query;
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (!rewritten.empty()) rewritten.push_back('&');
    if (PercentDecode(pair.substr(0, pair.find('='))) == "model") {
      StrAppend(&rewritten, "model=", PercentEncode(request.model));
    } else {
      rewritten.append(pair);
    }
  }
  return rewritten;
}

iovec PieceOf(std::string_view text) {
  return {.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
}

}  // namespace

void EncodedRequest::AppendHeaders(const UpstreamRequest& request) {
  const bool has_connection_list =
      std::any_of(request.headers.begin(), request.headers.end(),
                  [](const HeaderField& field) { return field.id == HeaderId::kConnection; });
  for (const HeaderField& field : request.headers) {
    if (!IsForwarded(field, request)) continue;
    if (request.translated_headers != nullptr && IsOfDialect(field.id)) continue;
    if (IsCredential(field.id)) {
      // Passthrough: the client's own credential goes where the connection wants it. SDKs that know
      // several headers may have put the virtual key into more than one.
      const std::string key = VirtualKey(request);
      if (!key.empty() && field.value.find(key) != std::string_view::npos) continue;
    } else if (IsOwn(field, *request.connection)) {
      continue;
    }
    if (has_connection_list && !DescribesBody(field.id) &&
        http1::IsConnectionListed(request.headers, field.name)) {
      continue;
    }
    head_.append(field.line()).append("\r\n");
  }
}

void EncodedRequest::AppendTarget(const UpstreamRequest& request) {
  const contract::EffectiveConnection& config = request.connection->config;
  target_begin_ = head_.size();
  head_.append(config.base_url.path);
  if (config.azure_deployments && !request.model.empty()) {
    head_.append("/deployments/").append(PercentEncode(request.model));
  }
  if (request.place.kind == ModelPlace::Kind::kPath && request.model != request.client_model) {
    head_.append(request.path.substr(0, request.place.offset));
    head_.append(PercentEncode(request.model));
    head_.append(request.path.substr(request.place.offset + request.place.bytes));
  } else {
    head_.append(request.path);
  }
  char separator = '?';
  if (!request.query.empty()) {
    const std::string query = UpstreamQuery(request);
    if (!query.empty()) head_.append(1, std::exchange(separator, '&')).append(query);
  }
  if (!config.azure_api_version.empty()) {
    head_.append(1, separator).append("api-version=").append(config.azure_api_version);
  }
  target_end_ = head_.size();
}

// AWS signs the whole of it: the last thing that is done.
void EncodedRequest::AppendSignature(const UpstreamRequest& request) {
  const std::string_view target =
      std::string_view(head_).substr(target_begin_, target_end_ - target_begin_);
  const size_t question = target.find('?');
  const contract::EffectiveConnection& config = request.connection->config;
  const std::string date = absl::FormatTime(
      "%Y%m%dT%H%M%SZ", absl::FromUnixSeconds(request.unix_seconds), absl::UTCTimeZone());
  credential::SigningRequest signing{.method = request.method,
                                     .host = config.base_url.host_header,
                                     .path = target.substr(0, question),
                                     .query = question == std::string_view::npos
                                                  ? std::string_view()
                                                  : target.substr(question + 1),
                                     .region = config.aws_region,
                                     .service = "bedrock",
                                     .amz_date = date};
  for (size_t i = 1; i < count_; ++i) {
    signing.payload.emplace_back(static_cast<const char*>(whole_[i].iov_base), whole_[i].iov_len);
  }
  const std::string lines = credential::SignRequest(*request.credential->aws_keys, signing);
  head_.append(lines);
}

void EncodedRequest::Encode(const UpstreamRequest& request) {
  head_.clear();
  head_.append(request.method).push_back(' ');
  AppendTarget(request);
  head_.append(" HTTP/1.1\r\n").append(request.connection->header_block);
  if (request.credential != nullptr) head_.append(request.credential->header_line);
  AppendHeaders(request);
  if (request.translated_headers != nullptr) {
    head_.append("content-type: application/json\r\n");
    for (const auto& [name, value] : *request.translated_headers) {
      head_.append(name).append(": ").append(value).append("\r\n");
    }
  }
  head_.append("x-request-id: ").append(request.request_id).append("\r\n");

  const bool splice =
      request.model != request.client_model && (request.place.kind == ModelPlace::Kind::kJson ||
                                                request.place.kind == ModelPlace::Kind::kMultipart);
  count_ = 1;
  size_t body_bytes = request.body.size();
  if (splice) {
    model_.clear();
    if (request.place.kind == ModelPlace::Kind::kJson) {
      http1::AppendJsonString(&model_, request.model);
    } else {
      model_.append(request.model);
    }
    body_bytes += model_.size() - request.place.bytes;
    whole_[1] = PieceOf(request.body.substr(0, request.place.offset));
    whole_[2] = PieceOf(model_);
    whole_[3] = PieceOf(request.body.substr(request.place.offset + request.place.bytes));
    count_ = 4;
  } else if (!request.body.empty()) {
    whole_[1] = PieceOf(request.body);
    count_ = 2;
  }
  if (request.has_body) StrAppend(&head_, "content-length: ", body_bytes, "\r\n");
  if (request.credential != nullptr && request.credential->aws_keys.has_value()) {
    AppendSignature(request);
  }
  head_.append("\r\n");
  whole_[0] = PieceOf(head_);
}

std::span<iovec> EncodedRequest::Rewind() {
  pieces_ = whole_;
  return {pieces_.data(), count_};
}

}  // namespace lmgate::gateway

#include "dataplane/gateway/endpoints.h"

#include <cstddef>

#include "common/contract/endpoint_path.h"
#include "common/contract/provider_preset.h"

namespace lmgate::gateway {
namespace {

using Action = EndpointMatch::Action;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// "." and ".." in any spelling; also with parameters behind, which some servers cut off before they
// resolve dot segments ("/..;x/").
bool IsDotSegment(std::string_view segment) {
  segment = segment.substr(0, segment.find(';'));
  size_t dots = 0;
  while (!segment.empty()) {
    if (segment.front() == '.') {
      segment.remove_prefix(1);
    } else if (segment.size() >= 3 && segment[0] == '%' && segment[1] == '2' &&
               (segment[2] == 'e' || segment[2] == 'E')) {
      segment.remove_prefix(3);
    } else {
      return false;
    }
    if (++dots > 2) return false;
  }
  return dots > 0;
}

// Bytes of the separator at the start of `text`; 0 = none. An encoded slash counts: a provider may
// decode it before it resolves dot segments; so does a backslash, which some take for a slash.
size_t SeparatorBytes(std::string_view text) {
  if (text.starts_with('/') || text.starts_with('\\')) return 1;
  if (!text.starts_with('%')) return 0;
  for (const std::string_view encoded : {"%2f", "%2F", "%5c", "%5C"}) {
    if (text.starts_with(encoded)) return encoded.size();
  }
  return 0;
}

// Methods whose meaning the gateway knows: which requests have a body and which answers do.
// CONNECT would make a tunnel of the provider's connection, TRACE would show the client the
// provider's credential, and of others nobody knows how their answers end.
bool IsPassedMethod(std::string_view method) {
  for (const std::string_view known :
       {"POST", "GET", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"}) {
    if (method == known) return true;
  }
  return false;
}

bool HasDotSegment(std::string_view path) {
  if (path.find('.') == std::string_view::npos && path.find('%') == std::string_view::npos) {
    return false;
  }
  size_t start = 0;
  for (size_t at = 0; at < path.size();) {
    const size_t separator = SeparatorBytes(path.substr(at));
    if (separator == 0) {
      ++at;
      continue;
    }
    if (IsDotSegment(path.substr(start, at - start))) return true;
    at += separator;
    start = at;
  }
  return IsDotSegment(path.substr(start));
}

ErrorShape ShapeOf(std::string_view dialect) {
  if (dialect == contract::kDialectAnthropic) return ErrorShape::kAnthropic;
  if (dialect == contract::kDialectGemini) return ErrorShape::kGemini;
  if (dialect == contract::kDialectBedrock) return ErrorShape::kBedrock;
  return ErrorShape::kOpenAi;
}

// Whose SDK asks for a path that leads to no dialect: Google's by its API version or method,
// Anthropic's by its resource.
ErrorShape ShapeOfPath(std::string_view path) {
  const std::string_view method = path.substr(path.rfind(':') + 1);
  if (path.find("/v1beta") != std::string_view::npos ||
      path.find("/v1alpha") != std::string_view::npos || method == "generateContent" ||
      method == "streamGenerateContent" || method == "countTokens" || method == "predict") {
    return ErrorShape::kGemini;
  }
  return path.find("/v1/messages") != std::string_view::npos ? ErrorShape::kAnthropic
                                                             : ErrorShape::kOpenAi;
}

}  // namespace

EndpointMatch MatchEndpoint(std::string_view method, std::string_view target,
                            std::span<const std::string> path_prefixes) {
  EndpointMatch match;
  const size_t question = target.find('?');
  std::string_view path = target.substr(0, question);
  if (question != std::string_view::npos) match.query = target.substr(question + 1);
  if (HasDotSegment(path)) {
    match.action = Action::kInvalid;
    return match;
  }
  if (path == "/healthz") {
    match.action =
        method == "GET" || method == "HEAD" ? Action::kHealth : Action::kMethodNotAllowed;
    return match;
  }
  const auto parts = contract::SplitEndpointPath(path, path_prefixes);
  const bool has_dialect = parts.has_value() && !parts->dialect.empty();
  match.shape = has_dialect ? ShapeOf(parts->dialect) : ShapeOfPath(path);
  if (!parts.has_value()) return match;
  match.path_prefix = parts->prefix;
  match.dialect = parts->dialect;
  match.operation = parts->operation;
  match.path_model = parts->model;
  match.stream = parts->stream;
  match.invoke = parts->invoke;
  match.upstream_path = path = parts->rest;

  if (parts->operation == contract::Operation::kModels) {
    const bool read = method == "GET" || method == "HEAD";
    if (path == "/models") {
      match.action = read ? Action::kListModels : Action::kMethodNotAllowed;
      return match;
    }
    match.model_id = path.substr(std::string_view("/models/").size());
    if (read && !match.model_id.empty()) {
      match.action = Action::kGetModel;
      return match;
    }
    // DELETE /models/{id} of fine-tuned models and the like: the provider's business.
  }
  if (!parts->dialect.empty() && parts->operation != contract::Operation::kModels) {
    const bool known = parts->operation != contract::Operation::kOther || !parts->model.empty() ||
                       parts->dialect == contract::kDialectOpenAiChat;
    if (known) {
      match.needs_model = true;
      match.action = method == "POST" ? Action::kProxy : Action::kMethodNotAllowed;
      return match;
    }
  }
  match.action = IsPassedMethod(method) ? Action::kProxy : Action::kMethodNotAllowed;
  return match;
}

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high >= 0 && low >= 0) {
        decoded.push_back(static_cast<char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    decoded.push_back(text[i]);
  }
  return decoded;
}

std::string FindQueryParameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && PercentDecode(pair.substr(0, equals)) == name) {
      return PercentDecode(pair.substr(equals + 1));
    }
  }
  return {};
}

std::string RemoveKeyParameter(std::string_view query) {
  std::string rest;
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (PercentDecode(pair.substr(0, pair.find('='))) == "key") continue;
    if (!rest.empty()) rest.push_back('&');
    rest.append(pair);
  }
  return rest;
}

}  // namespace lmgate::gateway

#include "dataplane/http2/request_head.h"

#include <algorithm>

#include "dataplane/http1/head_scanner.h"

namespace lmgate::http2 {
namespace {

using http1::HeaderId;

bool IsName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return http1::IsTokenChar(c) && !(c >= 'A' && c <= 'Z');
  });
}

// RFC 9113, 8.2.1, and all that an HTTP/1.1 head may not have either.
bool IsValue(std::string_view value) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  if (!value.empty() && (is_blank(value.front()) || is_blank(value.back()))) return false;
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || c == '\t';
  });
}

bool IsTarget(std::string_view path) {
  return !path.empty() &&
         std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// RFC 9113, 8.2.2: they are about a connection, which a stream has not.
bool IsOfConnection(HeaderId id) {
  return id == HeaderId::kConnection || id == HeaderId::kKeepAlive ||
         id == HeaderId::kProxyConnection || id == HeaderId::kTransferEncoding ||
         id == HeaderId::kUpgrade;
}

}  // namespace

size_t RequestHead::bytes() const {
  return lines_.size() + cookies_.size() + (path_.has_value() ? path_->size() : 0) +
         (authority_.has_value() ? authority_->size() : 0) +
         (host_.has_value() ? host_->size() : 0);
}

bool RequestHead::Add(std::string_view name, std::string_view value) {
  if (!IsValue(value)) return false;
  if (name.starts_with(':')) return AddPseudo(name, value);
  pseudo_over_ = true;
  if (!IsName(name)) return false;
  const HeaderId id = http1::FindHeaderId(name);
  if (IsOfConnection(id)) return false;
  if (id == HeaderId::kTe) return http1::EqualsIgnoreCase(value, "trailers");
  if (bytes() > bytes_max_) return true;
  if (id == HeaderId::kHost) {
    if (host_.has_value()) return false;
    host_ = value;
    return true;
  }
  if (id == HeaderId::kCookie) {
    if (!cookies_.empty()) cookies_.append("; ");
    cookies_.append(value);
    return true;
  }
  if (id == HeaderId::kContentLength) {
    has_length_ = true;
    length_is_zero_ = value.find_first_not_of('0') == std::string_view::npos;
  }
  lines_.append(name).append(": ").append(value).append("\r\n");
  return true;
}

bool RequestHead::AddPseudo(std::string_view name, std::string_view value) {
  if (pseudo_over_) return false;
  std::optional<std::string>* const field = name == ":method"      ? &method_
                                            : name == ":scheme"    ? &scheme_
                                            : name == ":authority" ? &authority_
                                            : name == ":path"      ? &path_
                                                                   : nullptr;
  if (field == nullptr || field->has_value()) return false;
  *field = value;
  return true;
}

std::optional<RequestHead::Text> RequestHead::Finish(bool ends) {
  if (!method_.has_value()) return std::nullopt;
  if (method_->empty() || !std::all_of(method_->begin(), method_->end(), http1::IsTokenChar)) {
    return std::nullopt;
  }
  if (method_ == "CONNECT") {
    // There is no tunnel here: the reader refuses this target, as it does any CONNECT.
    path_ = "*";
  } else if (!scheme_.has_value() || !path_.has_value()) {
    return std::nullopt;
  }
  if (!IsTarget(*path_)) return std::nullopt;
  // RFC 9113, 8.3.1.
  if (authority_.has_value() && host_.has_value() &&
      !http1::EqualsIgnoreCase(*authority_, *host_)) {
    return std::nullopt;
  }
  if (ends && has_length_ && !length_is_zero_) return std::nullopt;
  Text text;
  text.is_head = method_ == "HEAD";
  text.cut = bytes() > bytes_max_;
  text.chunked = !ends && !has_length_ && !text.cut;
  text.head.append(*method_).append(" ").append(*path_).append(" HTTP/1.1\r\n");
  const std::optional<std::string>& host = authority_.has_value() ? authority_ : host_;
  if (host.has_value()) text.head.append("host: ").append(*host).append("\r\n");
  text.head.append(lines_);
  if (!cookies_.empty()) text.head.append("cookie: ").append(cookies_).append("\r\n");
  if (text.chunked) text.head.append("transfer-encoding: chunked\r\n");
  if (!text.cut) text.head.append("\r\n");
  return text;
}

}  // namespace lmgate::http2

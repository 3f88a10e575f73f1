#include "dataplane/http1/multipart_scan.h"

#include <array>
#include <cstring>

#include "dataplane/http1/head_scanner.h"

namespace lmgate::http1 {
namespace {

constexpr size_t kBoundaryBytesMax = 70;  // RFC 2046, 5.1.1
constexpr size_t kPartsMax = 256;
constexpr size_t kPartHeadBytesMax = 8192;
constexpr size_t kModelBytesMax = 512;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Value of `name=value` or `name="value"` among the ;-separated parameters; empty = not there.
// Backslash escapes in quoted values are not undone: neither a boundary nor "model" needs one.
std::string_view FindParameter(std::string_view header, std::string_view name) {
  size_t at = header.find(';');
  while (at != std::string_view::npos) {
    std::string_view rest = Trim(header.substr(at + 1));
    const size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return {};
    const std::string_view key = Trim(rest.substr(0, equals));
    std::string_view value = Trim(rest.substr(equals + 1));
    size_t end = 0;
    if (!value.empty() && value.front() == '"') {
      end = 1;
      while (end < value.size() && value[end] != '"') end += value[end] == '\\' ? 2 : 1;
      if (end >= value.size()) return {};
      if (EqualsIgnoreCase(key, name)) return value.substr(1, end - 1);
      end = value.find(';', end);
    } else {
      end = value.find(';');
      if (EqualsIgnoreCase(key, name)) return Trim(value.substr(0, end));
    }
    if (end == std::string_view::npos) return {};
    at = static_cast<size_t>(value.data() - header.data()) + end;
  }
  return {};
}

// The field name of a part, from the Content-Disposition line of its head.
std::string_view PartName(std::string_view head) {
  while (!head.empty()) {
    const size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head = end == std::string_view::npos ? std::string_view() : head.substr(end + 2);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos &&
        EqualsIgnoreCase(line.substr(0, colon), "content-disposition")) {
      return FindParameter(line.substr(colon + 1), "name");
    }
  }
  return {};
}

}  // namespace

bool IsMultipartFormData(std::string_view content_type) {
  const std::string_view type = Trim(content_type.substr(0, content_type.find(';')));
  return EqualsIgnoreCase(type, "multipart/form-data");
}

MultipartScan ScanMultipart(std::string_view content_type, std::string_view body) {
  MultipartScan scan;
  const auto invalid = [&scan](std::string_view error) {
    scan.valid = false;
    scan.error = error;
    return scan;
  };
  const std::string_view boundary = FindParameter(content_type, "boundary");
  if (boundary.empty() || boundary.size() > kBoundaryBytesMax) {
    return invalid("the multipart body has no usable boundary");
  }
  std::array<char, kBoundaryBytesMax + 4> delimiter_text{};
  std::memcpy(delimiter_text.data(), "\r\n--", 4);
  std::memcpy(delimiter_text.data() + 4, boundary.data(), boundary.size());
  const std::string_view delimiter(delimiter_text.data(), boundary.size() + 4);

  // The first delimiter may stand at the very start, without its CRLF.
  size_t at = 0;
  if (body.starts_with(delimiter.substr(2))) {
    at = delimiter.size() - 2;
  } else {
    at = body.find(delimiter);
    if (at == std::string_view::npos) return invalid("the multipart body lacks its boundary");
    at += delimiter.size();
  }
  for (size_t part = 0;; ++part) {
    if (body.substr(at).starts_with("--")) {
      scan.valid = true;
      return scan;
    }
    if (part == kPartsMax) return invalid("the multipart body has too many parts");
    const size_t line_end = body.find("\r\n", at);
    if (line_end == std::string_view::npos || !Trim(body.substr(at, line_end - at)).empty()) {
      return invalid("the multipart body is malformed");
    }
    // The head may be empty: then the blank line follows at once.
    const size_t head_start = line_end + 2;
    const size_t head_end = body.substr(line_end, kPartHeadBytesMax + 4).find("\r\n\r\n");
    if (head_end == std::string_view::npos) return invalid("a multipart part has no proper head");
    const std::string_view head =
        head_end == 0 ? std::string_view() : body.substr(head_start, head_end - 2);
    const size_t value_start = line_end + head_end + 4;
    const size_t value_end = body.find(delimiter, value_start);
    if (value_end == std::string_view::npos) {
      return invalid("the multipart body lacks its closing boundary");
    }
    const std::string_view name = PartName(head);
    const std::string_view value = body.substr(value_start, value_end - value_start);
    if (name == "model") {
      if (scan.has_model) return invalid("the multipart body names \"model\" twice");
      if (value.size() > kModelBytesMax) return invalid("\"model\" is too long");
      scan.has_model = true;
      scan.model = value;
      scan.model_offset = value_start;
    } else if (name == "stream") {
      scan.stream = value == "true";
    }
    at = value_end + delimiter.size();
  }
}

}  // namespace lmgate::http1

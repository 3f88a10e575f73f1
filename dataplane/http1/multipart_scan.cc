#include "dataplane/http1/multipart_scan.h"

#include <array>
#include <cstring>

#include "dataplane/http1/field_name.h"
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

struct Parameter {
  bool valid = true;       // false = one of the parameters is malformed, or this one ambiguous
  std::string_view value;  // empty = not there
};

// `name=value` or `name="value"` among the ;-separated parameters of a header.
Parameter FindParameter(std::string_view header, std::string_view name) {
  constexpr Parameter kInvalid{.valid = false, .value = {}};
  Parameter found;
  bool seen = false;
  size_t at = header.find(';');
  while (at != std::string_view::npos) {
    const std::string_view rest = Trim(header.substr(at + 1));
    if (rest.empty()) break;
    const size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return kInvalid;
    const std::string_view key = Trim(rest.substr(0, equals));
    // RFC 2231 has name*, name*0 and so on for the same parameter.
    if (EqualsIgnoreCase(key.substr(0, key.find('*')), name)) {
      if (seen || key.size() != name.size()) return kInvalid;
      seen = true;
    }
    std::string_view value = Trim(rest.substr(equals + 1));
    size_t end = 0;
    if (value.starts_with('"')) {
      end = 1;
      while (end < value.size() && value[end] != '"') end += value[end] == '\\' ? 2 : 1;
      if (end >= value.size()) return kInvalid;
      const std::string_view quoted = value.substr(1, end - 1);
      end = value.find(';', end);
      const std::string_view behind = value.substr(quoted.size() + 2);
      if (!Trim(behind.substr(0, behind.find(';'))).empty()) return kInvalid;
      if (EqualsIgnoreCase(key, name)) {
        // Readers differ in whether a backslash escapes: neither boundary nor name needs one.
        if (quoted.find('\\') != std::string_view::npos) return kInvalid;
        found.value = quoted;
      }
    } else {
      end = value.find(';');
      if (EqualsIgnoreCase(key, name)) found.value = Trim(value.substr(0, end));
    }
    if (end == std::string_view::npos) break;
    at = static_cast<size_t>(value.data() - header.data()) + end;
  }
  return found;
}

struct PartHead {
  bool valid = false;
  std::string_view name;  // of the field; empty = none
  // Its value may be read as something else than what it says: as a file, or decoded.
  bool is_plain = true;
};

bool HasControlCharacter(std::string_view text) {
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return true;
  }
  return false;
}

bool IsUtf8(std::string_view charset) {
  return charset.empty() || EqualsIgnoreCase(charset, "utf-8") ||
         EqualsIgnoreCase(charset, "us-ascii");
}

// `head`: the lines of a part's head with their line ends. `dash_boundary`: what begins no line.
PartHead ReadPartHead(std::string_view head, std::string_view dash_boundary) {
  constexpr PartHead kInvalid;
  PartHead part{.valid = true, .name = {}, .is_plain = true};
  bool has_disposition = false;
  while (!head.empty()) {
    const size_t end = head.find("\r\n");
    if (end == std::string_view::npos) return kInvalid;
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    const size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos || line.starts_with(dash_boundary)) {
      return kInvalid;
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = line.substr(colon + 1);
    for (const char c : name) {
      if (!IsTokenChar(c)) return kInvalid;
    }
    if (HasControlCharacter(value)) return kInvalid;
    if (EqualsIgnoreCase(name, "content-disposition")) {
      const Parameter field = FindParameter(value, "name");
      const Parameter file = FindParameter(value, "filename");
      if (has_disposition || !field.valid) return kInvalid;
      has_disposition = true;
      part.name = field.value;
      part.is_plain = part.is_plain && file.valid && file.value.empty();
    } else if (EqualsIgnoreCase(name, "content-type")) {
      const Parameter charset = FindParameter(value, "charset");
      part.is_plain = part.is_plain && charset.valid && IsUtf8(charset.value);
    } else if (EqualsIgnoreCase(name, "content-transfer-encoding")) {
      part.is_plain = false;
    }
  }
  return part;
}

// Where the next delimiter's "--" stands, from `at`; npos = none, or one that only some readers
// see: behind a line end that is not CRLF.
size_t FindDelimiter(std::string_view body, std::string_view dash_boundary, size_t at) {
  for (;;) {
    at = body.find(dash_boundary, at);
    if (at == std::string_view::npos || at == 0) return at;
    if (body[at - 1] == '\n' && at >= 2 && body[at - 2] == '\r') return at;
    if (body[at - 1] == '\n' || body[at - 1] == '\r') return std::string_view::npos;
    ++at;
  }
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
  const Parameter parameter = FindParameter(content_type, "boundary");
  const std::string_view boundary = parameter.value;
  if (!parameter.valid || boundary.empty() || boundary.size() > kBoundaryBytesMax) {
    return invalid("the multipart body has no usable boundary");
  }
  std::array<char, kBoundaryBytesMax + 2> dash_boundary_text{'-', '-'};
  std::memcpy(dash_boundary_text.data() + 2, boundary.data(), boundary.size());
  const std::string_view dash_boundary(dash_boundary_text.data(), boundary.size() + 2);

  // Nothing but a line end may come before the first delimiter.
  size_t at = FindDelimiter(body, dash_boundary, 0);
  if (at != 0 && at != 2) return invalid("the multipart body does not begin with its boundary");
  at += dash_boundary.size();
  bool has_stream = false;
  for (size_t part = 0;; ++part) {
    const std::string_view rest = body.substr(at);
    if (rest.starts_with("--")) {
      if (rest.find_first_not_of("\r\n", 2) != std::string_view::npos) {
        return invalid("the multipart body goes on after its closing boundary");
      }
      scan.valid = true;
      return scan;
    }
    if (part == kPartsMax) return invalid("the multipart body has too many parts");
    if (!rest.starts_with("\r\n")) return invalid("the multipart body is malformed");
    // The head may be empty: then the blank line follows at once.
    const size_t head_end = rest.substr(0, kPartHeadBytesMax + 4).find("\r\n\r\n");
    if (head_end == std::string_view::npos) return invalid("a multipart part has no proper head");
    const PartHead head = ReadPartHead(rest.substr(2, head_end), dash_boundary);
    if (!head.valid) return invalid("a multipart part has a malformed head");
    const size_t value_start = at + head_end + 4;
    const size_t delimiter = FindDelimiter(body, dash_boundary, value_start);
    if (delimiter == std::string_view::npos || delimiter < value_start + 2) {
      return invalid("the multipart body lacks its closing boundary");
    }
    const std::string_view value = body.substr(value_start, delimiter - 2 - value_start);
    if (head.name == "model") {
      if (scan.has_model) return invalid("the multipart body names \"model\" twice");
      if (value.size() > kModelBytesMax) return invalid("\"model\" is too long");
      scan.has_model = true;
      scan.model = value;
      scan.model_offset = value_start;
    } else if (head.name == "stream") {
      if (has_stream) return invalid("the multipart body names \"stream\" twice");
      has_stream = true;
      scan.stream = value == "true";
    } else if (IsTakenFor(head.name, "model") || IsTakenFor(head.name, "stream")) {
      return invalid("the multipart body has a field that may be read as \"model\" or \"stream\"");
    }
    if (!head.is_plain && (head.name == "model" || head.name == "stream")) {
      return invalid("a field of the multipart body is encoded, or a file");
    }
    at = delimiter + dash_boundary.size();
  }
}

}  // namespace lmgate::http1

#include "dataplane/dialect/media.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/match.h>

#include <algorithm>

#include "common/base/strings.h"

namespace lmgate::dialect {
namespace {

struct Format {
  std::string_view media_type;
  std::string_view format;
};
// The first row of a type or a format counts.
constexpr Format kFormats[] = {
    {"image/png", "png"},
    {"image/jpeg", "jpeg"},
    {"image/jpeg", "jpg"},
    {"image/gif", "gif"},
    {"image/webp", "webp"},
    {"application/pdf", "pdf"},
    {"text/csv", "csv"},
    {"text/html", "html"},
    {"text/plain", "txt"},
    {"text/markdown", "md"},
    {"application/msword", "doc"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"},
    {"application/vnd.ms-excel", "xls"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
    {"audio/wav", "wav"},
    {"audio/x-wav", "wav"},
    {"audio/mpeg", "mp3"},
    {"audio/mp3", "mp3"},
    {"audio/flac", "flac"},
    {"audio/ogg", "ogg"},
    {"audio/aac", "aac"},
    {"audio/aiff", "aiff"},
};

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() &&
        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) &&
        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      decoded += absl::HexStringToBytes(ToAbsl(text.substr(i + 1, 2)));
      i += 2;
    } else {
      decoded.push_back(text[i]);
    }
  }
  return decoded;
}

}  // namespace

std::string NormalizeMediaType(std::string_view text) {
  std::string type =
      absl::AsciiStrToLower(absl::StripAsciiWhitespace(ToAbsl(text.substr(0, text.find(';')))));
  return type == "image/jpg" ? "image/jpeg" : type;
}

std::string ImageTypeOf(const chat::Part& image) {
  struct Beginning {
    std::string_view base64;
    std::string_view media_type;
  };
  constexpr Beginning kBeginnings[] = {{"iVBORw0KGgo", "image/png"},
                                       {"/9j/", "image/jpeg"},
                                       {"R0lGOD", "image/gif"},
                                       {"UklGR", "image/webp"}};
  for (const Beginning& row : kBeginnings) {
    if (image.data.starts_with(row.base64)) return std::string(row.media_type);
  }
  return NormalizeMediaType(image.media_type);
}

absl::Status ReadUrl(std::string_view url, chat::Part* part) {
  constexpr size_t kSchemeBytes = 5;
  if (!absl::StartsWithIgnoreCase(ToAbsl(url.substr(0, kSchemeBytes)), "data:")) {
    part->url = url;
    return absl::OkStatus();
  }
  const size_t comma = url.find(',');
  if (comma == std::string_view::npos) {
    return absl::InvalidArgumentError("is a data URL without data");
  }
  const std::string_view meta = url.substr(kSchemeBytes, comma - kSchemeBytes);
  const std::string_view body = url.substr(comma + 1);
  part->media_type = NormalizeMediaType(meta);
  if (part->media_type.empty()) part->media_type = "text/plain";
  if (!absl::EndsWithIgnoreCase(ToAbsl(meta), ";base64")) {
    part->data = absl::Base64Escape(PercentDecode(body));
    return absl::OkStatus();
  }
  if (IsBase64(body) && body.size() % 4 == 0) {
    part->data = body;
    return absl::OkStatus();
  }
  std::string bytes;
  const std::string text = PercentDecode(body);
  if (!absl::Base64Unescape(text, &bytes) && !absl::WebSafeBase64Unescape(text, &bytes)) {
    return absl::InvalidArgumentError("is a data URL whose data is not base64");
  }
  part->data = absl::Base64Escape(bytes);
  return absl::OkStatus();
}

std::string WriteUrl(const chat::Part& part) {
  if (part.data.empty()) return part.url;
  return StrCat("data:", part.media_type, ";base64,", part.data);
}

std::string_view FormatOf(std::string_view media_type) {
  for (const Format& row : kFormats) {
    if (row.media_type == media_type) return row.format;
  }
  return {};
}

std::string MediaTypeOf(std::string_view kind, std::string_view format) {
  const std::string lower = absl::AsciiStrToLower(ToAbsl(format));
  for (const Format& row : kFormats) {
    if (row.format == lower && row.media_type.starts_with(kind)) return std::string(row.media_type);
  }
  return StrCat(kind, "/", lower);
}

bool IsBase64(std::string_view text) {
  const size_t end = text.find_last_not_of('=');
  if (end == std::string_view::npos) return text.empty();
  if (text.size() - end > 3) return false;
  return std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(end) + 1, [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '/';
  });
}

}  // namespace lmgate::dialect

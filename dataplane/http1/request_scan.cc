#include "dataplane/http1/request_scan.h"

#include <simdjson.h>

#include <cstring>

#include "dataplane/http1/field_name.h"

namespace lmgate::http1 {

namespace {

namespace ondemand = simdjson::ondemand;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// RFC 8259, 6.
bool IsNumber(std::string_view text) {
  size_t at = 0;
  const auto digits = [&] {
    const size_t start = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    return at > start;
  };
  if (text.starts_with('-')) at = 1;
  if (text.substr(at).starts_with('0')) {
    ++at;
  } else if (!digits()) {
    return false;
  }
  if (text.substr(at).starts_with('.')) {
    ++at;
    if (!digits()) return false;
  }
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits()) return false;
  }
  return at == text.size();
}

// A value that is no string, object or array, with the white space behind it.
bool IsBareWord(std::string_view token) {
  while (!token.empty() && (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' ||
                            token.back() == '\t')) {
    token.remove_suffix(1);
  }
  return token == "true" || token == "false" || token == "null" || IsNumber(token);
}

bool IsSoundBeyondString(ondemand::value value, std::string_view token, int depth_left);

// On demand does not look at values that nobody asks for; so they are asked for, down to each word.
inline bool IsSound(ondemand::value value, int depth_left) {
  const std::string_view token = value.raw_json_token();
  // The end of a string was found with those of all strings. It has to be consumed: simdjson takes
  // one that is skipped for a key when a colon follows, and skips to where an object would end.
  if (token.starts_with('"')) return value.get_raw_json_string().error() == simdjson::SUCCESS;
  return IsSoundBeyondString(value, token, depth_left);
}

bool IsSoundBeyondString(ondemand::value value, std::string_view token, int depth_left) {
  if (token.empty()) return false;
  switch (token.front()) {
    case '[': {
      ondemand::array array;
      if (depth_left == 0 || value.get_array().get(array) != simdjson::SUCCESS) return false;
      for (auto entry : array) {
        ondemand::value element;
        if (std::move(entry).get(element) != simdjson::SUCCESS ||
            !IsSound(element, depth_left - 1)) {
          return false;
        }
      }
      return true;
    }
    case '{': {
      ondemand::object object;
      if (depth_left == 0 || value.get_object().get(object) != simdjson::SUCCESS) return false;
      for (auto entry : object) {
        ondemand::field field;
        if (std::move(entry).get(field) != simdjson::SUCCESS ||
            !IsSound(field.value(), depth_left - 1)) {
          return false;
        }
      }
      return true;
    }
    default:
      return IsBareWord(token);
  }
}

// Rules out most keys at once: by "mo", "st" and the long s.
inline bool MayBeTaken(std::string_view key) {
  if (key.size() < 5) return false;
  const char first = static_cast<char>(key[0] | 0x20);
  const char second = static_cast<char>(key[1] | 0x20);
  return (first == 'm' && second == 'o') || (first == 's' && second == 't') || key[0] == '\xc5';
}

}  // namespace

struct RequestScanner::Parser {
  simdjson::ondemand::parser parser;
  std::string model;
};

static_assert(RequestScanner::kPaddingBytes >= simdjson::SIMDJSON_PADDING);

RequestScanner::RequestScanner() : parser_(std::make_unique<Parser>()) {}
RequestScanner::~RequestScanner() = default;

RequestScan RequestScanner::Scan(std::string_view body) {
  RequestScan scan;
  const auto invalid = [&scan](std::string_view error) {
    scan.valid = false;
    scan.error = error;
    return scan;
  };
  constexpr std::string_view kNotJson = "the body is not valid JSON";
  if (parser_->parser.capacity() > kKeepBytesMax && body.size() <= kKeepBytesMax) {
    parser_->parser = ondemand::parser();
  }

  ondemand::document document;
  if (parser_->parser
          .iterate(
              simdjson::padded_string_view(body.data(), body.size(), body.size() + kPaddingBytes))
          .get(document) != simdjson::SUCCESS) {
    return invalid(kNotJson);
  }
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) {
    return invalid("the body is not a JSON object");
  }
  bool has_stream = false;
  for (auto entry : object) {
    ondemand::field field;
    if (std::move(entry).get(field) != simdjson::SUCCESS) return invalid(kNotJson);
    std::string_view key;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return invalid(kNotJson);
    if (key == "model") {
      if (scan.has_model) return invalid("the body names \"model\" twice");
      ondemand::value value = field.value();
      const std::string_view raw = value.raw_json_token();
      std::string_view model;
      if (value.get_string().get(model) != simdjson::SUCCESS) {
        return invalid("\"model\" is not a string");
      }
      // The token reaches to the next structural character: white space may follow the quote.
      size_t raw_bytes = raw.size();
      while (raw_bytes > 0 && raw[raw_bytes - 1] != '"') --raw_bytes;
      // Half a surrogate pair decodes to what is no UTF-8; other bytes have been checked.
      if (raw_bytes != model.size() + 2 && !simdjson::validate_utf8(model.data(), model.size())) {
        return invalid(kNotJson);
      }
      parser_->model.assign(model);
      scan.has_model = true;
      scan.model_offset = static_cast<size_t>(raw.data() - body.data());
      scan.model_bytes = raw_bytes;
    } else if (key == "stream") {
      if (has_stream) return invalid("the body names \"stream\" twice");
      has_stream = true;
      ondemand::value value = field.value();
      bool stream = false;
      bool null = false;
      if (value.get_bool().get(stream) == simdjson::SUCCESS) {
        scan.stream = stream;
      } else if (value.is_null().get(null) != simdjson::SUCCESS || !null) {
        return invalid("\"stream\" is not true or false");
      }
    } else if (MayBeTaken(key) && (IsTakenFor(key, "model") || IsTakenFor(key, "stream"))) {
      return invalid("the body has a key that may be read as \"model\" or \"stream\"");
    } else if (!IsSound(field.value(), kDepthMax - 1)) {
      return invalid(kNotJson);
    }
  }
  // On demand looks no further than asked: what follows the object has to be asked for.
  const char* rest = nullptr;
  if (document.current_location().get(rest) == simdjson::SUCCESS) {
    return invalid("the body goes on after its JSON object");
  }
  scan.valid = true;
  scan.model = parser_->model;
  return scan;
}

bool IsPlainJsonText(std::string_view text) {
  // Eight bytes at a time; the high bit of a byte tells (Mycroft's test for zero bytes). A false
  // alarm is possible above a byte that is one, never a miss.
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighBits = 0x8080808080808080;
  const auto has_zero = [](uint64_t word) { return (word - kOnes) & ~word & kHighBits; };
  const auto is_plain = [&](const char* at) {
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    const uint64_t control = (word - kOnes * 0x20) & ~word & kHighBits;
    return (control | (word & kHighBits) | has_zero(word ^ (kOnes * '"')) |
            has_zero(word ^ (kOnes * '\\'))) == 0;
  };
  const char* at = text.data();
  size_t left = text.size();
  if (left >= sizeof(uint64_t)) {
    for (; left > sizeof(uint64_t); at += sizeof(uint64_t), left -= sizeof(uint64_t)) {
      if (!is_plain(at)) return false;
    }
    return is_plain(at + left - sizeof(uint64_t));
  }
  for (; left > 0; ++at, --left) {
    const auto c = static_cast<unsigned char>(*at);
    if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') return false;
  }
  return true;
}

void AppendJsonString(std::string* out, std::string_view text) {
  if (IsPlainJsonText(text)) {
    out->append(1, '"').append(text).append(1, '"');
    return;
  }
  constexpr char kHex[] = "0123456789abcdef";
  const bool is_utf8 = simdjson::validate_utf8(text.data(), text.size());
  out->push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out->append("\\u00");
          out->push_back(kHex[(c >> 4) & 0xf]);
          out->push_back(kHex[c & 0xf]);
        } else if (!is_utf8 && static_cast<unsigned char>(c) >= 0x80) {
          out->append("\\ufffd");
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

}  // namespace lmgate::http1

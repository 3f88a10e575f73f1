#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace lmgate::http1 {

// What routing needs of a JSON request body, and where the model's name stands in it.
struct RequestScan {
  bool valid = false;
  // A literal for the error message when not valid.
  std::string_view error;

  bool has_model = false;
  std::string_view model;   // decoded; lives until the scanner's next Scan
  size_t model_offset = 0;  // of the raw JSON string, with its quotes
  size_t model_bytes = 0;
  bool stream = false;
};

// Reads the top level of a JSON object with simdjson on demand. Closes what would let the provider
// read another request than the one that was routed:
// - Escaped keys are compared decoded. `model` and `stream` may come once, and nothing may come
//   that a lenient reader takes for them: other cases ("Model": Go, .NET), a NUL behind (C).
// - All of the structure is checked, also of what is skipped: comments, single quotes, NaN and the
//   like, which move the ends of values for those who know them, are refused; so is anything after
//   the object, and nesting deeper than kDepthMax.
// - What is not checked cannot move such an end: whether escapes within skipped strings exist, and
//   whether numbers fit. A provider refuses those, or reads the same model.
// Not thread-safe; one a worker. Memory: about six times the largest body, given back after bodies
// over kKeepBytesMax.
class RequestScanner {
 public:
  static constexpr size_t kPaddingBytes = 64;  // readable bytes that must follow the body
  static constexpr size_t kKeepBytesMax = 1 << 20;
  static constexpr int kDepthMax = 128;  // objects and arrays in one another; as serde_json has it

  RequestScanner();
  ~RequestScanner();

  // `body` must be followed by kPaddingBytes readable bytes.
  RequestScan Scan(std::string_view body);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

// Printable ASCII without quotes and backslashes: what stands in a JSON string as it is.
bool IsPlainJsonText(std::string_view text);

// `text` as a JSON string with its quotes. In text that is not UTF-8 all but ASCII becomes U+FFFD.
void AppendJsonString(std::string* out, std::string_view text);

}  // namespace lmgate::http1

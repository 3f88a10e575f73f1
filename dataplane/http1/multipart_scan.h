#pragma once

#include <cstddef>
#include <string_view>

namespace lmgate::http1 {

// Where the `model` field stands in a multipart/form-data body (RFC 7578).
struct MultipartScan {
  bool valid = false;
  std::string_view error;  // a literal, when not valid

  bool has_model = false;
  std::string_view model;   // as sent; a view into the body
  size_t model_offset = 0;  // of the field's value
  bool stream = false;      // a field `stream` with the value "true"
};

// True for `multipart/form-data`, with parameters or without.
bool IsMultipartFormData(std::string_view content_type);

// `content_type` carries the boundary. Refuses a missing or over-long boundary, more than 256
// parts, part heads over 8 KiB, a model over 512 bytes, and a body without its closing boundary.
// Also what one reader takes for a field, or for its end, and another does not: `model` or `stream`
// twice or in another case, parameters twice, encoded or with backslashes, folded lines, bare line
// ends, text before the first boundary or after the last, boundaries behind a bare line end or with
// padding, and a model in a part with a transfer encoding, a file name or a foreign charset. Looks
// at nothing else of the parts; no allocation.
MultipartScan ScanMultipart(std::string_view content_type, std::string_view body);

}  // namespace lmgate::http1

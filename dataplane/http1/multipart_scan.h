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

// True for `multipart/form-data` with parameters.
bool IsMultipartFormData(std::string_view content_type);

// `content_type` carries the boundary. Refuses a missing or over-long boundary, more than 256
// parts, part heads over 8 KiB, a model over 512 bytes, `model` twice, and a body without its
// closing boundary. Looks at nothing else of the parts; no allocation.
MultipartScan ScanMultipart(std::string_view content_type, std::string_view body);

}  // namespace lmgate::http1

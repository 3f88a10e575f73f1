#include <cstdint>
#include <string_view>

#include "common/base/logging.h"
#include "dataplane/http1/multipart_scan.h"

using lmgate::http1::IsMultipartFormData;
using lmgate::http1::MultipartScan;
using lmgate::http1::ScanMultipart;

// The first line is the content type, the rest the body. A model that is found stands in the body
// where the scan says.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  const std::string_view content_type = input.substr(0, line);
  const std::string_view body = input.substr(line + 1);
  IsMultipartFormData(content_type);

  const MultipartScan scan = ScanMultipart(content_type, body);

  LMGATE_CHECK(scan.valid == scan.error.empty());
  if (scan.valid && scan.has_model) {
    LMGATE_CHECK(scan.model_offset + scan.model.size() <= body.size());
    LMGATE_CHECK(scan.model.data() == body.data() + scan.model_offset);
    LMGATE_CHECK(scan.model.size() <= 512);
  }
  return 0;
}

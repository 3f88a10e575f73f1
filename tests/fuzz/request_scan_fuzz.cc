#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "common/base/logging.h"
#include "dataplane/http1/request_scan.h"

using lmgate::http1::RequestScan;
using lmgate::http1::RequestScanner;

// A body that is taken names the model and the stream that a full parser reads in it; and the model
// stands where the scan says.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string padded(reinterpret_cast<const char*>(data), size);
  padded.append(RequestScanner::kPaddingBytes, '\0');
  const std::string_view body = std::string_view(padded).substr(0, size);
  static RequestScanner scanner;
  const RequestScan scan = scanner.Scan(body);
  if (!scan.valid) {
    LMGATE_CHECK(!scan.error.empty());
    return 0;
  }
  std::string_view raw;
  if (scan.has_model) {
    LMGATE_CHECK(scan.model_offset + scan.model_bytes <= size && scan.model_bytes >= 2);
    raw = body.substr(scan.model_offset, scan.model_bytes);
    LMGATE_CHECK(raw.starts_with('"') && raw.ends_with('"'));
  }

  // The scan does not check values that it skips, so not all that it takes can be parsed.
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_discarded()) return 0;
  LMGATE_CHECK(json.is_object());
  LMGATE_CHECK(json.contains("model") == scan.has_model);
  if (scan.has_model) {
    LMGATE_CHECK(json["model"] == std::string(scan.model));
    LMGATE_CHECK(nlohmann::json::parse(raw) == json["model"]);
  }
  const bool stream = json.contains("stream") && json["stream"] == true;
  LMGATE_CHECK(stream == scan.stream);
  return 0;
}

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/logging.h"
#include "dataplane/http1/field_name.h"
#include "dataplane/http1/request_scan.h"

namespace {

using lmgate::http1::IsTakenFor;
using lmgate::http1::RequestScan;
using lmgate::http1::RequestScanner;
using nlohmann::json;

// The keys of the outermost object, all of them: a tree would keep one of those that come twice.
class TopLevelKeys : public nlohmann::json_sax<json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool start_array(size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }
  bool key(string_t& name) override {
    if (depth_ == 1) keys_.push_back(name);
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) override {
    error_id_ = error.id;
    return false;
  }

  const std::vector<std::string>& keys() const { return keys_; }
  int error_id() const { return error_id_; }

 private:
  bool Enter() { return ++depth_ > 0; }
  bool Leave() { return --depth_ >= 0; }

  int depth_ = 0;
  int error_id_ = 0;
  std::vector<std::string> keys_;
};

// What the scan leaves unchecked, taken away: the text with each escape within a string replaced.
std::string WithoutEscapes(std::string_view body) {
  std::string text(body);
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      in_string = !in_string;
    } else if (in_string && text[i] == '\\' && i + 1 < text.size()) {
      text[i++] = 'e';
      if (text[i] == '"' || text[i] == '\\') text[i] = 'e';
    }
  }
  return text;
}

// JSON but for escapes that do not exist, half surrogate pairs and numbers that do not fit. So no
// reader, lenient or not, sees another structure.
void CheckStructure(std::string_view body) {
  constexpr int kNumberOverflow = 406;
  TopLevelKeys sax;
  const bool whole = json::sax_parse(WithoutEscapes(body), &sax);
  LMGATE_CHECK(whole || sax.error_id() == kNumberOverflow);
}

// However a reader compares names, and whichever of several it takes: there is only one.
void CheckKeys(const std::vector<std::string>& keys) {
  size_t models = 0;
  size_t streams = 0;
  for (const std::string& key : keys) {
    if (IsTakenFor(key, "model")) ++models;
    if (IsTakenFor(key, "stream")) ++streams;
  }
  LMGATE_CHECK(models <= 1 && streams <= 1);
}

RequestScan ScanBefore(char following, std::string_view body, std::string* padded) {
  static RequestScanner scanner;
  padded->assign(body);
  padded->append(RequestScanner::kPaddingBytes, following);
  return scanner.Scan(std::string_view(*padded).substr(0, body.size()));
}

}  // namespace

// A body that is taken names the model and the stream that a full parser reads in it, or the parser
// refuses it; and the model stands where the scan says.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  std::string padded;
  // What follows a body is the next request: it changes nothing.
  for (const char following : {'}', '"', ' '}) {
    const bool valid = ScanBefore(following, body, &padded).valid;
    LMGATE_CHECK(valid == ScanBefore('\0', body, &padded).valid);
  }
  const RequestScan scan = ScanBefore('\0', body, &padded);
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
  CheckStructure(body);

  TopLevelKeys sax;
  const bool strict = json::sax_parse(body, &sax);
  CheckKeys(sax.keys());
  if (!strict) return 0;
  const json tree = json::parse(body);
  LMGATE_CHECK(tree.is_object());
  LMGATE_CHECK(tree.contains("model") == scan.has_model);
  if (scan.has_model) {
    LMGATE_CHECK(tree["model"] == std::string(scan.model));
    LMGATE_CHECK(json::parse(raw) == tree["model"]);
  }
  const bool stream = tree.contains("stream") && tree["stream"] == true;
  LMGATE_CHECK(stream == scan.stream);
  return 0;
}

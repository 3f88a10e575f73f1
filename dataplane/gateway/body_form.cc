#include "dataplane/gateway/body_form.h"

#include "dataplane/http1/head_scanner.h"
#include "dataplane/http1/multipart_scan.h"

namespace lmgate::gateway {
namespace {

bool ContainsIgnoreCase(std::string_view text, std::string_view word) {
  for (; text.size() >= word.size(); text.remove_prefix(1)) {
    if (http1::EqualsIgnoreCase(text.substr(0, word.size()), word)) return true;
  }
  return false;
}

// After white space, and after what comes first where a reader guesses the encoding (RFC 4627, 3):
// byte order marks, and the zeros of UTF-16 and UTF-32. Those are no valid JSON to us; to some they
// are.
bool BeginsLikeObject(std::string_view body) {
  constexpr std::string_view kBefore("\0\t\n\r \xef\xbb\xbf\xfe\xff", 10);
  const size_t start = body.find_first_not_of(kBefore);
  return start != std::string_view::npos && body[start] == '{';
}

}  // namespace

BodyForm FindBodyForm(std::string_view content_type, std::string_view body) {
  if (body.empty()) return BodyForm::kEmpty;
  if (http1::IsMultipartFormData(content_type)) return BodyForm::kMultipart;
  if (BeginsLikeObject(body) || ContainsIgnoreCase(content_type, "json")) return BodyForm::kJson;
  if (ContainsIgnoreCase(content_type, "x-www-form-urlencoded")) return BodyForm::kUrlEncoded;
  return BodyForm::kOpaque;
}

}  // namespace lmgate::gateway

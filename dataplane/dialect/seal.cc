#include "dataplane/dialect/seal.h"

#include <absl/strings/escaping.h>

#include <nlohmann/json.hpp>

#include "common/base/strings.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

std::string SealSignature(const chat::Signature& signature, std::string_view own_origin) {
  if (signature.origin.empty() || signature.data.empty()) return {};
  if (signature.origin == own_origin) return signature.data;
  Json envelope = {{"o", signature.origin}, {"m", signature.model}, {"d", signature.data}};
  if (signature.redacted) envelope["r"] = true;
  if (!signature.text.empty()) envelope["t"] = signature.text;
  return StrCat(kSealPrefix, ToStd(absl::WebSafeBase64Escape(DumpJson(envelope))));
}

chat::Signature UnsealSignature(std::string_view text, std::string_view own_origin) {
  chat::Signature signature;
  if (text.empty()) return signature;
  if (!text.starts_with(kSealPrefix)) {
    signature.origin = own_origin;
    signature.data = text;
    return signature;
  }
  std::string envelope_text;
  if (!absl::WebSafeBase64Unescape(ToAbsl(text.substr(kSealPrefix.size())), &envelope_text)) {
    return signature;
  }
  const absl::StatusOr<Json> envelope = ParseObject(envelope_text);
  if (!envelope.ok()) return signature;
  signature.origin = FindString(*envelope, "o");
  signature.model = FindString(*envelope, "m");
  signature.data = FindString(*envelope, "d");
  signature.text = FindString(*envelope, "t");
  signature.redacted = FindBool(*envelope, "r").value_or(false);
  if (signature.origin.empty() || signature.data.empty()) signature = {};
  return signature;
}

bool IsSignedFor(const chat::Signature& signature, std::string_view origin,
                 std::string_view model) {
  if (signature.data.empty() || signature.origin != origin) return false;
  return signature.model.empty() || model.empty() || signature.model == model;
}

}  // namespace lmgate::dialect

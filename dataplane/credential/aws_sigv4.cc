#include "dataplane/credential/aws_sigv4.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "common/base/logging.h"
#include "common/base/percent_encode.h"
#include "common/base/strings.h"

namespace lmgate::credential {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string HexOf(std::string_view bytes) { return absl::BytesToHexString(ToAbsl(bytes)); }

std::string Sha256Hex(const std::vector<std::string_view>& pieces) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  LMGATE_CHECK(context != nullptr);
  LMGATE_CHECK(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1);
  for (const std::string_view piece : pieces) {
    LMGATE_CHECK(EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1);
  }
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int bytes = 0;
  LMGATE_CHECK(EVP_DigestFinal_ex(context.get(), hash, &bytes) == 1);
  return HexOf(std::string_view(reinterpret_cast<const char*>(hash), bytes));
}

std::string HmacSha256(std::string_view key, std::string_view text) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int bytes = 0;
  LMGATE_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                    reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash,
                    &bytes) != nullptr);
  return std::string(reinterpret_cast<const char*>(hash), bytes);
}

// Without "." and "..", and with single slashes (RFC 3986 5.2.4); S3 alone does not.
std::string NormalizePath(std::string_view path) {
  std::vector<std::string_view> segments;
  for (std::string_view rest = path; !rest.empty();) {
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      segments.push_back(segment);
    } else if (!segments.empty()) {
      segments.pop_back();
    }
  }
  std::string normal;
  for (const std::string_view segment : segments) StrAppend(&normal, "/", segment);
  if (normal.empty() || path.ends_with('/')) normal.push_back('/');
  return normal;
}

std::string CanonicalPath(std::string_view path, PathEncoding encoding) {
  if (encoding == PathEncoding::kOnce) return path.empty() ? "/" : std::string(path);
  return PercentEncode(NormalizePath(path), "/");
}

// Sorted by name, then value. It is encoded already: what is left raw is encoded, escapes stay.
std::string CanonicalQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> fields;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view field = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (field.empty()) continue;
    const size_t equals = std::min(field.find('='), field.size());
    const std::string_view value = field.substr(std::min(equals + 1, field.size()));
    fields.emplace_back(PercentEncode(field.substr(0, equals), "%"), PercentEncode(value, "%"));
  }
  std::sort(fields.begin(), fields.end());
  std::string canonical;
  for (const auto& [name, value] : fields) {
    StrAppend(&canonical, canonical.empty() ? "" : "&", name, "=", value);
  }
  return canonical;
}

// A header's value as it is signed: trimmed, inner spaces made one.
std::string CanonicalValue(std::string_view value) {
  std::string canonical(ToStd(absl::StripAsciiWhitespace(ToAbsl(value))));
  absl::RemoveExtraAsciiWhitespace(&canonical);
  return canonical;
}

}  // namespace

std::string SignRequest(const AwsKeys& keys, const SigningRequest& request) {
  const std::string payload_hash = Sha256Hex(request.payload);
  // In the order of their names.
  std::vector<std::pair<std::string_view, std::string>> headers;
  if (!request.content_type.empty()) {
    headers.emplace_back("content-type", CanonicalValue(request.content_type));
  }
  headers.emplace_back("host", CanonicalValue(request.host));
  if (request.sends_payload_hash) headers.emplace_back("x-amz-content-sha256", payload_hash);
  headers.emplace_back("x-amz-date", request.amz_date);
  if (!keys.session_token.empty()) {
    headers.emplace_back("x-amz-security-token", CanonicalValue(keys.session_token));
  }
  std::string header_lines;
  std::string names;
  for (const auto& [name, value] : headers) {
    StrAppend(&header_lines, name, ":", value, "\n");
    StrAppend(&names, names.empty() ? "" : ";", name);
  }

  const std::string canonical =
      StrCat(request.method, "\n", CanonicalPath(request.path, request.path_encoding), "\n",
             CanonicalQuery(request.query), "\n", header_lines, "\n", names, "\n", payload_hash);
  const std::string_view date = request.amz_date.substr(0, request.amz_date.find('T'));
  const std::string scope =
      StrCat(date, "/", request.region, "/", request.service, "/aws4_request");
  const std::string to_sign = StrCat(kAlgorithm, "\n", request.amz_date, "\n", scope, "\n",
                                     Sha256Hex({std::string_view(canonical)}));
  std::string key = HmacSha256(StrCat("AWS4", keys.secret_access_key), date);
  for (const std::string_view word :
       {request.region, request.service, std::string_view("aws4_request")}) {
    key = HmacSha256(key, word);
  }
  const std::string signature = HexOf(HmacSha256(key, to_sign));

  std::string lines = StrCat("x-amz-date: ", request.amz_date, "\r\n");
  if (!keys.session_token.empty()) {
    StrAppend(&lines, "x-amz-security-token: ", keys.session_token, "\r\n");
  }
  if (request.sends_payload_hash) {
    StrAppend(&lines, "x-amz-content-sha256: ", payload_hash, "\r\n");
  }
  StrAppend(&lines, "authorization: ", kAlgorithm, " Credential=", keys.access_key_id, "/", scope,
            ", SignedHeaders=", names, ", Signature=", signature, "\r\n");
  return lines;
}

}  // namespace lmgate::credential

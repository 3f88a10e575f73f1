#include "tests/fakeprovider/aws_signature.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/call.h"
#include "tests/fakeprovider/hash.h"

namespace lmgate::fakeprovider {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kService = "bedrock";
constexpr absl::Duration kSkewMax = absl::Minutes(5);

std::string Hex(std::string_view bytes) { return absl::BytesToHexString(ToAbsl(bytes)); }

// RFC 3986, 2.3: what needs no escape.
std::string PercentEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~') {
      encoded += c;
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", byte);
    }
  }
  return encoded;
}

// Every service but S3 encodes the segments of the path of the wire once more.
std::string CanonicalPath(std::string_view path) {
  std::vector<std::string> segments = absl::StrSplit(ToAbsl(path), '/');
  for (std::string& segment : segments) segment = PercentEncode(segment);
  return absl::StrJoin(segments, "/");
}

std::string CanonicalQuery(std::string_view query) {
  std::vector<std::string> pairs;
  for (const absl::string_view pair : absl::StrSplit(ToAbsl(query), '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> split =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    pairs.push_back(StrCat(PercentEncode(PercentDecode(ToStd(split.first))), "=",
                           PercentEncode(PercentDecode(ToStd(split.second)))));
  }
  std::sort(pairs.begin(), pairs.end());
  return absl::StrJoin(pairs, "&");
}

// The value with runs of spaces as one.
std::string CanonicalValue(std::string_view value) {
  std::string text(absl::StripAsciiWhitespace(ToAbsl(value)));
  const auto both_spaces = [](char a, char b) { return a == ' ' && b == ' '; };
  text.erase(std::unique(text.begin(), text.end(), both_spaces), text.end());
  return text;
}

// The parts of the Authorization header.
struct Credential {
  std::string access_key_id = {};
  std::string date = {};
  std::string region = {};
  std::string scope = {};  // date/region/service/aws4_request
  std::vector<std::string> signed_headers = {};
  std::string signature = {};
};

absl::Status ReadCredential(std::string_view authorization, Credential* credential) {
  absl::string_view rest = ToAbsl(authorization);
  if (!absl::ConsumePrefix(&rest, ToAbsl(kAlgorithm))) {
    return absl::UnauthenticatedError("Missing Authentication Token");
  }
  for (absl::string_view member : absl::StrSplit(rest, ',')) {
    member = absl::StripAsciiWhitespace(member);
    if (absl::ConsumePrefix(&member, "Credential=")) {
      const std::vector<std::string> parts = absl::StrSplit(member, '/');
      if (parts.size() != 5 || parts[3] != kService || parts[4] != "aws4_request") {
        return absl::PermissionDeniedError(
            "Credential should be scoped to correct service: 'bedrock'.");
      }
      credential->access_key_id = parts[0];
      credential->date = parts[1];
      credential->region = parts[2];
      credential->scope = StrCat(parts[1], "/", parts[2], "/", parts[3], "/", parts[4]);
    } else if (absl::ConsumePrefix(&member, "SignedHeaders=")) {
      credential->signed_headers = absl::StrSplit(member, ';');
    } else if (absl::ConsumePrefix(&member, "Signature=")) {
      credential->signature = std::string(member);
    }
  }
  if (credential->scope.empty() || credential->signature.empty()) {
    return absl::PermissionDeniedError(
        "Authorization header requires 'Credential', "
        "'SignedHeaders' and 'Signature' parameters.");
  }
  return absl::OkStatus();
}

absl::Status CheckHeaders(const HttpRequest& request, const Credential& credential,
                          absl::Time now) {
  const auto& names = credential.signed_headers;
  const auto is_signed = [&names](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (!std::is_sorted(names.begin(), names.end()) || !is_signed("host") ||
      !is_signed("x-amz-date")) {
    return absl::PermissionDeniedError(
        "'Host' and 'X-Amz-Date' must be 'SignedHeader's in the AWS Authorization.");
  }
  if (!request.FindHeader("x-amz-security-token").empty() && !is_signed("x-amz-security-token")) {
    return absl::PermissionDeniedError("'X-Amz-Security-Token' must be a 'SignedHeader'.");
  }
  absl::Time signed_at;
  const std::string_view date = request.FindHeader("x-amz-date");
  if (!absl::ParseTime("%E4Y%m%dT%H%M%SZ", ToAbsl(date), &signed_at, nullptr) ||
      !date.starts_with(credential.date)) {
    return absl::PermissionDeniedError(
        "Date in Credential scope does not match YYYYMMDD from "
        "ISO-8601 version of date from HTTP.");
  }
  if (absl::AbsDuration(now - signed_at) > kSkewMax) {
    return absl::PermissionDeniedError(StrCat("Signature expired: ", date, " is not now."));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckAwsSignature(const HttpRequest& request, const AwsKeys& keys, absl::Time now) {
  Credential credential;
  const absl::Status read = ReadCredential(request.FindHeader("authorization"), &credential);
  if (!read.ok()) return read;
  if (credential.access_key_id != keys.access_key_id) {
    return absl::NotFoundError("The security token included in the request is invalid.");
  }
  const absl::Status checked = CheckHeaders(request, credential, now);
  if (!checked.ok()) return checked;

  std::string headers;
  for (const std::string& name : credential.signed_headers) {
    StrAppend(&headers, name, ":", CanonicalValue(request.FindHeader(name)), "\n");
  }
  const std::string body_hash = Hex(Sha256(request.body));
  const std::string_view said_hash = request.FindHeader("x-amz-content-sha256");
  const bool is_unsigned = said_hash == "UNSIGNED-PAYLOAD";
  if (!said_hash.empty() && !is_unsigned && said_hash != body_hash) {
    return absl::PermissionDeniedError(
        "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  const std::string canonical =
      StrCat(request.method, "\n", CanonicalPath(request.path), "\n", CanonicalQuery(request.query),
             "\n", headers, "\n", absl::StrJoin(credential.signed_headers, ";"), "\n",
             is_unsigned ? std::string(said_hash) : body_hash);
  const std::string to_sign = StrCat(kAlgorithm, "\n", request.FindHeader("x-amz-date"), "\n",
                                     credential.scope, "\n", Hex(Sha256(canonical)));
  std::string key = HmacSha256(StrCat("AWS4", keys.secret_access_key), credential.date);
  key = HmacSha256(key, credential.region);
  key = HmacSha256(key, kService);
  key = HmacSha256(key, "aws4_request");
  if (Hex(HmacSha256(key, to_sign)) == credential.signature) return absl::OkStatus();
  return absl::PermissionDeniedError(
      "The request signature we calculated does not match the signature you provided. Check your "
      "AWS Secret Access Key and signing method. Consult the service documentation for details.");
}

}  // namespace lmgate::fakeprovider

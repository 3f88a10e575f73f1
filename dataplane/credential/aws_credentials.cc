#include "dataplane/credential/aws_credentials.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_split.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

#include "common/base/percent_encode.h"
#include "common/base/strings.h"
#include "common/contract/base_url.h"
#include "common/contract/field_error.h"
#include "common/contract/header_rule.h"
#include "dataplane/credential/access_token.h"

namespace lmgate::credential {
namespace {

// Of ECS, and of the agents of EKS: "Container credential provider".
constexpr std::string_view kEcsAddress = "http://169.254.170.2";
constexpr std::array<std::string_view, 6> kPlainHosts = {
    "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost", "127.0.0.1", "::1"};

std::string_view Strip(std::string_view text) {
  return ToStd(absl::StripAsciiWhitespace(ToAbsl(text)));
}

// A comment after a value needs white space before it: "a#b" is a value.
std::string_view WithoutComment(std::string_view value) {
  for (size_t i = 1; i < value.size(); ++i) {
    if ((value[i] == '#' || value[i] == ';') && absl::ascii_isspace(value[i - 1])) {
      return Strip(value.substr(0, i));
    }
  }
  return value;
}

}  // namespace

bool IsUsable(const AwsKeys& keys) {
  const auto is_word = [](std::string_view text) {
    return contract::IsHeaderValue(text) && text.find_first_of(" \t") == std::string_view::npos;
  };
  return !keys.access_key_id.empty() && !keys.secret_access_key.empty() &&
         is_word(keys.access_key_id) && is_word(keys.secret_access_key) &&
         is_word(keys.session_token);
}

absl::StatusOr<AwsKeys> ParseSharedCredentials(std::string_view text, std::string_view profile) {
  AwsKeys keys;
  bool is_in_profile = false;
  bool found = false;
  for (const auto& raw : absl::StrSplit(ToAbsl(text), '\n')) {
    const std::string_view line = Strip(ToStd(raw));
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      const size_t end = line.find(']');
      const std::string_view name =
          end == std::string_view::npos ? std::string_view() : Strip(line.substr(1, end - 1));
      is_in_profile = name == profile;
      found = found || is_in_profile;
      continue;
    }
    const size_t equals = line.find('=');
    if (!is_in_profile || equals == std::string_view::npos) continue;
    const std::string name = absl::AsciiStrToLower(ToAbsl(Strip(line.substr(0, equals))));
    const std::string_view value = WithoutComment(Strip(line.substr(equals + 1)));
    // The last one wins, as in the AWS CLI.
    if (name == "aws_access_key_id") keys.access_key_id = value;
    if (name == "aws_secret_access_key") keys.secret_access_key = value;
    if (name == "aws_session_token") keys.session_token = value;
  }
  if (!found) return absl::NotFoundError(StrCat("has no profile ", contract::Quoted(profile)));
  if (keys.access_key_id.empty() || keys.secret_access_key.empty()) {
    return absl::InvalidArgumentError(
        StrCat("profile ", contract::Quoted(profile), " has no access key of its own"));
  }
  if (!IsUsable(keys)) {
    return absl::InvalidArgumentError(
        StrCat("profile ", contract::Quoted(profile), " holds white space in a value"));
  }
  return keys;
}

absl::StatusOr<ExpiringAwsKeys> ParseAwsKeysAnswer(int status, std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) {
    return absl::UnavailableError(StrCat("answered ", status, ", and not with JSON"));
  }
  const auto find = [&root](const char* name) {
    std::string_view text;
    return root[name].get(text) == simdjson::SUCCESS ? text : std::string_view();
  };
  const std::string_view code = find("Code");
  const std::string_view message = find(root["Message"].error() ? "message" : "Message");
  if (status != 200 || (!code.empty() && code != "Success")) {
    return absl::UnavailableError(StrCat("answered ", status, code.empty() ? "" : " ",
                                         Printable(code), message.empty() ? "" : ": ",
                                         Printable(message)));
  }
  ExpiringAwsKeys answer;
  answer.keys = {.access_key_id = std::string(find("AccessKeyId")),
                 .secret_access_key = std::string(find("SecretAccessKey")),
                 .session_token = std::string(find("Token"))};
  if (!IsUsable(answer.keys)) return absl::UnavailableError("answered without an access key");
  const std::string_view expiration = find("Expiration");
  if (expiration.empty()) return answer;
  std::string problem;
  if (!absl::ParseTime(absl::RFC3339_full, ToAbsl(expiration), &answer.expires_at, &problem)) {
    return absl::UnavailableError("answered with an Expiration that is no time");
  }
  return answer;
}

absl::StatusOr<std::string> AwsContainerUrl(std::string_view relative_uri,
                                            std::string_view full_uri) {
  if (!relative_uri.empty()) {
    if (relative_uri[0] != '/') {
      return absl::FailedPreconditionError(
          "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash");
    }
    return StrCat(kEcsAddress, relative_uri);
  }
  if (full_uri.empty()) return std::string();
  const auto url = contract::ParseBaseUrl(full_uri.substr(0, full_uri.find('?')));
  const bool is_https = url.ok() && url->scheme == contract::BaseUrl::Scheme::kHttps;
  const bool is_plain =
      url.ok() && url->scheme == contract::BaseUrl::Scheme::kHttp &&
      std::find(kPlainHosts.begin(), kPlainHosts.end(), url->host) != kPlainHosts.end();
  if (!is_https && !is_plain) {
    return absl::FailedPreconditionError(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of this machine");
  }
  return std::string(full_uri);
}

absl::StatusOr<std::string> ParseInstanceRole(std::string_view body) {
  const std::string_view role = Strip(body.substr(0, body.find('\n')));
  if (role.empty()) return absl::NotFoundError("the instance has no role");
  return PercentEncode(role);
}

}  // namespace lmgate::credential

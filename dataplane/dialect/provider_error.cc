#include "dataplane/dialect/provider_error.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/base/strings.h"

namespace lmgate::dialect {
namespace {

using chat::ErrorKind;
using chat::ProviderError;

constexpr size_t kMessageBytesMax = 2000;

struct Word {
  std::string_view word;  // lower case, without '_'
  ErrorKind kind;
};
constexpr Word kWords[] = {
    {"contextlengthexceeded", ErrorKind::kContextTooLong},
    {"insufficientquota", ErrorKind::kQuota},
    {"billingerror", ErrorKind::kQuota},
    {"servicequotaexceededexception", ErrorKind::kQuota},
    {"ratelimiterror", ErrorKind::kRateLimit},
    {"ratelimitexceeded", ErrorKind::kRateLimit},
    {"throttlingexception", ErrorKind::kRateLimit},
    {"resourceexhausted", ErrorKind::kRateLimit},
    {"modelnotreadyexception", ErrorKind::kOverloaded},
    {"overloadederror", ErrorKind::kOverloaded},
    {"serviceunavailableexception", ErrorKind::kOverloaded},
    {"unavailable", ErrorKind::kOverloaded},
    {"timeouterror", ErrorKind::kTimeout},
    {"modeltimeoutexception", ErrorKind::kTimeout},
    {"deadlineexceeded", ErrorKind::kTimeout},
    {"invalidapikey", ErrorKind::kCredential},
    {"authenticationerror", ErrorKind::kCredential},
    {"unauthenticated", ErrorKind::kCredential},
    {"unrecognizedclientexception", ErrorKind::kCredential},
    {"invalidsignatureexception", ErrorKind::kCredential},
    {"expiredtokenexception", ErrorKind::kCredential},
    {"permissionerror", ErrorKind::kForbidden},
    {"permissiondenied", ErrorKind::kForbidden},
    {"accessdeniedexception", ErrorKind::kForbidden},
    {"modelnotfound", ErrorKind::kNotFound},
    {"notfounderror", ErrorKind::kNotFound},
    {"notfound", ErrorKind::kNotFound},
    {"resourcenotfoundexception", ErrorKind::kNotFound},
    {"requesttoolarge", ErrorKind::kTooLarge},
    {"invalidrequesterror", ErrorKind::kBadRequest},
    {"invalidargument", ErrorKind::kBadRequest},
    {"failedprecondition", ErrorKind::kBadRequest},
    {"validationexception", ErrorKind::kBadRequest},
    {"servererror", ErrorKind::kServer},
    {"apierror", ErrorKind::kServer},
    {"internal", ErrorKind::kServer},
    {"internalserverexception", ErrorKind::kServer},
    {"modelstreamerrorexception", ErrorKind::kServer},
    {"modelerrorexception", ErrorKind::kServer},
};

std::optional<ErrorKind> KindOfWord(std::string_view text) {
  std::string word;
  for (const char c : text.substr(0, text.find(':'))) {
    if (c != '_' && c != '-') word.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  for (const Word& row : kWords) {
    if (row.word == word) return row.kind;
  }
  return std::nullopt;
}

ErrorKind KindOfStatus(int status) {
  switch (status) {
    case 401:
      return ErrorKind::kCredential;
    case 402:
      return ErrorKind::kQuota;
    case 403:
      return ErrorKind::kForbidden;
    case 404:
      return ErrorKind::kNotFound;
    case 408:
    case 504:
      return ErrorKind::kTimeout;
    case 413:
      return ErrorKind::kTooLarge;
    case 429:
      return ErrorKind::kRateLimit;
    case 503:
    case 529:
      return ErrorKind::kOverloaded;
    default:
      // Nor is a redirect the client's fault.
      return status >= 500 || status < 400 ? ErrorKind::kServer : ErrorKind::kBadRequest;
  }
}

// Providers without a word of their own for it say so in prose.
bool SpeaksOfContext(std::string_view message) {
  const std::string lower = absl::AsciiStrToLower(ToAbsl(message));
  for (const std::string_view phrase :
       {"context length", "context window", "prompt is too long", "input is too long",
        "maximum number of tokens", "exceeds the maximum number of input tokens"}) {
    if (lower.find(phrase) != std::string::npos) return true;
  }
  return false;
}

// google.rpc.RetryInfo: "7s", "0.5s".
int64_t RetryDelayMs(const Json& error) {
  const Json* const details = Find(error, "details");
  if (details == nullptr || !details->is_array()) return -1;
  for (const Json& detail : *details) {
    std::string delay = FindString(detail, "retryDelay");
    double seconds = 0;
    if (!delay.ends_with('s')) continue;
    delay.pop_back();
    constexpr double kSecondsMax = 86400;
    if (absl::SimpleAtod(delay, &seconds) && seconds >= 0 && seconds <= kSecondsMax) {
      return static_cast<int64_t>(seconds * 1000);
    }
  }
  return -1;
}

bool HasKeyReason(const Json& error) {
  const Json* const details = Find(error, "details");
  if (details == nullptr || !details->is_array()) return false;
  return std::any_of(details->begin(), details->end(), [](const Json& detail) {
    return FindString(detail, "reason").starts_with("API_KEY_");
  });
}

std::string MessageOf(const Json& error);

// FastAPI's list of what is wrong: {"loc":["body","messages",0],"msg":"field required"}.
std::string MessageOfList(const Json& list) {
  std::string message;
  for (const Json& one : list) {
    std::string path;
    if (const Json* const loc = Find(one, "loc"); loc != nullptr && loc->is_array()) {
      for (const Json& step : *loc) {
        const std::string name = step.is_string() ? step.get<std::string>() : DumpJson(step);
        if (path.empty() && name == "body") continue;
        StrAppend(&path, path.empty() ? "" : ".", name);
      }
    }
    const std::string text = MessageOf(one);
    if (text.empty()) continue;
    StrAppend(&message, message.empty() ? "" : "; ", path, path.empty() ? "" : ": ", text);
    if (message.size() > kMessageBytesMax) break;
  }
  return message;
}

// Of a text itself, or of an object under one of the names that providers have for it.
std::string MessageOf(const Json& error) {
  if (error.is_string()) return error.get<std::string>();
  for (const std::string_view name : {"message", "Message", "msg", "detail", "errors"}) {
    const Json* const member = Find(error, name);
    if (member == nullptr) continue;
    std::string message = member->is_array() ? MessageOfList(*member) : MessageOf(*member);
    if (!message.empty()) return message;
  }
  return {};
}

std::string LimitMessage(std::string message) {
  if (message.size() <= kMessageBytesMax) return message;
  size_t end = kMessageBytesMax;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0) == 0x80) --end;
  message.resize(end);
  return message;
}

// What is no JSON: a text, or none when it is a page for a browser or bytes.
Json PlainText(std::string_view body) {
  const std::string_view text = ToStd(absl::StripAsciiWhitespace(ToAbsl(body)));
  if (text.starts_with('<')) return Json();
  Json said = LimitMessage(std::string(text));
  // What is not UTF-8 comes back as another text.
  return ParseJson(DumpJson(said)).value_or(Json()) == said ? said : Json();
}

// A word, a message or a number decide; nullopt = none of them says anything.
std::optional<ErrorKind> KindOfObject(const Json& error, std::string_view word,
                                      std::string_view message) {
  std::optional<ErrorKind> kind;
  if (HasKeyReason(error)) return ErrorKind::kCredential;
  for (const std::string& text : {FindString(error, "code"), FindString(error, "type"),
                                  FindString(error, "status"), std::string(word)}) {
    if (!kind.has_value() && !text.empty()) kind = KindOfWord(text);
  }
  if ((!kind.has_value() || kind == ErrorKind::kBadRequest) && SpeaksOfContext(message)) {
    return ErrorKind::kContextTooLong;
  }
  // Bedrock's word for any error of the model itself says less than the model's own status.
  const bool of_model = kind == ErrorKind::kServer && Find(error, "originalStatusCode") != nullptr;
  if (!kind.has_value() || of_model) {
    const auto number = FindInteger(error, of_model ? "originalStatusCode" : "code");
    if (number.has_value() && *number >= 400 && *number <= 599) {
      kind = KindOfStatus(static_cast<int>(*number));
    }
  }
  return kind;
}

ProviderError ReadObject(const Json& error, std::string_view word, ErrorKind otherwise) {
  ProviderError read;
  read.message = MessageOf(error);
  read.kind = KindOfObject(error, word, read.message).value_or(otherwise);
  read.code = FindString(error, "code");
  if (read.code.empty()) read.code = FindString(error, "type");
  if (read.code.empty()) read.code = FindString(error, "status");
  if (read.code.empty()) read.code = word.substr(0, word.find(':'));
  if (read.code.empty()) read.code = "error";
  read.retry_after_ms = RetryDelayMs(error);
  read.message = LimitMessage(std::move(read.message));
  return read;
}

// What holds the error's message in a body of an error.
const Json& ErrorMember(const Json& body) {
  const Json& object = body.is_array() && !body.empty() ? body.front() : body;
  const Json* const error = Find(object, "error");
  return error == nullptr ? object : *error;
}

}  // namespace

bool RefusesGoogleKey(std::string_view body) {
  const absl::StatusOr<Json> parsed = ParseJson(body);
  return parsed.ok() && HasKeyReason(ErrorMember(*parsed));
}

ProviderError DecodeProviderError(int status, std::string_view error_type, std::string_view body) {
  const ErrorKind by_status = KindOfStatus(status);
  const absl::StatusOr<Json> parsed = ParseJson(body);
  const Json object = parsed.ok() ? *parsed : PlainText(body);
  ProviderError error = ReadObject(ErrorMember(object), error_type, by_status);
  if (error.message.empty()) error.message = LimitMessage(MessageOf(object));
  // A word that every refusal has says less than a status of its own.
  const bool common = (error.kind == ErrorKind::kBadRequest && status < 500) ||
                      (error.kind == ErrorKind::kServer && status >= 500);
  if (common) error.kind = by_status;
  return error;
}

ProviderError ErrorOfObject(const Json& error, std::string_view word) {
  return ReadObject(error, word, ErrorKind::kServer);
}

std::optional<ProviderError> FindErrorInAnswer(std::string_view body) {
  const absl::StatusOr<Json> parsed = ParseJson(body);
  if (!parsed.ok()) return std::nullopt;
  const Json* answer = &*parsed;
  if (answer->is_array() && !answer->empty()) answer = &answer->front();
  if (const Json* const error = Find(*answer, "error")) return ErrorOfObject(*error, {});
  // OpenRouter has it in the choice.
  if (const Json* const choices = Find(*answer, "choices");
      choices != nullptr && choices->is_array()) {
    for (const Json& choice : *choices) {
      if (const Json* const error = Find(choice, "error")) return ErrorOfObject(*error, {});
    }
  }
  if (FindString(*answer, "type") == "error") return ErrorOfObject(*answer, {});
  if (FindString(*answer, "status") == "failed") return ErrorOfObject(Json(), "failed");
  return std::nullopt;
}

}  // namespace lmgate::dialect

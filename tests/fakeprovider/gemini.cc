#include "tests/fakeprovider/gemini.h"

#include <absl/strings/str_format.h>

#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/event_script.h"
#include "tests/fakeprovider/fault_error.h"
#include "tests/fakeprovider/gemini_field.h"
#include "tests/fakeprovider/gemini_request.h"
#include "tests/fakeprovider/json_text.h"

namespace lmgate::fakeprovider {
namespace {

constexpr std::string_view kEventStart = "data: ";
constexpr std::string_view kEventEnd = "\r\n\r\n";  // the API ends its lines by CRLF

// google.rpc.Code of an HTTP status: google/rpc/code.proto.
std::string_view StatusWord(int status) {
  switch (status) {
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 409:
      return "ABORTED";
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 501:
      return "UNIMPLEMENTED";
    case 503:
      return "UNAVAILABLE";
    case 504:
      return "DEADLINE_EXCEEDED";
    default:
      return status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
  }
}

bool IsArray(const Call& call) {
  return call.is_stream && FindQueryValue(call.request.query, "alt") != "sse";
}

std::string MakeErrorJson(int status, std::string_view message, std::string_view details = "") {
  return StrCat(R"({"error":{"code":)", status, R"(,"message":)", QuoteJson(message),
                R"(,"status":")", StatusWord(status), "\"",
                details.empty() ? "" : StrCat(R"(,"details":[)", details, "]"), "}}");
}

Answer MakeError(const Call& call, int status, std::string_view message,
                 std::string_view details = "") {
  const std::string json = MakeErrorJson(status, message, details);
  return Answer{.status = status,
                .content_type = "application/json; charset=UTF-8",
                .body = IsArray(call) ? StrCat("[", json, "]") : json};
}

Answer MakeFaultAnswer(const Call& call, const FaultError& error) {
  int status = error.status;
  std::string details;
  if (error.cause == ErrorCause::kQuota) status = 429;
  if (error.cause == ErrorCause::kContext) status = 400;
  if (error.cause == ErrorCause::kOverloaded) status = 503;
  std::vector<Header> headers = error.headers;
  // The API has no header for it.
  if (call.fault.kind == FaultKind::kStatusRetryAfter) {
    details = StrCat(R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":")",
                     call.fault.numbers[1], R"(s"})");
    headers.clear();
  }
  Answer answer = MakeError(call, status,
                            error.cause == ErrorCause::kContext
                                ? "The input token count (8193) exceeds the maximum number of "
                                  "tokens allowed (8192)."
                                : error.Message(),
                            details);
  answer.headers = std::move(headers);
  return answer;
}

// Nullopt = the caller may enter.
std::optional<Answer> RefuseCaller(const Call& call, const Options& options) {
  if (options.api_key.empty()) return std::nullopt;
  std::string key(call.request.FindHeader("x-goog-api-key"));
  if (key.empty()) key = PercentDecode(FindQueryValue(call.request.query, "key"));
  if (key == options.api_key) return std::nullopt;
  if (key.empty()) {
    return MakeError(call, 403,
                     "Method doesn't allow unregistered callers (callers without established "
                     "identity). Please use API Key or other form of API consumer identity to "
                     "call this API.");
  }
  return MakeError(call, 400, "API key not valid. Please pass a valid API key.",
                   R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo",)"
                   R"("reason":"API_KEY_INVALID","domain":"googleapis.com"})");
}

std::string MakeModelJson(std::string_view id) {
  return StrCat(R"({"name":)", QuoteJson(StrCat("models/", id)), R"(,"version":"001",)",
                R"("displayName":)", QuoteJson(id),
                R"(,"inputTokenLimit":1048576,"outputTokenLimit":65536,)"
                R"("supportedGenerationMethods":["generateContent","countTokens"]})");
}

Answer AnswerModels(const Call& call, const Options& options) {
  if (!call.model.empty()) return Answer{.body = MakeModelJson(call.model)};
  std::string models;
  for (const std::string& model : options.models) AppendText(&models, MakeModelJson(model), ",");
  return Answer{.body = StrCat(R"({"models":[)", models, "]}")};
}

// One answer: how the objects of its stream are made.
struct GeminiAnswer {
  std::string model = {};
  std::string id = {};
  size_t candidate_count = 1;
  bool has_usage = true;
  size_t prompt_tokens = 0;
  size_t cached_tokens = 0;
  size_t thought_tokens = 0;

  // `parts` is empty = the candidate has no content; `finish` likewise.
  std::string Object(std::string_view parts, std::string_view finish, size_t output_tokens,
                     std::string_view more = "") const;
};

std::string GeminiAnswer::Object(std::string_view parts, std::string_view finish,
                                 size_t output_tokens, std::string_view more) const {
  std::string candidates;
  for (size_t i = 0; i < candidate_count; ++i) {
    StrAppend(
        &candidates, i == 0 ? "{" : ",{",
        parts.empty() ? "" : StrCat(R"("content":{"parts":[)", parts, R"(],"role":"model"},)"),
        finish.empty() ? "" : StrCat(R"("finishReason":")", finish, R"(",)"), R"("index":)", i,
        "}");
  }
  const size_t candidate_tokens = output_tokens * candidate_count;
  std::string usage;
  if (has_usage) {
    usage =
        StrCat(R"(,"usageMetadata":{"promptTokenCount":)", prompt_tokens,
               candidate_tokens > 0 ? StrCat(R"(,"candidatesTokenCount":)", candidate_tokens) : "",
               R"(,"totalTokenCount":)", prompt_tokens + candidate_tokens + thought_tokens,
               cached_tokens > 0 ? StrCat(R"(,"cachedContentTokenCount":)", cached_tokens) : "",
               R"(,"promptTokensDetails":[{"modality":"TEXT","tokenCount":)", prompt_tokens, "}]",
               thought_tokens > 0 ? StrCat(R"(,"thoughtsTokenCount":)", thought_tokens) : "", "}");
  }
  return StrCat(R"({"candidates":[)", candidates, "]", usage, R"(,"modelVersion":)",
                QuoteJson(model), R"(,"responseId":")", id, "\"", more, "}");
}

std::string_view FinishReason(Finish finish) {
  switch (finish) {
    case Finish::kLength:
      return "MAX_TOKENS";
    case Finish::kRefusal:
      return "SAFETY";
    default:
      return "STOP";
  }
}

// `signed_function`: of a call; empty = the part is a text.
std::string MakeSignature(std::string_view signed_function) {
  return StrCat(R"(,"thoughtSignature":)", QuoteJson(SignGeminiPart(signed_function)));
}

std::string MakeThoughtPart(std::string_view text) {
  return StrCat(R"({"text":)", QuoteJson(text), R"(,"thought":true})");
}

std::string MakeTextPart(std::string_view text, bool is_signed) {
  return StrCat(R"({"text":)", QuoteJson(text), is_signed ? MakeSignature("") : "", "}");
}

// Only the first call of a step is signed.
std::string MakeCallPart(const Said& said, size_t index, const Call& call) {
  const SaidCall& made = said.calls[index];
  const bool is_signed = index == 0 && (IsGemini3(call.model) || said.has_reasoning);
  return StrCat(R"({"functionCall":{)",
                IsGemini3(call.model) ? StrCat(R"("id":")", made.id, R"(",)") : "", R"("name":)",
                QuoteJson(made.name), R"(,"args":)", made.arguments, "}",
                is_signed ? MakeSignature(made.name) : "", "}");
}

Answer AnswerPlain(const Said& said, const Call& call, const GeminiAnswer& answer) {
  std::string parts;
  if (!said.reasoning.empty()) parts = MakeThoughtPart(said.reasoning);
  for (size_t i = 0; i < said.calls.size(); ++i) {
    AppendText(&parts, MakeCallPart(said, i, call), ",");
  }
  if (said.calls.empty()) {
    AppendText(&parts, MakeTextPart(said.reply.Text(), IsGemini3(call.model)), ",");
  }
  if (said.finish == Finish::kRefusal) parts.clear();
  return Answer{.content_type = "application/json; charset=UTF-8",
                .body = answer.Object(parts, FinishReason(said.finish),
                                      said.output_tokens - said.reasoning_tokens)};
}

// How the objects of a stream are framed: as events, or as the entries of one array.
std::string Frame(std::string_view json, bool is_array, bool is_first, bool is_last) {
  if (!is_array) return StrCat(kEventStart, json, kEventEnd);
  return StrCat(is_first ? "[" : ",\r\n", json, is_last ? "]" : "");
}

Answer AnswerStream(Said said, const Call& call, GeminiAnswer answer) {
  const bool is_array = IsArray(call);
  EventScript script;
  const auto is_first = [&script] { return script.before.empty() && script.piece_count == 0; };
  if (!said.reasoning.empty()) {
    const Reply words(said.reasoning);
    for (size_t i = 0; i < words.piece_count(); ++i) {
      script.before.push_back(Frame(answer.Object(MakeThoughtPart(words.Piece(i)), "", 0), is_array,
                                    is_first(), false));
    }
  }
  for (size_t i = 0; i < said.calls.size(); ++i) {
    script.before.push_back(
        Frame(answer.Object(MakeCallPart(said, i, call), "", 1), is_array, is_first(), false));
  }
  if (said.calls.empty() && said.finish != Finish::kRefusal) {
    const bool starts = is_first();
    script.piece_count = said.reply.piece_count();
    script.piece = [reply = said.reply, answer, is_array, starts, fault = call.fault](size_t i) {
      return Frame(
          answer.Object(MakeTextPart(reply.Piece(i), false), "", i + 1, FindEventStamp(fault, i)),
          is_array, starts && i == 0, false);
    };
  }
  const bool signs_text = said.calls.empty() && IsGemini3(call.model);
  const std::string last_part = said.finish == Finish::kRefusal ? "" : MakeTextPart("", signs_text);
  script.after.push_back(Frame(answer.Object(last_part, FinishReason(said.finish),
                                             said.output_tokens - said.reasoning_tokens),
                               is_array, is_first(), true));
  EventSpoils spoils{.has_lines = false};
  spoils.malformed = is_array ? R"(,{"candidates": [{"con)"
                              : StrCat(kEventStart, R"({"candidates": [{"con)", kEventEnd);
  spoils.error = [is_array](size_t index) {
    return Frame(MakeErrorJson(500, "The fake provider fails on purpose."), is_array, index == 0,
                 true);
  };
  spoils.odd = [answer, is_array](size_t index) {
    if (is_array) return std::string(index == 1 ? "\n\n" : "");
    const std::string comment = StrCat(": a comment", kEventEnd);
    if (index == 1) {
      return StrCat(comment, kEventStart, answer.Object(MakeTextPart("", false), "", 0), kEventEnd);
    }
    if (index == 2) return StrCat(kEventStart, answer.Object("", "", 0), kEventEnd);
    return comment;
  };
  Answer stream = MakeEventAnswer(std::move(script), std::move(spoils), call);
  stream.content_type = is_array ? "application/json; charset=UTF-8" : "text/event-stream";
  return stream;
}

Answer AnswerGenerate(const Call& call) {
  const auto read = ReadGeminiPrompt(*call.json, call.model);
  if (!read.ok()) return MakeError(call, 400, ToStd(read.status().message()));
  Said said = MakeSaid(read->prompt, call, "");
  GeminiAnswer answer{.model = call.model,
                      .id = absl::StrFormat("fake%08d", call.number),
                      .candidate_count = read->candidate_count,
                      .has_usage = call.fault.kind != FaultKind::kNoUsage,
                      .prompt_tokens = said.input_tokens,
                      .cached_tokens = said.cached_tokens,
                      .thought_tokens = said.reasoning_tokens};
  if (call.is_stream) return AnswerStream(std::move(said), call, std::move(answer));
  return AnswerPlain(said, call, answer);
}

Answer AnswerCount(const Call& call) {
  const std::string_view unknown =
      FindUnknownField(*call.json, {"contents", "generateContentRequest", "model"});
  if (!unknown.empty()) {
    return MakeError(call, 400, ToStd(RefuseUnknownField(unknown, "").message()));
  }
  const auto inner = FindObjectField(*call.json, "generateContentRequest");
  const auto read = ReadGeminiPrompt(inner.value_or(*call.json), call.model);
  if (!read.ok()) return MakeError(call, 400, ToStd(read.status().message()));
  return Answer{.body = StrCat(R"({"totalTokens":)", read->prompt.input_tokens,
                               R"(,"promptTokensDetails":[{"modality":"TEXT","tokenCount":)",
                               read->prompt.input_tokens, "}]}")};
}

Answer AnswerEndpoint(const Call& call, const Options& options) {
  if (auto refusal = RefuseCaller(call, options)) return *std::move(refusal);
  if (const auto error = FindFaultError(call)) return MakeFaultAnswer(call, *error);
  const bool is_get = call.request.method == "GET" || call.request.method == "HEAD";
  if (is_get && call.operation.empty()) return AnswerModels(call, options);
  const bool generates =
      call.operation == "generateContent" || call.operation == "streamGenerateContent";
  if (call.request.method != "POST" || (!generates && call.operation != "countTokens")) {
    return MakeError(call, 404, "Requested entity was not found.");
  }
  if (!call.json.has_value()) {
    return MakeError(call, 400, "Invalid JSON payload received. Unexpected token.");
  }
  return generates ? AnswerGenerate(call) : AnswerCount(call);
}

}  // namespace

Answer AnswerGemini(const Call& call, const Options& options) {
  Answer answer = AnswerEndpoint(call, options);
  answer.headers.push_back({"server", "scaffolding on HTTPServer2"});
  answer.headers.push_back({"server-timing", "gfet4t7; dur=1"});
  return answer;
}

}  // namespace lmgate::fakeprovider

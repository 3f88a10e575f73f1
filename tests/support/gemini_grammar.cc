#include "tests/support/gemini_grammar.h"

#include <absl/strings/escaping.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "common/base/strings.h"

namespace lmgate::testing {
namespace {

using Json = nlohmann::ordered_json;

// Gemini API reference, FinishReason: what a gateway has use for.
const std::set<std::string>& Reasons() {
  static const std::set<std::string> reasons = {
      "STOP",  "MAX_TOKENS", "SAFETY",    "RECITATION",         "LANGUAGE",
      "OTHER", "SPII",       "BLOCKLIST", "PROHIBITED_CONTENT", "MALFORMED_FUNCTION_CALL"};
  return reasons;
}

class Checker {
 public:
  std::string Check(std::string_view bytes) {
    if (!Split(bytes)) return problem_;
    if (chunks_.empty()) return "the stream is empty";
    for (size_t i = 0; i < chunks_.size() && problem_.empty(); ++i) {
      const bool last = i + 1 == chunks_.size();
      if (!chunks_[i].is_object()) return StrCat("chunk ", i, " is no object");
      if (chunks_[i].contains("error")) {
        if (!last) Complain("something follows an error");
        CheckError(chunks_[i]["error"]);
        return problem_;
      }
      CheckChunk(chunks_[i], last);
    }
    for (const auto& [index, finished] : finished_) {
      if (!finished) Complain(StrCat("candidate ", index, " has no finishReason"));
    }
    if (finished_.empty()) Complain("there is no candidate");
    for (size_t i = 0; i < finished_.size(); ++i) {
      if (!finished_.contains(static_cast<int>(i))) Complain("the indices have a gap");
    }
    return problem_;
  }

  bool EndsInError(std::string_view bytes) {
    return Split(bytes) && !chunks_.empty() && chunks_.back().is_object() &&
           chunks_.back().contains("error");
  }

 private:
  void Complain(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  bool Split(std::string_view bytes) {
    if (bytes.starts_with('[')) {
      Json list = Json::parse(bytes, nullptr, false);
      if (!list.is_array()) Complain("the array is not whole");
      for (Json& chunk : list) chunks_.push_back(std::move(chunk));
      return problem_.empty();
    }
    constexpr std::string_view kEnd = "\n\n";
    while (!bytes.empty() && problem_.empty()) {
      const size_t end = bytes.find(kEnd);
      if (end == std::string_view::npos) {
        Complain("the last event has no end");
        break;
      }
      SplitEvent(bytes.substr(0, end));
      bytes.remove_prefix(end + kEnd.size());
    }
    return problem_.empty();
  }

  void SplitEvent(std::string_view event) {
    constexpr std::string_view kData = "data: ";
    if (event.starts_with(':') && event.find('\n') == std::string_view::npos) return;
    if (!event.starts_with(kData) || event.find('\n') != std::string_view::npos) {
      Complain(StrCat("not one line of data: ", event));
      return;
    }
    Json chunk = Json::parse(event.substr(kData.size()), nullptr, false);
    if (chunk.is_discarded()) Complain(StrCat("not JSON: ", event));
    chunks_.push_back(std::move(chunk));
  }

  void CheckError(const Json& error) {
    if (!error.is_object() || !error.contains("code") || !error["code"].is_number_integer() ||
        !error.contains("message") || !error["message"].is_string() || !error.contains("status") ||
        !error["status"].is_string()) {
      Complain("an error needs code, message and status");
    }
  }

  static bool HasText(const Json& object, const char* name) {
    return object.contains(name) && object[name].is_string() &&
           !object[name].get_ref<const std::string&>().empty();
  }

  void CheckChunk(const Json& chunk, bool last) {
    for (const auto& [key, value] : chunk.items()) {
      if (key != "candidates" && key != "usageMetadata" && key != "modelVersion" &&
          key != "responseId") {
        Complain(StrCat("unknown member ", key));
      }
    }
    if (!HasText(chunk, "modelVersion")) return Complain("modelVersion is missing");
    if (!HasText(chunk, "responseId")) return Complain("responseId is missing");
    const std::string head = StrCat(chunk["modelVersion"].get<std::string>(), " ",
                                    chunk["responseId"].get<std::string>());
    if (head_.empty()) head_ = head;
    if (head_ != head) Complain("modelVersion or responseId changes");
    if (!chunk.contains("candidates") || !chunk["candidates"].is_array() ||
        chunk["candidates"].empty()) {
      return Complain("candidates are missing");
    }
    for (const Json& candidate : chunk["candidates"]) CheckCandidate(candidate, last);
    if (chunk.contains("usageMetadata")) CheckUsage(chunk["usageMetadata"]);
  }

  void CheckCandidate(const Json& candidate, bool last) {
    if (!candidate.is_object() || !candidate.contains("index") ||
        !candidate["index"].is_number_integer()) {
      return Complain("a candidate without index");
    }
    bool& finished = finished_[candidate["index"].get<int>()];
    if (finished) Complain("something follows a candidate's finishReason");
    if (candidate.contains("finishReason")) {
      finished = true;
      if (!candidate["finishReason"].is_string() ||
          !Reasons().contains(candidate["finishReason"].get<std::string>())) {
        Complain("an unknown finishReason");
      }
    } else if (last) {
      Complain("the last chunk has no finishReason");
    }
    if (!candidate.contains("content")) return Complain("a candidate without content");
    const Json& content = candidate["content"];
    if (content.value("role", "") != "model") Complain("the role must be model");
    if (!content.contains("parts") || !content["parts"].is_array() || content["parts"].empty()) {
      return Complain("a content without parts");
    }
    for (const Json& part : content["parts"]) CheckPart(part);
  }

  void CheckPart(const Json& part) {
    if (!part.is_object()) return Complain("a part that is no object");
    const bool has_text = part.contains("text");
    const bool has_call = part.contains("functionCall");
    if (has_text == has_call) return Complain("a part needs exactly one data field");
    if (has_text && !part["text"].is_string()) Complain("text that is none");
    if (part.contains("thought") && (!part["thought"].is_boolean() || has_call)) {
      Complain("thought on what is none");
    }
    if (part.contains("thoughtSignature")) {
      std::string bytes;
      if (!part["thoughtSignature"].is_string() ||
          !absl::Base64Unescape(part["thoughtSignature"].get<std::string>(), &bytes)) {
        Complain("a thoughtSignature that is not base64");
      }
    }
    if (!has_call) return;
    const Json& call = part["functionCall"];
    if (!call.is_object() || !HasText(call, "name")) return Complain("a call without name");
    if (!call.contains("args") || !call["args"].is_object()) Complain("args must be an object");
    if (!HasText(call, "id")) return Complain("a call without id");
    if (!ids_.insert(call["id"].get<std::string>()).second) Complain("two calls with one id");
  }

  void CheckUsage(const Json& usage) {
    const auto count = [&](const char* name) {
      const auto found = usage.find(name);
      if (found == usage.end()) return int64_t{0};
      if (!found->is_number_integer() || found->get<int64_t>() < 0) {
        Complain(StrCat(std::string_view(name), " is no count"));
        return int64_t{0};
      }
      return found->get<int64_t>();
    };
    if (!usage.is_object()) return Complain("usageMetadata is no object");
    const int64_t sum =
        count("promptTokenCount") + count("candidatesTokenCount") + count("thoughtsTokenCount");
    if (count("totalTokenCount") != sum) Complain("totalTokenCount is not the sum");
    if (count("cachedContentTokenCount") > count("promptTokenCount")) {
      Complain("more is cached than was sent");
    }
  }

  std::vector<Json> chunks_;
  std::map<int, bool> finished_;
  std::set<std::string> ids_;
  std::string head_;
  std::string problem_;
};

}  // namespace

std::string CheckGeminiStream(std::string_view bytes) { return Checker().Check(bytes); }

bool IsGeminiError(std::string_view bytes) { return Checker().EndsInError(bytes); }

}  // namespace lmgate::testing

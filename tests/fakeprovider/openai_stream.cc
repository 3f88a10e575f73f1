#include "tests/fakeprovider/openai_stream.h"

#include <absl/strings/str_replace.h>

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/strings.h"
#include "tests/fakeprovider/openai_error.h"
#include "tests/fakeprovider/openai_object.h"

namespace lmgate::fakeprovider {
namespace {

// Where malformed-json strikes: after the role and the first content.
constexpr size_t kMalformedIndex = 2;

// What stands before the index-th event of odd-chunks; `start` begins a chunk up to its choices.
std::string MakeOddEvents(const std::string& start, size_t index) {
  switch (index) {
    case 0:
      return ": a comment keeps the connection alive\n\n";
    case 1:
      // Azure's first chunk; a chunk of a provider that leaves the choices out.
      return StrCat(start, R"("choices":[],"prompt_filter_results":[]})", "\n\n", start,
                    R"("x_vendor":{"queue_ms":1}})", "\n\n");
    case 2:
      return StrCat("event: message\nid: 2\nretry: 1000\n", start,
                    R"("choices":[{"index":0,"delta":null,"finish_reason":null}]})", "\n\n");
    case 3:
      return StrCat(start, R"("choices":[{"index":0,"delta":{},"finish_reason":null}],"usage":)",
                    MakeUsage({.prompt = 1, .completion = 2}), "}\n\n");
    default:
      return "";
  }
}

Answer MakeOdd(Answer answer, const Call& call) {
  const std::string start =
      StrCat("data: {", MakeObjectStart(call, "chatcmpl-", "chat.completion.chunk"), ",");
  answer.event = [event = std::move(answer.event), start](size_t index) {
    std::string events = MakeOddEvents(start, index) + event(index);
    // WHATWG HTML, server-sent events, 9.2.5: CRLF ends a line as well.
    if (index == 1) events = absl::StrReplaceAll(events, {{"\n", "\r\n"}});
    return events;
  };
  return answer;
}

Answer MakeMalformed(Answer answer) {
  answer.event = [event = std::move(answer.event)](size_t index) {
    if (index == kMalformedIndex) return std::string("data: {\"id\":\"chatcmpl-fake\",\"cho\n\n");
    return event(index);
  };
  return answer;
}

Answer MakeFailing(Answer answer, size_t events_before) {
  const size_t error_at = std::min(events_before, answer.event_count - 1);
  answer.event_count = error_at + 1;
  answer.event = [event = std::move(answer.event), error_at](size_t index) {
    if (index < error_at) return event(index);
    return StrCat("data: ", MakeErrorJson(MakeStatusError(500)), "\n\n");
  };
  return answer;
}

}  // namespace

Answer SpoilStream(Answer answer, const Call& call) {
  if (!answer.is_stream()) return answer;
  switch (call.fault.kind) {
    case FaultKind::kOddChunks:
      return MakeOdd(std::move(answer), call);
    case FaultKind::kMalformedJson:
      return MakeMalformed(std::move(answer));
    case FaultKind::kErrorAfter:
      return MakeFailing(std::move(answer), call.fault.numbers[0]);
    default:
      return answer;
  }
}

}  // namespace lmgate::fakeprovider

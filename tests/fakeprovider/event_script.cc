#include "tests/fakeprovider/event_script.h"

#include <absl/strings/str_replace.h>

#include <algorithm>
#include <utility>

#include "common/base/clock.h"
#include "common/base/strings.h"

namespace lmgate::fakeprovider {
namespace {

// Where malformed-json strikes: the third event.
constexpr size_t kMalformedIndex = 2;
// Which event of odd-chunks has CRLF.
constexpr size_t kOddLinesIndex = 1;

Answer MakeFailing(Answer answer, size_t events_before, std::function<std::string(size_t)> error) {
  const size_t error_at = std::min(events_before, answer.event_count - 1);
  answer.event_count = error_at + 1;
  answer.event = [event = std::move(answer.event), error_at, error = std::move(error)](
                     size_t index) { return index < error_at ? event(index) : error(index); };
  return answer;
}

Answer MakeMalformed(Answer answer, std::string malformed) {
  answer.event = [event = std::move(answer.event), malformed = std::move(malformed)](size_t index) {
    return index == kMalformedIndex ? malformed : event(index);
  };
  return answer;
}

Answer MakeOdd(Answer answer, EventSpoils spoils) {
  answer.event = [event = std::move(answer.event), spoils = std::move(spoils)](size_t index) {
    std::string events = (spoils.odd ? spoils.odd(index) : "") + event(index);
    // WHATWG HTML, server-sent events, 9.2.5: CRLF ends a line as well.
    if (spoils.has_lines && index == kOddLinesIndex) {
      events = absl::StrReplaceAll(events, {{"\n", "\r\n"}});
    }
    return events;
  };
  return answer;
}

}  // namespace

Answer MakeEventAnswer(EventScript script, EventSpoils spoils, const Call& call) {
  Answer answer{.content_type = "text/event-stream; charset=utf-8"};
  answer.event_count = script.before.size() + script.piece_count + script.after.size();
  answer.event = [script = std::move(script)](size_t index) {
    if (index < script.before.size()) return script.before[index];
    index -= script.before.size();
    return index < script.piece_count ? script.piece(index)
                                      : script.after[index - script.piece_count];
  };
  switch (call.fault.kind) {
    case FaultKind::kOddChunks:
      return MakeOdd(std::move(answer), std::move(spoils));
    case FaultKind::kMalformedJson:
      return MakeMalformed(std::move(answer), std::move(spoils.malformed));
    case FaultKind::kErrorAfter:
      return MakeFailing(std::move(answer), call.fault.numbers[0], std::move(spoils.error));
    default:
      return answer;
  }
}

std::string MakeNamedEvent(std::string_view type, std::string_view json) {
  return StrCat("event: ", type, "\ndata: ", json, "\n\n");
}

std::string FindEventStamp(const Fault& fault, size_t index) {
  if (fault.kind != FaultKind::kStream) return "";
  return StrCat(R"(,"seq":)", index, R"(,"ts":)", SystemClock().SteadyNanos());
}

}  // namespace lmgate::fakeprovider

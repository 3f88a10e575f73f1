#include "tests/fakeprovider/control_api.h"

#include <absl/strings/numbers.h>

#include <nlohmann/json.hpp>

#include "common/base/strings.h"
#include "tests/fakeprovider/json_text.h"

namespace lmgate::fakeprovider {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kJournalPath = "/__journal";
constexpr std::string_view kStatsPath = "/__stats";

ordered_json MakeEntryJson(const JournalEntry& entry) {
  ordered_json headers = ordered_json::array();
  for (const auto& [name, value] : entry.headers) {
    headers.push_back(ordered_json::array({name, MakeJsonSafe(value).text}));
  }
  const JsonSafeText body = MakeJsonSafe(entry.body);
  return {
      {"seq", entry.seq},
      {"time", absl::FormatTime(entry.time, absl::UTCTimeZone())},
      {"finished_at", entry.finished_at.has_value()
                          ? ordered_json(absl::FormatTime(*entry.finished_at, absl::UTCTimeZone()))
                          : ordered_json(nullptr)},
      {"connection_id", entry.connection_id},
      {"method", entry.method},
      {"target", entry.target},
      {"headers", std::move(headers)},
      {"body", body.text},
      {"body_encoding", body.encoding},
      {"body_bytes", entry.body_bytes},
      {"body_is_cut", entry.body_is_cut},
      {"model", entry.model},
      {"status", entry.status},
      {"outcome", OutcomeName(entry.outcome)},
      {"chunks_sent", entry.chunks_sent}};
}

Answer AnswerEntries(const HttpRequest& request, const Journal& journal) {
  uint64_t after = 0;
  const std::string_view text = FindQueryValue(request.query, "after");
  if (!text.empty() && !absl::SimpleAtoi(ToAbsl(text), &after)) {
    return Answer{.status = 400, .body = R"({"error":"after is not a number"})"};
  }
  ordered_json entries = ordered_json::array();
  for (const JournalEntry& entry : journal.entries()) {
    if (entry.seq > after) entries.push_back(MakeEntryJson(entry));
  }
  return Answer{.body = DumpJson(entries)};
}

Answer AnswerStats(const Journal& journal) {
  const JournalStats& stats = journal.stats();
  const ordered_json json = {{"open_connections", stats.open_connections},
                             {"total_connections", stats.total_connections},
                             {"requests", stats.requests},
                             {"active_requests", stats.active_requests}};
  return Answer{.body = DumpJson(json)};
}

}  // namespace

std::optional<Answer> AnswerControl(const HttpRequest& request, Journal& journal) {
  if (request.path != kJournalPath && request.path != kStatsPath) return std::nullopt;
  if (ClearsJournal(request)) {
    journal.Clear();
    return Answer{.status = 204};
  }
  if (request.method != "GET") {
    return Answer{.status = 405, .body = R"({"error":"GET, or DELETE of the journal"})"};
  }
  return request.path == kStatsPath ? AnswerStats(journal) : AnswerEntries(request, journal);
}

bool ClearsJournal(const HttpRequest& request) {
  return request.method == "DELETE" && request.path == kJournalPath;
}

}  // namespace lmgate::fakeprovider

// What translation costs: CPU of each client's dialect from each provider's, as a ratio to what
// passing the same bytes through costs, which is finding the model and putting another in its
// place, or looking for usage. See README.md.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/contract/dialect_feature.h"
#include "dataplane/chat/chat_response.h"
#include "dataplane/dialect/dialects.h"
#include "dataplane/dialect/translation.h"
#include "dataplane/http1/request_scan.h"
#include "dataplane/usage/usage_scanner.h"

namespace lmgate::bench {
namespace {

using chat::ChatEvent;
using contract::kDialectCount;
using contract::kDialectNames;
using dialect::Dialect;
using dialect::FindDialect;
using dialect::Translation;
using Kind = ChatEvent::Kind;

constexpr size_t kTextBytes = 1024;
constexpr int kDeltas = 200;

double CpuNanoseconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// The least of some runs, a call.
double Measure(const std::function<void()>& call) {
  constexpr int kRuns = 7;
  constexpr double kRunNanoseconds = 20e6;
  double least = 1e18;
  for (int run = 0; run < kRuns; ++run) {
    int64_t calls = 0;
    const double begin = CpuNanoseconds();
    double now = begin;
    while (now - begin < kRunNanoseconds) {
      for (int i = 0; i < 16; ++i) call();
      calls += 16;
      now = CpuNanoseconds();
    }
    least = std::min(least, (now - begin) / static_cast<double>(calls));
  }
  return least;
}

std::string Text(size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += "word ";
  return text;
}

// The same conversation in each dialect.
std::string RequestOf(std::string_view name) {
  chat::ChatRequest request;
  request.model = "m";
  request.max_tokens = 100;
  request.stream = true;
  request.system = {chat::TextPart("Be brief.")};
  request.turns.push_back({.role = chat::Role::kUser, .parts = {chat::TextPart(Text(kTextBytes))}});
  const auto body = FindDialect(name)->EncodeRequest(request, {.model = "gpt-4o"});
  LMGATE_CHECK(body.ok());
  return body->body;
}

// One answer of about kTextBytes, or of kDeltas short events, in each dialect.
std::vector<ChatEvent> Events(int deltas, const std::string& text) {
  std::vector<ChatEvent> events;
  const auto add = [&events](Kind kind) -> ChatEvent& {
    events.emplace_back();
    events.back().kind = kind;
    return events.back();
  };
  ChatEvent& start = add(Kind::kStart);
  start.id = "id-1";
  start.name = "m";
  start.created = 1;
  add(Kind::kPartOpen);
  for (int i = 0; i < deltas; ++i) add(Kind::kPartDelta).text = text;
  add(Kind::kPartClose);
  ChatEvent& usage = add(Kind::kUsage);
  usage.usage = {.known = true, .prompt_tokens = 3, .completion_tokens = 4, .total_tokens = 7};
  add(Kind::kFinish);
  add(Kind::kEnd);
  return events;
}

dialect::AnswerContext Context() {
  dialect::AnswerContext context;
  context.id = "b";
  context.created = 1;
  context.model = "m";
  context.include_usage = true;
  return context;
}

std::string AnswerOf(std::string_view name) {
  chat::ResponseBuilder builder;
  for (const ChatEvent& event : Events(1, Text(kTextBytes))) builder.Add(event);
  return FindDialect(name)->EncodeResponse(builder.Take(), Context());
}

std::string StreamOf(std::string_view name) {
  const dialect::AnswerContext context = Context();
  const auto encoder = FindDialect(name)->NewEventEncoder(context);
  std::string stream;
  for (const ChatEvent& event : Events(kDeltas, "word ")) encoder->Encode(event, &stream);
  return stream;
}

// ---- Passing through.

double PassRequest(std::string_view name) {
  const std::string body = RequestOf(name);
  const std::string padded = body + std::string(http1::RequestScanner::kPaddingBytes, '\0');
  http1::RequestScanner scanner;
  std::string sent;
  return Measure([&] {
    const http1::RequestScan scan = scanner.Scan({padded.data(), body.size()});
    LMGATE_CHECK(scan.valid);
    sent.assign(body, 0, scan.model_offset);
    http1::AppendJsonString(&sent, "another");
    sent.append(body, scan.model_offset + scan.model_bytes);
  });
}

double PassAnswer(const std::string& bytes, size_t pieces) {
  const size_t piece_bytes = bytes.size() / pieces + 1;
  std::string sent;
  return Measure([&] {
    usage::UsageScanner scanner;
    for (size_t at = 0; at < bytes.size(); at += piece_bytes) {
      const std::string_view piece = std::string_view(bytes).substr(at, piece_bytes);
      scanner.Feed(piece);
      sent.assign(piece);
    }
  });
}

// ---- Translating.

std::unique_ptr<Translation> Begin(std::string_view client, std::string_view backend,
                                   std::string_view body) {
  auto translation = Translation::Create({.dialect = FindDialect(client), .id = "b", .created = 1},
                                         {.body = body, .model = "m", .stream = true});
  LMGATE_CHECK(translation.ok());
  LMGATE_CHECK((*translation)->Encode(*FindDialect(backend), {.model = "m"}).ok());
  return *std::move(translation);
}

double TranslateRequest(std::string_view client, std::string_view backend) {
  const std::string body = RequestOf(client);
  return Measure([&] { Begin(client, backend, body); });
}

double TranslateAnswer(std::string_view client, std::string_view backend) {
  const auto translation = Begin(client, backend, RequestOf(client));
  const std::vector<std::string> answer = {AnswerOf(backend)};
  return Measure([&] { LMGATE_CHECK(translation->TranslateAnswer(answer).ok()); });
}

double TranslateStream(std::string_view client, std::string_view backend) {
  const auto translation = Begin(client, backend, RequestOf(client));
  const std::string stream = StreamOf(backend);
  const size_t piece_bytes = stream.size() / kDeltas + 1;
  std::string out;
  return Measure([&] {
    translation->BeginStream();
    for (size_t at = 0; at < stream.size(); at += piece_bytes) {
      out.clear();
      translation->Feed(0, std::string_view(stream).substr(at, piece_bytes), &out);
    }
    translation->Finish(0, &out);
    LMGATE_CHECK(translation->ended() && !translation->failed());
  });
}

// `pass` by the dialect whose bytes come in; divided by `units`.
void PrintTable(const char* title, double units,
                const std::function<double(std::string_view)>& pass,
                const std::function<double(std::string_view, std::string_view)>& translate,
                bool client_sends) {
  std::printf("%s\n%-24s", title, "ns, and times of passing");
  for (const std::string_view backend : kDialectNames) {
    std::printf("%18s", std::string(backend).c_str());
  }
  std::printf("\n");
  double passed[kDialectCount];
  for (size_t i = 0; i < kDialectCount; ++i) passed[i] = pass(kDialectNames[i]) / units;
  for (size_t client = 0; client < kDialectCount; ++client) {
    std::printf("%-24s", std::string(kDialectNames[client]).c_str());
    for (size_t backend = 0; backend < kDialectCount; ++backend) {
      if (client == backend) {
        std::printf("%11.0f  (1.0)", passed[client]);
        continue;
      }
      const double cost = translate(kDialectNames[client], kDialectNames[backend]) / units;
      std::printf("%9.0f %7.1fx", cost, cost / passed[client_sends ? client : backend]);
    }
    std::printf("\n");
  }
  std::printf("\n");
}

void Run() {
  std::printf("Rows: the client's dialect. Columns: the provider's. Diagonal: passed through.\n\n");
  PrintTable("A request of 1 KB", 1, PassRequest, TranslateRequest, true);
  PrintTable(
      "A plain answer of 1 KB", 1,
      [](std::string_view name) { return PassAnswer(AnswerOf(name), 1); }, TranslateAnswer, false);
  PrintTable(
      "An event of a stream", kDeltas,
      [](std::string_view name) { return PassAnswer(StreamOf(name), kDeltas); }, TranslateStream,
      false);
}

}  // namespace
}  // namespace lmgate::bench

int main() { lmgate::bench::Run(); }

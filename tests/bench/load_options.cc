#include "tests/bench/load_options.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace lmgate::bench {
namespace {

constexpr char kVirtualKey[] = "sk-virtual-0123456789abcdef0123456789abcdef";

std::optional<LoadMode> ParseMode(std::string_view name) {
  if (name == "closed") return LoadMode::kClosed;
  if (name == "rate") return LoadMode::kRate;
  if (name == "stream") return LoadMode::kStream;
  if (name == "hold") return LoadMode::kHold;
  return std::nullopt;
}

// False = no such option.
bool SetOption(std::string_view name, const char* value, LoadOptions* options) {
  const auto number = std::strtoull(value, nullptr, 10);
  if (name == "--port") {
    options->port = static_cast<uint16_t>(number);
  } else if (name == "--tls") {
    options->tls = number != 0;
  } else if (name == "--connections") {
    options->connections = static_cast<uint32_t>(number);
  } else if (name == "--seconds") {
    options->seconds = std::strtod(value, nullptr);
  } else if (name == "--rate") {
    options->rate = std::strtod(value, nullptr);
  } else if (name == "--prompt-bytes") {
    options->prompt_bytes = number;
  } else if (name == "--big-answer") {
    options->big_answer = number != 0;
  } else if (name == "--events") {
    options->events = static_cast<uint32_t>(number);
  } else if (name == "--event-bytes") {
    options->event_bytes = static_cast<uint32_t>(number);
  } else if (name == "--gap-us") {
    options->gap_micros = number;
  } else if (name == "--header") {
    options->headers.append(value).append("\r\n");
  } else {
    return false;
  }
  return true;
}

std::string MakeBody(const LoadOptions& options) {
  std::string user = options.big_answer ? "u-16k" : "u-small";
  if (options.streams()) {
    user = "sse_" + std::to_string(options.events) + "_" + std::to_string(options.event_bytes) +
           "_" + std::to_string(options.gap_micros);
  }
  std::string body = R"({"model":"gpt-4o","user":")" + user + R"(","stream":)" +
                     (options.streams() ? "true" : "false") +
                     R"(,"temperature":0.7,"messages":[)"
                     R"({"role":"system","content":"You are a helpful assistant."},)"
                     R"({"role":"user","content":")";
  constexpr std::string_view kEnd = R"("}]})";
  while (body.size() + kEnd.size() < options.prompt_bytes) {
    body += R"(Lorem ipsum dolor sit amet, \"quoted\" text\n consectetur. )";
  }
  return body.append(kEnd);
}

}  // namespace

const char kLoadUsage[] =
    "usage: bench_load closed|rate|stream|hold --port N [--NAME VALUE]...\n"
    "\n"
    "  --tls 1            speak TLS\n"
    "  --connections N    open at once (32)\n"
    "  --seconds S        no request begins later (3)\n"
    "  --rate R           rate: requests a second; hold: new connections a second (1000)\n"
    "  --prompt-bytes N   size of the request's body (1024)\n"
    "  --big-answer 1     16 KB instead of 1 KB\n"
    "  --events N         of a stream (200)\n"
    "  --event-bytes N    size of an event (200)\n"
    "  --gap-us N         between two events (0: as fast as they are taken)\n"
    "  --header 'A: b'    a further header\n"
    "\n"
    "Prints one JSON line; hold prints {\"held\":N} before, when all streams are open.\n"
    "Exits with 2 when an answer was wrong, missing or incomplete.\n";

std::optional<LoadOptions> ParseLoadOptions(int argc, char** argv) {
  LoadOptions options;
  const std::optional<LoadMode> mode = argc > 1 ? ParseMode(argv[1]) : std::nullopt;
  if (!mode.has_value() || argc % 2 != 0) {
    std::fputs(kLoadUsage, stderr);
    return std::nullopt;
  }
  options.mode = *mode;
  for (int i = 2; i + 1 < argc; i += 2) {
    if (SetOption(argv[i], argv[i + 1], &options)) continue;
    std::fprintf(stderr, "bench_load: unknown option %s\n", argv[i]);
    return std::nullopt;
  }
  if (options.port == 0 || options.connections == 0 || options.rate <= 0 || options.events == 0) {
    std::fprintf(stderr, "bench_load: port, connections, rate and events must not be 0\n");
    return std::nullopt;
  }
  return options;
}

std::string MakeRequest(const LoadOptions& options) {
  const std::string body = MakeBody(options);
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(options.port) +
         "\r\nUser-Agent: bench_load\r\nAccept: */*\r\nAuthorization: Bearer " + kVirtualKey +
         "\r\nContent-Type: application/json\r\n" + options.headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace lmgate::bench

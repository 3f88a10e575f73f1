#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace lmgate::bench {

enum class LoadMode : uint8_t {
  kClosed,  // connections send back to back
  kRate,    // requests begin at a fixed rate, whatever the answers do
  kStream,  // connections ask for streams back to back
  kHold,    // connections open at a fixed rate, one stream each, all open together
};

struct LoadOptions {
  LoadMode mode = LoadMode::kClosed;
  uint16_t port = 0;
  bool tls = false;
  uint32_t connections = 32;
  double seconds = 3;          // no request begins later; kHold: not used
  double rate = 1000;          // requests (kRate) or connections (kHold) a second
  size_t prompt_bytes = 1024;  // of the request's body
  bool big_answer = false;
  uint32_t events = 200;  // a stream
  uint32_t event_bytes = 200;
  uint64_t gap_micros = 0;
  std::string headers = {};  // further ones, each ending in CRLF

  bool streams() const { return mode == LoadMode::kStream || mode == LoadMode::kHold; }
  bool has_schedule() const { return mode == LoadMode::kRate || mode == LoadMode::kHold; }
};

extern const char kLoadUsage[];

// Nullopt, and a line on stderr, when they make no sense.
std::optional<LoadOptions> ParseLoadOptions(int argc, char** argv);

// The request that every connection sends, whole.
std::string MakeRequest(const LoadOptions& options);

}  // namespace lmgate::bench

#include "dataplane/gateway/access_log.h"

#include <absl/time/time.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "dataplane/http1/request_scan.h"

namespace lmgate::gateway {
namespace {

void AppendText(std::string* out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  StrAppend(out, ",\"", name, "\":");
  http1::AppendJsonString(out, value);
}

template <typename Number>
void AppendNumber(std::string* out, std::string_view name, Number value) {
  StrAppend(out, ",\"", name, "\":", value);
}

}  // namespace

void AppendAccessLine(std::string* out, const AccessRecord& record) {
  const absl::Time time = absl::FromUnixMicros(record.time_us);
  StrAppend(out, "{\"time\":\"",
            absl::FormatTime("%E4Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone()), "\"");
  AppendText(out, "request_id", record.request_id);
  AppendText(out, "method", record.method);
  AppendText(out, "path", record.path);
  AppendNumber(out, "status", record.status);
  AppendText(out, "code", contract::ErrorCodeName(record.code));
  AppendText(out, "key", record.key);
  AppendText(out, "group", record.group);
  AppendText(out, "model", record.model);
  AppendText(out, "route", record.route);
  AppendText(out, "connection", record.connection);
  AppendText(out, "upstream_model", record.upstream_model);
  if (record.upstream_status != 0) AppendNumber(out, "upstream_status", record.upstream_status);
  AppendNumber(out, "attempts", record.attempts);
  StrAppend(out, ",\"stream\":", record.stream ? "true" : "false");
  AppendNumber(out, "request_bytes", record.request_bytes);
  AppendNumber(out, "response_bytes", record.response_bytes);
  AppendNumber(out, "duration_us", record.duration_us);
  if (record.first_byte_us >= 0) AppendNumber(out, "first_byte_us", record.first_byte_us);
  if (record.usage.known) {
    AppendNumber(out, "prompt_tokens", record.usage.prompt_tokens);
    AppendNumber(out, "completion_tokens", record.usage.completion_tokens);
    AppendNumber(out, "total_tokens", record.usage.total_tokens);
    AppendNumber(out, "cached_tokens", record.usage.cached_tokens);
    AppendNumber(out, "reasoning_tokens", record.usage.reasoning_tokens);
  }
  AppendNumber(out, "revision", record.revision);
  out->append("}\n");
}

void AccessLogRing::Push(std::string_view line) {
  const uint64_t written = written_.load(std::memory_order_relaxed);
  const uint64_t taken = taken_.load(std::memory_order_acquire);
  if (kBytes - (written - taken) < line.size()) {
    dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return;
  }
  const size_t at = written % kBytes;
  const size_t first = std::min(line.size(), kBytes - at);
  std::memcpy(bytes_.get() + at, line.data(), first);
  std::memcpy(bytes_.get(), line.data() + first, line.size() - first);
  written_.store(written + line.size(), std::memory_order_release);
}

void AccessLogRing::TakeAll(std::string* out) {
  const uint64_t taken = taken_.load(std::memory_order_relaxed);
  const uint64_t written = written_.load(std::memory_order_acquire);
  const size_t size = written - taken;
  const size_t at = taken % kBytes;
  const size_t first = std::min(size, kBytes - at);
  out->append(bytes_.get() + at, first);
  out->append(bytes_.get(), size - first);
  taken_.store(written, std::memory_order_release);
}

absl::StatusOr<std::unique_ptr<AccessLog>> AccessLog::Create(const std::string& path,
                                                             size_t workers) {
  std::unique_ptr<AccessLog> log(new AccessLog());
  if (path == "off") return log;
  if (path == "-") {
    log->fd_ = STDOUT_FILENO;
  } else {
    log->fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (log->fd_ < 0) {
      return absl::UnavailableError(StrCat("access log ", path, ": ", std::strerror(errno)));
    }
    log->owns_fd_ = true;
  }
  for (size_t i = 0; i < workers; ++i) log->rings_.push_back(std::make_unique<AccessLogRing>());
  log->writer_ = std::thread([raw = log.get()] { raw->Run(); });
  return log;
}

AccessLog::~AccessLog() {
  stop_.store(true);
  if (writer_.joinable()) writer_.join();
  if (owns_fd_) ::close(fd_);
}

uint64_t AccessLog::dropped() const {
  uint64_t dropped = write_failures_.load(std::memory_order_relaxed);
  for (const auto& ring : rings_) dropped += ring->dropped();
  return dropped;
}

void AccessLog::Run() {
  while (!stop_.load()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(kFlushMs));
    WriteOut();
  }
  WriteOut();
}

void AccessLog::WriteOut() {
  pending_.clear();
  for (const auto& ring : rings_) ring->TakeAll(&pending_);
  std::string_view left = pending_;
  while (!left.empty()) {
    const ssize_t written = ::write(fd_, left.data(), left.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      // A full disk must not stop the traffic: the lines are lost and counted.
      const auto lost = static_cast<uint64_t>(std::count(left.begin(), left.end(), '\n'));
      if (write_failures_.fetch_add(lost) == 0) {
        LogError(StrCat("access log: ", std::strerror(errno), "; lines are dropped and counted"));
      }
      return;
    }
    left.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace lmgate::gateway

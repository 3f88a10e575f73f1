#include "dataplane/gateway/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "common/base/logging.h"
#include "common/base/strings.h"

namespace lmgate::gateway {
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

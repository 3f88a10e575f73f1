#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "common/base/mutex.h"

namespace lmgate::testing {

// A provider that answers with given bytes, lawful or not. It listens on loopback and serves any
// number of connections on a thread of its own, one request after another on each.
class ScriptedUpstream {
 public:
  struct Answer {
    std::string bytes = {};
    std::string later = {};  // sent kLater after `bytes`
    bool close = false;      // and then the connection ends
  };
  static constexpr absl::Duration kLater = absl::Milliseconds(50);

  // answers[i] answers the i-th request, whatever its connection; the last one all that follow.
  explicit ScriptedUpstream(std::vector<Answer> answers);
  ~ScriptedUpstream();
  ScriptedUpstream(const ScriptedUpstream&) = delete;
  ScriptedUpstream& operator=(const ScriptedUpstream&) = delete;

  std::string base_url() const;
  // Those received so far, head and body as they came.
  std::vector<std::string> requests() const;
  size_t connections() const;
  // False when not one of them has come to its end within `patience`.
  bool WaitForClosedConnection(absl::Duration patience) const;

 private:
  struct Connection {
    int socket = -1;
    std::string received;
    bool ended = false;
  };

  void Run();
  void Accept();
  void Read(Connection& connection);
  void AnswerNext(Connection& connection);

  int listener_ = -1;
  int wake_[2] = {-1, -1};
  uint16_t port_ = 0;
  std::vector<Connection> open_;  // of the thread

  mutable Mutex mutex_;
  const std::vector<Answer> answers_;
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mutex_);
  size_t connections_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t closed_ ABSL_GUARDED_BY(mutex_) = 0;
  mutable CondVar closed_changed_;

  std::thread thread_;
};

}  // namespace lmgate::testing

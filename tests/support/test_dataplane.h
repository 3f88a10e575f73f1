#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/app.h"
#include "tests/support/snapshot_source.h"
#include "tests/support/temp_dir.h"

namespace lmgate::testing {

// A whole data plane in this process, without a control plane: it serves what `source` says, as
// its last good configuration. One worker, port 0. Aborts the test program if it does not start.
class TestDataplane {
 public:
  // `change`: of the options, before the start.
  explicit TestDataplane(const SnapshotSource& source,
                         const std::function<void(dataplane::Options*)>& change = {});

  uint16_t port() const { return app_->port(); }
  uint16_t admin_port() const { return app_->admin_port(); }
  dataplane::App& app() { return *app_; }
  // The access log so far, once it holds `lines` lines or more; empty when it never does.
  std::string AccessLog(size_t lines) const;
  // GET /metrics of the admin port.
  std::string Metrics() const;

 private:
  TempDir directory_;
  std::unique_ptr<dataplane::App> app_;
};

// What most tests serve: connection "up" at `base_url` with the credential "provider-secret", the
// group "default" that may use all, the key kTestKey in it, and a route from "*" to "up.*".
inline constexpr std::string_view kTestKey = "test-key-secret";
SnapshotSource BasicSource(std::string_view base_url);

}  // namespace lmgate::testing

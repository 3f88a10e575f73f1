#include "tests/support/test_dataplane.h"

#include <absl/time/clock.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include "common/base/logging.h"
#include "common/base/mutex.h"
#include "common/contract/resource.h"
#include "dataplane/control/last_good_store.h"
#include "tests/fakeprovider/test_client.h"

namespace lmgate::testing {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);

void Require(const absl::Status& status) {
  if (!status.ok()) std::cerr << status << "\n";
  LMGATE_CHECK(status.ok());
}

}  // namespace

TestDataplane::TestDataplane(const SnapshotSource& source,
                             const std::function<void(dataplane::Options*)>& change) {
  dataplane::Options options;
  const auto table = dataplane::OptionTable(&options);
  for (const options::Option& option : table) {
    if (!option.default_value.empty()) Require(option.parse(option.default_value));
  }
  options.listen.port = 0;
  options.admin_listen.port = 0;
  options.control_plane = "none";
  options.workers = 1;
  options.state_dir = directory_.path() + "/state";
  options.access_log = directory_.path() + "/access.log";
  if (change) change(&options);
  {
    auto store = control::LastGoodStore::Open({.directory = options.state_dir});
    Require(store.status());
    Require((*store)->StageBase(source.Parts()));
    Require((*store)->CommitBase());
  }
  auto app = dataplane::App::Create(options);
  Require(app.status());
  app_ = *std::move(app);
}

std::string TestDataplane::AccessLog(size_t lines) const {
  const absl::Time deadline = absl::Now() + kPatience;
  Mutex mutex;
  CondVar next_look;
  const MutexLock lock(&mutex);
  do {
    std::ifstream file(directory_.path() + "/access.log");
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) >= lines) return text;
    next_look.WaitWithTimeout(&mutex, absl::Milliseconds(5));
  } while (absl::Now() < deadline);
  return {};
}

std::string TestDataplane::Metrics() const {
  fakeprovider::TestClient client(admin_port());
  return client.Get("/metrics").body;
}

SnapshotSource BasicSource(std::string_view base_url) {
  v1::Connection connection = TestConnection("up", "provider-secret");
  connection.set_base_url(std::string(base_url));
  v1::Route route = TestRoute("*", 1024, {"up.*"});
  SnapshotSource source;
  source.Change({contract::MakeResource(connection), contract::MakeResource(TestGroup("default")),
                 contract::MakeResource(route),
                 contract::MakeResource(TestKey("key1", kTestKey, "default"))});
  return source;
}

}  // namespace lmgate::testing

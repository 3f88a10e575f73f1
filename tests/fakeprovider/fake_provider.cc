#include "tests/fakeprovider/fake_provider.h"

#include <absl/cleanup/cleanup.h>
#include <absl/status/status.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <future>
#include <set>
#include <thread>
#include <utility>

#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "tests/fakeprovider/responder.h"
#include "tests/fakeprovider/session.h"

namespace lmgate::fakeprovider {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);
// FakeProvider::Journal() hides the class.
using RequestJournal = Journal;

// Out of file descriptors, most likely: trying again at once would only burn the processor.
constexpr std::chrono::milliseconds kAcceptPause(50);
// The kernel cuts it to net.core.somaxconn.
constexpr int kBacklog = 4096;
// "For ever" would overflow the clock.
constexpr absl::Duration kWaitMax = absl::Hours(1);

}  // namespace

class FakeProvider::Impl {
 public:
  explicit Impl(Options options);
  ~Impl();

  absl::Status Listen();
  void Start();
  // Runs it on the provider's thread, after what that was doing, and waits for its end.
  void Run(absl::FunctionRef<void()> action);
  // Waits until `is_there`, which is called on the provider's thread after each change of the
  // journal. False after `timeout`.
  bool WaitUntil(absl::FunctionRef<bool()> is_there, absl::Duration timeout);

  uint16_t port() const { return port_; }
  const Options& options() const { return options_; }
  // For Run() and WaitUntil().
  RequestJournal& journal() { return journal_; }
  Responder& responder() { return responder_; }

 private:
  asio::awaitable<void> Accept();
  asio::awaitable<void> Serve(tcp::socket socket);
  void Stop();

  const Options options_;
  const SystemClock clock_;
  uint16_t port_ = 0;  // constant after Listen()

  asio::io_context io_context_{1};  // one thread runs it
  // State below belongs to that thread.
  tcp::acceptor acceptor_{io_context_};
  asio::steady_timer accept_timer_{io_context_};
  RequestJournal journal_;
  Responder responder_;
  std::set<Session*> sessions_;
  uint64_t next_connection_id_ = 1;

  std::thread thread_;
};

FakeProvider::Impl::Impl(Options options)
    : options_(std::move(options)),
      journal_(options_.journal_entries_max),
      responder_(options_, journal_, clock_) {}

FakeProvider::Impl::~Impl() {
  if (!thread_.joinable()) return;
  asio::post(io_context_, [this] { Stop(); });
  thread_.join();
}

absl::Status FakeProvider::Impl::Listen() {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options_.host, error);
  if (error) return absl::InvalidArgumentError(StrCat(options_.host, ": not an IP address"));
  const tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(kBacklog, error);
  if (error) {
    return absl::UnavailableError(StrCat(options_.host, ":", options_.port, ": ", error.message()));
  }
  port_ = acceptor_.local_endpoint().port();
  return absl::OkStatus();
}

void FakeProvider::Impl::Start() {
  asio::co_spawn(io_context_, Accept(), asio::detached);
  // Ends when the acceptor and all sessions have: see Stop().
  thread_ = std::thread([this] { io_context_.run(); });
}

void FakeProvider::Impl::Run(absl::FunctionRef<void()> action) {
  std::promise<void> done;
  asio::post(io_context_, [&] {
    action();
    done.set_value();
  });
  done.get_future().wait();
}

bool FakeProvider::Impl::WaitUntil(absl::FunctionRef<bool()> is_there, absl::Duration timeout) {
  std::promise<void> came;
  bool has_come = false;  // belongs to the provider's thread
  const RequestJournal::Observer check = [&] {
    if (has_come || !is_there()) return;
    has_come = true;
    came.set_value();
  };
  Run([&] {
    journal_.AddObserver(&check);
    check();
  });
  came.get_future().wait_for(absl::ToChronoNanoseconds(std::min(timeout, kWaitMax)));
  Run([&] { journal_.RemoveObserver(&check); });
  return has_come;
}

void FakeProvider::Impl::Stop() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  accept_timer_.cancel();
  for (Session* session : sessions_) session->Close();
}

asio::awaitable<void> FakeProvider::Impl::Accept() {
  while (acceptor_.is_open()) {
    tcp::socket socket(io_context_);
    const auto [error] = co_await acceptor_.async_accept(socket, kAwaitTuple);
    if (!acceptor_.is_open()) co_return;
    if (!error) {
      asio::co_spawn(io_context_, Serve(std::move(socket)), asio::detached);
      continue;
    }
    accept_timer_.expires_after(kAcceptPause);
    co_await accept_timer_.async_wait(kAwaitTuple);
  }
}

asio::awaitable<void> FakeProvider::Impl::Serve(tcp::socket socket) {
  // Stop() may have run between accept and here.
  if (!acceptor_.is_open()) co_return;
  const SessionContext context{
      .options = options_, .responder = responder_, .journal = journal_, .clock = clock_};
  journal_.AddConnection();
  const absl::Cleanup count = [this] { journal_.RemoveConnection(); };
  Session session(std::move(socket), next_connection_id_++, context);
  sessions_.insert(&session);
  const absl::Cleanup forget = [this, &session] { sessions_.erase(&session); };
  co_await session.Run();
}

absl::StatusOr<std::unique_ptr<FakeProvider>> FakeProvider::Create(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  LMGATE_RETURN_IF_ERROR(impl->Listen());
  impl->Start();
  return std::unique_ptr<FakeProvider>(new FakeProvider(std::move(impl)));
}

FakeProvider::FakeProvider(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FakeProvider::~FakeProvider() = default;

uint16_t FakeProvider::port() const { return impl_->port(); }

std::string FakeProvider::base_url() const {
  return StrCat("http://", impl_->options().host, ":", port(), "/v1");
}

std::vector<JournalEntry> FakeProvider::Journal(uint64_t after) const {
  std::vector<JournalEntry> found;
  impl_->Run([&] {
    for (const JournalEntry& entry : impl_->journal().entries()) {
      if (entry.seq > after) found.push_back(entry);
    }
  });
  return found;
}

void FakeProvider::ClearJournal() {
  impl_->Run([this] {
    impl_->journal().Clear();
    impl_->responder().ForgetFailures();
  });
}

JournalStats FakeProvider::Stats() const {
  JournalStats stats;
  impl_->Run([&] { stats = impl_->journal().stats(); });
  return stats;
}

std::optional<JournalEntry> FakeProvider::WaitForEntry(
    absl::FunctionRef<bool(const JournalEntry&)> matches, absl::Duration timeout) const {
  std::optional<JournalEntry> found;
  const auto is_there = [&] {
    for (const JournalEntry& entry : impl_->journal().entries()) {
      if (!matches(entry)) continue;
      found = entry;
      return true;
    }
    return false;
  };
  impl_->WaitUntil(is_there, timeout);
  return found;
}

bool FakeProvider::WaitForStats(absl::FunctionRef<bool(const JournalStats&)> matches,
                                absl::Duration timeout) const {
  return impl_->WaitUntil([&] { return matches(impl_->journal().stats()); }, timeout);
}

}  // namespace lmgate::fakeprovider

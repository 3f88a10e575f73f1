#include "tests/bench/load.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <span>

#include "tests/bench/clock.h"

namespace lmgate::bench {
namespace {

constexpr double kNanosPerSecond = 1e9;
// How long answers are waited for when the time is up.
constexpr uint64_t kGraceNanos = 20'000'000'000;
constexpr int kComplaintsMax = 3;  // shown

}  // namespace

Load::Load(const LoadOptions& options)
    : options_(options),
      request_(MakeRequest(options)),
      tls_(options.tls ? MakeClientTls() : nullptr),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      clients_(options.connections),
      gap_nanos_(static_cast<uint64_t>(kNanosPerSecond / options.rate)) {}

void Load::Run() {
  start_nanos_ = due_nanos_ = last_nanos_ = NowNanos();
  // Hold: the schedule has one place for each connection.
  end_nanos_ = start_nanos_ + (options_.mode == LoadMode::kHold
                                   ? options_.connections * gap_nanos_
                                   : static_cast<uint64_t>(options_.seconds * kNanosPerSecond));
  // A stream that begins last takes this long.
  const uint64_t stream_nanos =
      options_.streams() ? options_.events * options_.gap_micros * 1000 : 0;
  const uint64_t give_up_nanos = end_nanos_ + stream_nanos + kGraceNanos;
  BeginAll();

  std::array<epoll_event, 1024> events;
  while (true) {
    uint64_t now = NowNanos();
    BeginDue(now);
    if (IsOver(now)) return;
    if (now > give_up_nanos) {
      std::fprintf(stderr, "bench_load: gave up %zu requests under way and %zu not begun\n", busy_,
                   backlog_.size());
      errors_ += busy_ + backlog_.size();
      return;
    }
    const timespec timeout = ToTimespec(WaitNanos(NowNanos()));
    const int count =
        epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    if (count <= 0) continue;
    for (const epoll_event& event : std::span(events).first(static_cast<size_t>(count))) {
      OnReady(static_cast<Client*>(event.data.ptr));
    }
  }
}

void Load::BeginAll() {
  for (Client& client : clients_) {
    if (options_.mode == LoadMode::kRate) Open(&client);
    if (options_.has_schedule()) {
      idle_.push_back(&client);
    } else {
      Begin(&client, NowNanos());
    }
  }
  // Opening took its time: the schedule begins now.
  const uint64_t shift = NowNanos() - start_nanos_;
  if (options_.has_schedule()) {
    start_nanos_ += shift;
    due_nanos_ += shift;
    end_nanos_ += shift;
  }
}

void Load::BeginDue(uint64_t now) {
  if (!options_.has_schedule()) return;
  for (; due_nanos_ <= now && due_nanos_ < end_nanos_; due_nanos_ += gap_nanos_) {
    backlog_.push_back(due_nanos_);
  }
  while (!backlog_.empty() && !idle_.empty()) {
    Client* const client = idle_.front();
    const uint64_t begin_nanos = backlog_.front();
    idle_.pop_front();
    backlog_.pop_front();
    Begin(client, begin_nanos);
  }
}

uint64_t Load::WaitNanos(uint64_t now) const {
  constexpr uint64_t kIdleNanos = 50'000'000;
  if (!options_.has_schedule() || due_nanos_ >= end_nanos_) return kIdleNanos;
  return due_nanos_ > now ? std::min(due_nanos_ - now, kIdleNanos) : 0;
}

bool Load::IsOver(uint64_t now) const {
  const bool all_begun = options_.has_schedule() ? due_nanos_ >= end_nanos_ : now >= end_nanos_;
  return all_begun && busy_ == 0 && backlog_.empty();
}

void Load::Begin(Client* client, uint64_t begin_nanos) {
  client->is_busy = true;
  ++busy_;
  client->begin_nanos = begin_nanos;
  client->body_bytes = 0;
  client->reader.Reset();
  client->events.Begin(options_.events);
  client->unsent = request_;
  if (!client->socket.is_open() && !Open(client)) return Fail(client, "cannot connect");
  if (!Send(client)) Fail(client, "closed while sending");
}

bool Load::Open(Client* client) {
  client->socket = Socket::Connected(options_.port, tls_.get());
  client->is_fresh = true;
  client->waits_to_write = false;
  if (!client->socket.is_open()) return false;
  epoll_event event{.events = EPOLLIN, .data = {.ptr = client}};
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, client->socket.fd(), &event) == 0;
}

void Load::OnReady(Client* client) {
  // Closed while an earlier event of the same turn was handled.
  if (!client->socket.is_open()) return;
  if (Send(client) && Receive(client)) return;
  if (client->is_busy) return Fail(client, "closed before the answer's end");
  client->socket.Close();  // idle: the peer may do that
}

bool Load::Send(Client* client) {
  while (!client->unsent.empty()) {
    const Transfer written = client->socket.Write(client->unsent);
    if (written.next == Transfer::Next::kClosed) return false;
    client->unsent.remove_prefix(written.bytes);
    if (written.next == Transfer::Next::kDone) continue;
    WatchForWriting(client, written.next == Transfer::Next::kWaitWritable);
    return true;
  }
  WatchForWriting(client, false);
  return true;
}

bool Load::Receive(Client* client) {
  do {
    const Transfer read = client->socket.Read(buffer_);
    if (read.next == Transfer::Next::kClosed) return false;
    if (!Consume(client, std::string_view(buffer_.data(), read.bytes), NowNanos())) return false;
  } while (client->socket.is_open() && client->socket.HasBuffered());
  return true;
}

bool Load::Consume(Client* client, std::string_view data, uint64_t now) {
  while (!data.empty()) {
    if (!client->is_busy) return false;
    const HttpReader::Step step = client->reader.Next(data);
    data.remove_prefix(step.consumed);
    AddBody(client, step.body, now);
    if (step.status == HttpReader::Status::kBroken) return false;
    if (step.status != HttpReader::Status::kDone) continue;
    // What comes after the answer belongs to nothing.
    if (!data.empty()) return false;
    Finish(client, now);
    return true;
  }
  return true;
}

void Load::AddBody(Client* client, std::string_view body, uint64_t now) {
  if (body.empty()) return;
  if (client->body_bytes == 0 && client->reader.status_code() != 200 &&
      complaints_++ < kComplaintsMax) {
    std::fprintf(stderr, "bench_load: status %d: %.*s\n", client->reader.status_code(),
                 static_cast<int>(std::min<size_t>(body.size(), 300)), body.data());
  }
  if (options_.streams() && client->body_bytes == 0) {
    first_bytes_.Add(now - client->begin_nanos);
    // Not said when a stream has already ended: then they were never all open.
    if (++streams_begun_ == clients_.size() && options_.mode == LoadMode::kHold &&
        requests_ + errors_ == 0) {
      std::printf("{\"held\":%" PRIu64 "}\n", streams_begun_);
      std::fflush(stdout);
    }
  }
  client->body_bytes += body.size();
  if (options_.streams()) client->events.Add(body, now, &lags_);
}

void Load::Finish(Client* client, uint64_t now) {
  // A proxy may write the JSON anew, so the size is known only roughly.
  const uint64_t body_bytes_min = options_.big_answer ? 15'000 : 900;
  const bool is_whole = options_.streams()
                            ? client->reader.is_event_stream() && client->events.is_whole()
                            : client->body_bytes >= body_bytes_min;
  if (client->reader.status_code() != 200) return Fail(client, "not status 200");
  if (options_.streams()) {
    events_ += client->events.received();
    lost_ += client->events.lost();
  }
  if (!is_whole) return Fail(client, "an incomplete answer");
  ++requests_;
  if (!client->is_fresh) answers_.Add(now - client->begin_nanos);
  client->is_fresh = false;
  last_nanos_ = now;
  if (client->reader.is_last()) client->socket.Close();
  Release(client, now);
}

void Load::Fail(Client* client, const char* why) {
  ++errors_;
  if (complaints_++ < kComplaintsMax) std::fprintf(stderr, "bench_load: %s\n", why);
  client->socket.Close();
  client->unsent = {};
  last_nanos_ = NowNanos();
  Release(client, last_nanos_);
}

void Load::Release(Client* client, uint64_t now) {
  client->is_busy = false;
  --busy_;
  if (options_.mode == LoadMode::kHold) {
    client->socket.Close();
  } else if (options_.has_schedule()) {
    idle_.push_back(client);
  } else if (now < end_nanos_ && errors_ == 0) {
    Begin(client, NowNanos());
  }
}

void Load::WatchForWriting(Client* client, bool wanted) {
  if (client->waits_to_write == wanted) return;
  client->waits_to_write = wanted;
  epoll_event event{.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, .data = {.ptr = client}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, client->socket.fd(), &event);
}

std::string Load::ToJson() {
  const double seconds = static_cast<double>(last_nanos_ - start_nanos_) / kNanosPerSecond;
  timespec cpu;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  char counts[256];
  std::snprintf(
      counts, sizeof counts,
      R"({"requests":%)" PRIu64 R"(,"events":%)" PRIu64 R"(,"errors":%)" PRIu64
      R"(,"lost":%)" PRIu64 R"(,"seconds":%.4f,"client_cpu_seconds":%.4f)",
      requests_, events_, errors_, lost_, seconds,
      static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) / kNanosPerSecond);
  return std::string(counts) + R"(,"answer_us":)" + answers_.ToJson() + R"(,"first_byte_us":)" +
         first_bytes_.ToJson() + R"(,"lag_us":)" + lags_.ToJson() + "}";
}

}  // namespace lmgate::bench

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "tests/fakeprovider/delivery_plan.h"
#include "tests/fakeprovider/http_request.h"
#include "tests/fakeprovider/journal.h"
#include "tests/fakeprovider/options.h"
#include "tests/fakeprovider/receive_buffer.h"
#include "tests/fakeprovider/responder.h"
#include "tests/fakeprovider/wire.h"

namespace lmgate::fakeprovider {

// What all sessions share. Outlives them.
struct SessionContext {
  const Options& options;
  Responder& responder;
  Journal& journal;
  const Clock& clock;
};

// One accepted socket, from accept to close: reads requests one after the other and answers them.
// Owned by the coroutine that runs it, on the provider's thread.
class Session {
 public:
  Session(boost::asio::ip::tcp::socket socket, uint64_t connection_id, SessionContext context);

  // Returns when the socket is closed.
  boost::asio::awaitable<void> Run();
  // Makes Run() return soon.
  void Close() { wire_.Close(); }

 private:
  // Cancelled: the client has gone. Others: see Responder::Refuse.
  boost::asio::awaitable<absl::StatusOr<HttpRequest>> Receive();
  boost::asio::awaitable<absl::Status> ReceiveHead();
  boost::asio::awaitable<absl::StatusOr<std::string_view>> ReceiveBody(const HttpRequest& request);
  boost::asio::awaitable<absl::Status> ReceiveChunkedBody();
  boost::asio::awaitable<void> Send(const Response& response, const DeliveryPlan& plan);
  boost::asio::awaitable<void> Refuse(const absl::Status& reason);
  boost::asio::awaitable<void> Continue(const DeliveryPlan& plan);

  const uint64_t connection_id_;
  const SessionContext context_;
  Wire wire_;
  ReceiveBuffer buffer_;
  bool is_silent_ = false;  // a fault has ended all answering

  // The request that is being answered; its views point here and into buffer_.
  std::string head_;
  std::string chunked_body_;
  size_t body_bytes_in_buffer_ = 0;
};

}  // namespace lmgate::fakeprovider

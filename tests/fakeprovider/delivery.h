#pragma once

#include <boost/asio/awaitable.hpp>

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/delivery_plan.h"
#include "tests/fakeprovider/request_record.h"
#include "tests/fakeprovider/wire.h"

namespace lmgate::fakeprovider {

// Sends one answer as its plan says and tells the record how it went. All references must outlive
// the coroutine. OK = the whole answer is out; else the connection is closed or of no more use.
boost::asio::awaitable<absl::Status> Deliver(Wire& wire, const Answer& answer,
                                             const DeliveryPlan& plan, RequestRecord& record);

}  // namespace lmgate::fakeprovider

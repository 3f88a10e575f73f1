#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakeprovider/fault.h"

namespace lmgate::fakeprovider {

struct Header {
  std::string name;
  std::string value;
};

// What a dialect says to a request. How it goes over the wire is the business of DeliveryPlan.
// Owns all it needs: the request is gone when it is sent.
struct Answer {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<Header> headers = {};  // beside content-type and the headers of framing
  std::string body = {};             // empty for a stream
  // event(i) for i in [0, event_count) is made when it is due, once and in order, and sent as one
  // HTTP chunk. Null = a plain answer.
  std::function<std::string(size_t)> event = {};
  size_t event_count = 0;
  Fault fault = {};  // what the delivery has to spoil; the dialect has done its part

  bool is_stream() const { return event != nullptr; }
};

// RFC 9110, 15; "Status" for numbers that it does not name.
std::string_view ReasonPhrase(int status);

}  // namespace lmgate::fakeprovider

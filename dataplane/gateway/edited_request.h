#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/gateway/upstream_request.h"
#include "dataplane/http1/request_scan.h"

namespace lmgate::gateway {

// The body of a request that passes through, where it is not the client's any more: made with the
// first target of its dialect, dropped with the request.
struct EditedRequest {
  explicit EditedRequest(std::string body) : padded(std::move(body)), bytes(padded.size()) {
    padded.append(http1::RequestScanner::kPaddingBytes, ' ');
  }

  std::string_view body() const { return std::string_view(padded).substr(0, bytes); }

  std::string padded;  // for RequestScanner
  size_t bytes;
  ModelPlace place;
};

}  // namespace lmgate::gateway

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/fakeprovider/answer.h"

namespace lmgate::fakeprovider {

// One message of application/vnd.amazon.eventstream: smithy.io, "Amazon Event Stream
// Specification". `more_headers` are encoded headers of other types than string.
std::string MakeAwsFrame(const std::vector<Header>& headers, std::string_view payload,
                         std::string_view more_headers = "");

// With :message-type event.
std::string MakeAwsEvent(std::string_view event_type, std::string_view json);
// With :message-type exception.
std::string MakeAwsException(std::string_view exception_type, std::string_view message);
// An event that nobody knows, with a header of every type.
std::string MakeOddAwsEvent();

}  // namespace lmgate::fakeprovider

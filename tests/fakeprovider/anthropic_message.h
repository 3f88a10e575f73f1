#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tests/fakeprovider/event_script.h"
#include "tests/fakeprovider/prompt.h"

namespace lmgate::fakeprovider {

// The message object that Anthropic answers with, whole and as the events of a stream: Bedrock's
// InvokeModel has the same JSON in other frames.

std::string MakeMessageJson(const Said& said, const Call& call);

// How an event of that type goes into the stream; `json` is all of its data.
using EventFrame = std::function<std::string(std::string_view type, std::string_view json)>;

// `last_members` are further members of message_stop, each with its comma.
EventScript MakeMessageScript(Said said, const Call& call, const EventFrame& frame,
                              std::string_view last_members = "");

// {"type":"error",…}
std::string MakeAnthropicErrorJson(int status, std::string_view message);
// What odd-chunks puts before the index-th event.
std::string MakeOddMessageEvents(size_t index, const EventFrame& frame);

}  // namespace lmgate::fakeprovider

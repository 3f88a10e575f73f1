#pragma once

#include <string>

#include "tests/fakeprovider/event_script.h"
#include "tests/fakeprovider/prompt.h"

namespace lmgate::fakeprovider {

// What Converse and ConverseStream answer with.

std::string MakeConverseJson(const Said& said, const Call& call, bool shows_stop_sequence);
EventScript MakeConverseScript(Said said, const Call& call, bool shows_stop_sequence);

}  // namespace lmgate::fakeprovider

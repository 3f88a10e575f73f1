#pragma once

#include <optional>

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/http_request.h"
#include "tests/fakeprovider/journal.h"

namespace lmgate::fakeprovider {

// What tests ask the fake itself: GET /__journal[?after=SEQ], DELETE /__journal, GET /__stats.
// Nullopt = the request is meant for the provider. These requests are in no journal.
std::optional<Answer> AnswerControl(const HttpRequest& request, Journal& journal);

// True for DELETE /__journal, which also forgets what fail-N-CODE has counted.
bool ClearsJournal(const HttpRequest& request);

}  // namespace lmgate::fakeprovider

#pragma once

#include "tests/fakeprovider/answer.h"

namespace lmgate::fakeprovider {

// The answer with content-encoding: gzip. The bytes are framed, not compressed (stored blocks,
// RFC 1951, 3.2.4): what matters here is who unpacks them. Each event of a stream is a block of its
// own, so that it can be unpacked at once.
Answer CompressAnswer(Answer answer);

}  // namespace lmgate::fakeprovider

#pragma once

#include <cstddef>
#include <string>

namespace lmgate::storage {

// `count` bytes from OpenSSL's cryptographic generator: for keys, nonces and tokens. Aborts when
// the system has no randomness, for nothing safe can follow.
std::string RandomBytes(size_t count);

}  // namespace lmgate::storage

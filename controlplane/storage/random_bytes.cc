#include "controlplane/storage/random_bytes.h"

#include <openssl/rand.h>

#include "common/base/logging.h"

namespace lmgate::storage {

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  LMGATE_CHECK(
      RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1);
  return bytes;
}

}  // namespace lmgate::storage

#pragma once

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace lmgate::tsan {

// The definition that a library has of a symbol that this program defines as well. Ends the program
// when there is none: then the library is another one than these files were written for.
template <typename Function>
Function* Next(const char* symbol) {
  void* const found = ::dlsym(RTLD_NEXT, symbol);
  if (found == nullptr) {
    std::fprintf(stderr, "tests/tsan: no library defines %s\n", symbol);
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

}  // namespace lmgate::tsan

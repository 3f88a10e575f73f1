// The order that gRPC promises at its interface: tests/README.md, "Races".
#include <grpc/grpc.h>
#include <grpcpp/support/server_callback.h>
#include <link.h>
#include <sanitizer/tsan_interface.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/tsan/next_symbol.h"

namespace {

using lmgate::tsan::Next;

// Whether a segment that may be executed holds the address.
bool IsCode(const void* address) {
  struct Query {
    ElfW(Addr) address;
    bool found;
  };
  Query query{reinterpret_cast<ElfW(Addr)>(address), false};
  const auto look = [](dl_phdr_info* module, size_t, void* data) {
    auto& asked = *static_cast<Query*>(data);
    for (int i = 0; i < module->dlpi_phnum; ++i) {
      const ElfW(Phdr)& segment = module->dlpi_phdr[i];
      const ElfW(Addr) begin = module->dlpi_addr + segment.p_vaddr;
      if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0 && asked.address >= begin &&
          asked.address < begin + segment.p_memsz) {
        asked.found = true;
      }
    }
    return static_cast<int>(asked.found);
  };
  ::dl_iterate_phdr(look, &query);
  return query.found;
}

using Functor = grpc_completion_queue_functor;
using Run = void (*)(Functor*, int);

// gRPC's C++ headers have two functions that a callback begins with; others would be as welcome.
constexpr size_t kRunsMax = 8;
std::atomic<Run> runs[kRunsMax];

template <size_t kIndex>
void RunOrdered(Functor* functor, int ok) {
  __tsan_acquire(functor);
  runs[kIndex].load()(functor, ok);
}

template <size_t... kIndex>
constexpr std::array<Run, kRunsMax> MakeRunsOrdered(std::index_sequence<kIndex...>) {
  return {RunOrdered<kIndex>...};
}
constexpr std::array<Run, kRunsMax> kRunsOrdered =
    MakeRunsOrdered(std::make_index_sequence<kRunsMax>());

// The function that acquires and then calls `run`; `run` itself when it is one of those.
Run OrderedRun(Run run) {
  for (size_t i = 0; i < kRunsMax; ++i) {
    if (run == kRunsOrdered[i]) return run;
    Run known = nullptr;
    if (runs[i].compare_exchange_strong(known, run) || known == run) return kRunsOrdered[i];
  }
  std::fprintf(stderr, "tests/tsan: more than %zu kinds of gRPC callbacks\n", kRunsMax);
  std::abort();
}

// A tag is a functor when the call belongs to a callback queue, else an object with virtual
// functions: the first word of the one is code, that of the other a table.
__attribute__((no_sanitize("thread"))) void OrderCallback(void* tag) {
  auto* const functor = static_cast<Functor*>(tag);
  if (IsCode(reinterpret_cast<const void*>(functor->functor_run))) {
    functor->functor_run = OrderedRun(functor->functor_run);
  }
}

}  // namespace

// The completion of a batch comes after its start: grpc.h, grpc_call_start_batch.
extern "C" {

grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t count, void* tag,
                                      void* reserved) {
  static auto* const next = Next<decltype(grpc_call_start_batch)>("grpc_call_start_batch");
  if (tag != nullptr) {
    OrderCallback(tag);
    __tsan_release(tag);
  }
  return next(call, ops, count, tag, reserved);
}

grpc_event grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline,
                                      void* reserved) {
  static auto* const next =
      Next<decltype(grpc_completion_queue_next)>("grpc_completion_queue_next");
  const grpc_event event = next(queue, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

grpc_event grpc_completion_queue_pluck(grpc_completion_queue* queue, void* tag,
                                       gpr_timespec deadline, void* reserved) {
  static auto* const next =
      Next<decltype(grpc_completion_queue_pluck)>("grpc_completion_queue_pluck");
  const grpc_event event = next(queue, tag, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

}  // extern "C"

// OnDone comes after all other reactions: server_callback.h, ServerReactor. They are counted by an
// atomic of the header that the library, too, counts down, unseen.
namespace grpc::internal {

void ServerCallbackCall::ScheduleOnDone(bool inline_ondone) {
  static auto* const next = Next<void(ServerCallbackCall*, bool)>(
      "_ZN4grpc8internal18ServerCallbackCall14ScheduleOnDoneEb");
  __tsan_acquire(&callbacks_outstanding_);
  next(this, inline_ondone);
}

void ServerCallbackCall::CallOnCancel(ServerReactor* reactor) {
  // Stands for the reactor for this one reaction, and deletes itself.
  class OrderedCancel final : public ServerReactor {
   public:
    OrderedCancel(ServerReactor& reactor, void* count) : reactor_(reactor), count_(count) {}

    void OnDone() override { std::abort(); }
    void OnCancel() override {
      reactor_.OnCancel();
      __tsan_release(count_);
      delete this;
    }
    bool InternalInlineable() override { return reactor_.InternalInlineable(); }

   private:
    ServerReactor& reactor_;
    void* const count_;
  };

  static auto* const next = Next<void(ServerCallbackCall*, ServerReactor*)>(
      "_ZN4grpc8internal18ServerCallbackCall12CallOnCancelEPNS0_13ServerReactorE");
  next(this, new OrderedCancel(*reactor, &callbacks_outstanding_));
}

}  // namespace grpc::internal

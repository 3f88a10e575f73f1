#include "common/base/grpc_log.h"

#include <grpc/support/log.h>

#include <string_view>

#include "common/base/logging.h"
#include "common/base/strings.h"

namespace lmgate {
namespace {

void Log(gpr_log_func_args* args) { LogDebug(StrCat("grpc: ", std::string_view(args->message))); }

}  // namespace

void TakeGrpcLog() { gpr_set_log_function(Log); }

}  // namespace lmgate

#include "common/base/grpc_log.h"

#include <gmock/gmock.h>
#include <grpc/support/log.h>

#include <string>

#include "common/base/logging.h"

namespace lmgate {
namespace {

TEST(GrpcLog, IsForDevelopers) {
  // As the first channel or server would set it.
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  TakeGrpcLog();

  ::testing::internal::CaptureStderr();
  gpr_log(GPR_ERROR, "handshake failed");
  const std::string by_default = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(SetLogLevel("debug").ok());
  ::testing::internal::CaptureStderr();
  gpr_log(GPR_ERROR, "handshake failed");
  const std::string debug = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(SetLogLevel("info").ok());

  EXPECT_EQ(by_default, "");
  EXPECT_THAT(debug, ::testing::HasSubstr("debug grpc: handshake failed"));
}

}  // namespace
}  // namespace lmgate

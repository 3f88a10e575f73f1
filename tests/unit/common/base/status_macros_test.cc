#include "common/base/status_macros.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace lmgate {
namespace {

absl::StatusOr<std::unique_ptr<int>> MakeNumber(absl::Status status) {
  if (!status.ok()) return status;
  return std::make_unique<int>(7);
}

absl::StatusOr<int> ReadNumber(absl::Status status) {
  LMGATE_ASSIGN_OR_RETURN(const std::unique_ptr<int> number, MakeNumber(std::move(status)));
  return *number;
}

absl::Status Pass(absl::Status status, bool* reached_end) {
  LMGATE_RETURN_IF_ERROR(status);
  *reached_end = true;
  return absl::OkStatus();
}

TEST(AssignOrReturn, MovesTheValueOut) { EXPECT_EQ(ReadNumber(absl::OkStatus()).value(), 7); }

TEST(AssignOrReturn, ReturnsTheErrorUnchanged) {
  const absl::Status error = absl::NotFoundError("no number");

  EXPECT_EQ(ReadNumber(error).status(), error);
}

TEST(ReturnIfError, GoesOnOnlyWhenOk) {
  bool reached_end = false;

  EXPECT_EQ(Pass(absl::InternalError("x"), &reached_end), absl::InternalError("x"));
  EXPECT_FALSE(reached_end);
  EXPECT_TRUE(Pass(absl::OkStatus(), &reached_end).ok());
  EXPECT_TRUE(reached_end);
}

}  // namespace
}  // namespace lmgate

#include "common/base/grpc_status.h"

#include <gtest/gtest.h>

#include "common/base/error_detail.h"

namespace lmgate {
namespace {

TEST(GrpcStatus, OkIsOkBothWays) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
}

TEST(GrpcStatus, EveryCodeComesBack) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "message");

    EXPECT_EQ(FromGrpcStatus(ToGrpcStatus(status)), status) << code;
  }
}

TEST(GrpcStatus, FieldHintTravels) {
  const absl::Status status = WithFieldHint(absl::InvalidArgumentError("routes: bad"),
                                            {.field = "routes", .hint = "did you mean \"a\"?"});

  const auto hint = GetFieldHint(FromGrpcStatus(ToGrpcStatus(status)));

  ASSERT_TRUE(hint.has_value());
  EXPECT_EQ(hint->field, "routes");
  EXPECT_EQ(hint->hint, "did you mean \"a\"?");
}

TEST(GrpcStatus, DetailsOfAnotherKindAreLeftOut) {
  const grpc::Status foreign(grpc::StatusCode::UNAVAILABLE, "gone", "\xff\xff not a message");

  const absl::Status status = FromGrpcStatus(foreign);

  EXPECT_EQ(status.message(), "gone");
  EXPECT_FALSE(GetFieldHint(status).has_value());
}

}  // namespace
}  // namespace lmgate

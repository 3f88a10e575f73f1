#include "tests/fakeprovider/aws_signature.h"

#include <absl/time/civil_time.h>
#include <gtest/gtest.h>

#include <string>

namespace lmgate::fakeprovider {
namespace {

// The signature was made by another implementation (Python, hmac and hashlib).
constexpr std::string_view kAuthorization =
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-west-1/bedrock/aws4_request, "
    "SignedHeaders=content-type;host;x-amz-date, "
    "Signature=859831ece879e2a4f303a324c2ad8e8eef81449cd783d41fbec180b234cfc932";

class AwsSignature : public ::testing::Test {
 protected:
  AwsSignature() {
    request_.method = "POST";
    request_.path = "/model/anthropic.claude-v1%3A0/converse";
    request_.body = "{}";
    request_.headers = {{"Host", "bedrock-runtime.eu-west-1.amazonaws.com"},
                        {"X-Amz-Date", "20260102T030405Z"},
                        {"Content-Type", "application/json"},
                        {"Authorization", kAuthorization}};
  }
  absl::StatusCode Check() const { return CheckAwsSignature(request_, keys_, now_).code(); }

  HttpRequest request_;
  AwsKeys keys_{.access_key_id = "AKIDEXAMPLE", .secret_access_key = "secret"};
  absl::Time now_ = absl::FromCivil(absl::CivilSecond(2026, 1, 2, 3, 4, 5), absl::UTCTimeZone());
};

TEST_F(AwsSignature, OfTheRequestIsRight) { EXPECT_EQ(Check(), absl::StatusCode::kOk); }

TEST_F(AwsSignature, DependsOnTheBody) {
  request_.body = "{ }";
  EXPECT_EQ(Check(), absl::StatusCode::kPermissionDenied);
}

TEST_F(AwsSignature, DependsOnThePath) {
  request_.path = "/model/anthropic.claude-v1:0/converse";
  EXPECT_EQ(Check(), absl::StatusCode::kPermissionDenied);
}

TEST_F(AwsSignature, DependsOnTheSecret) {
  keys_.secret_access_key = "other";
  EXPECT_EQ(Check(), absl::StatusCode::kPermissionDenied);
}

TEST_F(AwsSignature, ExpiresAfterFiveMinutes) {
  now_ += absl::Minutes(5);
  EXPECT_EQ(Check(), absl::StatusCode::kOk);
  now_ += absl::Seconds(1);
  EXPECT_EQ(Check(), absl::StatusCode::kPermissionDenied);
}

TEST_F(AwsSignature, OfAnotherKeyIsToldApart) {
  keys_.access_key_id = "AKIDOTHER";
  EXPECT_EQ(Check(), absl::StatusCode::kNotFound);
}

TEST_F(AwsSignature, IsMissed) {
  request_.headers.pop_back();
  EXPECT_EQ(Check(), absl::StatusCode::kUnauthenticated);
}

}  // namespace
}  // namespace lmgate::fakeprovider

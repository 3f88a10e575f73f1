#include "dataplane/gateway/provider_error.h"

#include <gtest/gtest.h>

#include <string>

namespace lmgate::gateway {
namespace {

TEST(ProviderErrorMessage, HidesWhatTheConnectionSends) {
  snapshot::UpstreamConnection connection;
  connection.header_block = "Host: api.example\r\nAuthorization: Bearer sk-secret\r\n";

  EXPECT_EQ(ProviderErrorMessage("bad key: sk-secret.", connection, nullptr), "bad key: ****.");
  EXPECT_EQ(ProviderErrorMessage("api.example is down", connection, nullptr),
            "api.example is down");
}

TEST(ProviderErrorMessage, IsCutAtACharacter) {
  snapshot::UpstreamConnection connection;
  std::string text(499, 'x');
  text += "\xc3\xbc";

  EXPECT_EQ(ProviderErrorMessage(text, connection, nullptr), std::string(499, 'x'));
}

TEST(RetryAfterMs, ReadsSecondsAndDates) {
  const absl::Time now = absl::FromUnixSeconds(784111777);  // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(RetryAfterMs("7", now), 7000);
  EXPECT_EQ(RetryAfterMs("0.5", now), 500);
  EXPECT_EQ(RetryAfterMs("0", now), 0);
  EXPECT_EQ(RetryAfterMs("86400", now), 86'400'000);
  EXPECT_EQ(RetryAfterMs("Sun, 06 Nov 1994 08:49:47 GMT", now), 10'000);
  EXPECT_EQ(RetryAfterMs("Sun, 06 Nov 1994 08:49:00 GMT", now), 0);
}

TEST(RetryAfterMs, WhatIsNoTimeIsNotSaid) {
  const absl::Time now = absl::FromUnixSeconds(784111777);
  for (const char* const value : {"", "soon", "-1", "nan", "inf", "86401", "1e99"}) {
    EXPECT_EQ(RetryAfterMs(value, now), -1) << value;
  }
}

}  // namespace
}  // namespace lmgate::gateway

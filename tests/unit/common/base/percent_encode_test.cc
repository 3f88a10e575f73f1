#include "common/base/percent_encode.h"

#include <gtest/gtest.h>

namespace lmgate {
namespace {

TEST(PercentEncode, KeepsWhatIsUnreserved) {
  EXPECT_EQ(PercentEncode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(PercentEncode(""), "");
}

TEST(PercentEncode, EncodesAllOtherBytesInCapitals) {
  EXPECT_EQ(PercentEncode("a b/c:d?e=f&g%h"), "a%20b%2Fc%3Ad%3Fe%3Df%26g%25h");
  EXPECT_EQ(PercentEncode("\xC3\xBC\xFF"), "%C3%BC%FF");
  EXPECT_EQ(PercentEncode({"\0\n", 2}), "%00%0A");
}

TEST(PercentEncode, KeepsWhatItIsToldTo) {
  EXPECT_EQ(PercentEncode("models/a b%20", "/%"), "models/a%20b%20");
}

}  // namespace
}  // namespace lmgate

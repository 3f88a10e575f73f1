#include "common/base/text_buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace lmgate {
namespace {

TEST(TextBuffer, AppendsTextLiteralsAndNumbers) {
  TextBuffer buffer;

  buffer.Append("a=");
  buffer.AppendNumber(0);
  buffer.Append(std::string(" b="));
  buffer.AppendNumber(std::numeric_limits<int64_t>::min());
  buffer.Append(",");
  buffer.AppendNumber(std::numeric_limits<uint64_t>::max());

  EXPECT_EQ(buffer.view(), "a=0 b=-9223372036854775808,18446744073709551615");
}

TEST(TextBuffer, GrowsAndKeepsWhatIsThere) {
  TextBuffer buffer;
  std::string expected;
  for (size_t size : {0, 1, 511, 512, 513, 5000}) {
    expected.append(size, static_cast<char>('a' + size % 26));
    buffer.Append(std::string(size, static_cast<char>('a' + size % 26)));
    ASSERT_EQ(buffer.view(), expected);
  }

  buffer.Clear();

  EXPECT_EQ(buffer.view(), "");
}

}  // namespace
}  // namespace lmgate

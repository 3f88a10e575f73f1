#include "common/base/strings.h"

#include <gtest/gtest.h>

namespace lmgate {
namespace {

TEST(StrCat, TakesStdStringViewBesideWhatAbslTakes) {
  const std::string_view view("abcdef", 3);
  const std::string text = "-";

  EXPECT_EQ(StrCat(view, text, 42, "x", absl::Hex(255), uint64_t{1} << 40),
            "abc-42xff1099511627776");
}

TEST(StrCat, OfNothingIsEmpty) { EXPECT_EQ(StrCat(), ""); }

TEST(StrAppend, AddsAtTheEnd) {
  std::string text = "a";

  StrAppend(&text, std::string_view("b"), 3);

  EXPECT_EQ(text, "ab3");
}

TEST(ToAbsl, KeepsBytesAndZeros) {
  const std::string_view text("a\0b", 3);

  EXPECT_EQ(ToStd(ToAbsl(text)), text);
}

}  // namespace
}  // namespace lmgate

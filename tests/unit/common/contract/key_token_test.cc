#include "common/contract/key_token.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace lmgate::contract {
namespace {

// The checksum was computed with Python's zlib.crc32.
constexpr std::string_view kToken = "lm-0123456789AB-0123456789ABCDEFGHIJKLMNOPQRSTUV1NAYLt";

std::vector<uint8_t> RandomBytes(std::mt19937* random, size_t count) {
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>((*random)());
  return bytes;
}

std::string NewToken(std::mt19937* random) {
  const std::string id = MakeKeyPublicId(RandomBytes(random, kKeyPublicIdEntropy));
  return MakeKeyToken(id, RandomBytes(random, kKeySecretEntropy));
}

TEST(KeyToken, HasTheDocumentedForm) {
  std::vector<uint8_t> counting(kKeySecretEntropy);
  std::iota(counting.begin(), counting.end(), uint8_t{0});

  EXPECT_EQ(MakeKeyPublicId({counting.data(), kKeyPublicIdEntropy}), "0123456789AB");
  EXPECT_EQ(MakeKeyToken("0123456789AB", counting), kToken);
}

TEST(KeyToken, ThatWasMadeIsValidAndSaysItsId) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 1000; ++i) {
    const std::string token = NewToken(&random);

    ASSERT_EQ(token.size(), kKeyTokenSize);
    ASSERT_EQ(ClassifyKeyToken(token), KeyTokenShape::kValid) << token;
    ASSERT_EQ(KeyTokenPublicId(token), token.substr(3, kKeyPublicIdSize));
  }
}

// A CRC finds each change of one character: it is a burst of at most 8 bits.
TEST(KeyToken, WithAnyOneCharacterChangedIsMistyped) {
  for (size_t i = 0; i < kToken.size(); ++i) {
    if (i < 3 || i == 15) continue;  // the marks of the form
    std::string token(kToken);
    token[i] = token[i] == 'x' ? 'y' : 'x';

    EXPECT_EQ(ClassifyKeyToken(token), KeyTokenShape::kMistyped) << token;
  }
}

TEST(KeyToken, WithTwoNeighboursSwappedIsMistyped) {
  for (size_t i = 16; i + 1 < kToken.size(); ++i) {
    std::string token(kToken);
    if (token[i] == token[i + 1]) continue;
    std::swap(token[i], token[i + 1]);

    EXPECT_EQ(ClassifyKeyToken(token), KeyTokenShape::kMistyped) << token;
  }
}

TEST(KeyToken, OfAnotherFormIsForeign) {
  const std::string token(kToken);
  for (const std::string& other :
       {std::string(), std::string("sk-abc"), token.substr(1), token + "0",
        token.substr(0, token.size() - 1), "LM" + token.substr(2), std::string(kKeyTokenSize, 'a'),
        token.substr(0, 15) + "_" + token.substr(16), token.substr(0, 20) + "-" + token.substr(21),
        token.substr(0, 5) + "é" + token.substr(7)}) {
    EXPECT_EQ(ClassifyKeyToken(other), KeyTokenShape::kForeign) << other;
    EXPECT_EQ(KeyTokenPublicId(other), "") << other;
  }
}

// Each byte below 248 counts for one letter: 4 bytes a letter, none more.
TEST(KeyToken, LettersAreEquallyLikely) {
  std::map<char, int> counts;
  for (int byte = 0; byte < 256; ++byte) {
    std::array<uint8_t, kKeyPublicIdEntropy> random;
    random.fill(0);
    random[0] = static_cast<uint8_t>(byte);
    const std::string id = MakeKeyPublicId(random);
    if (byte < 248) {
      ++counts[id[0]];
    } else {
      // Rejected: only the zeros behind it are left.
      EXPECT_EQ(id, std::string(kKeyPublicIdSize, '0'));
    }
  }
  EXPECT_EQ(counts.size(), 62u);
  for (const auto& [letter, count] : counts) EXPECT_EQ(count, 4) << letter;
}

TEST(KeyTokenDeathTest, ABrokenRandomSourceMakesNoKey) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::vector<uint8_t> broken(kKeySecretEntropy, 0xFF);

  EXPECT_DEATH(MakeKeyToken("0123456789AB", broken), "check failed");
}

}  // namespace
}  // namespace lmgate::contract

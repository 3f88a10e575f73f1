#include "common/contract/key_digest.h"

#include <absl/strings/escaping.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <random>
#include <string>
#include <utility>

namespace lmgate::contract {
namespace {

std::string Hex(const KeyDigest& digest) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

KeyDigest OpenSslHmac(std::string_view key, std::string_view data) {
  KeyDigest digest;
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(data.data()), data.size(), digest.data(), &size);
  return digest;
}

// RFC 4231, 4.2 to 4.7.
TEST(KeyHasher, GivesTheVectorsOfRfc4231) {
  EXPECT_EQ(Hex(KeyHasher(std::string(20, '\x0b')).Digest("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Hex(KeyHasher("Jefe").Digest("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Hex(KeyHasher(std::string(20, '\xaa')).Digest(std::string(50, '\xdd'))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(Hex(KeyHasher(std::string(131, '\xaa'))
                    .Digest("Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(KeyHasher, AgreesWithOpenSslForEachLengthOfPepperAndSecret) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto bytes = [&random](size_t size) {
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random());
    return text;
  };
  for (size_t size = 0; size <= 200; ++size) {
    const std::string pepper = bytes(size);
    const std::string secret = bytes(200 - size);

    EXPECT_EQ(KeyHasher(pepper).Digest(secret), OpenSslHmac(pepper, secret)) << size;
  }
}

TEST(KeyHasher, GivesTheSameTwiceAndAfterAMove) {
  KeyHasher hasher("pepper");
  const KeyDigest first = hasher.Digest("secret");

  EXPECT_EQ(hasher.Digest("secret"), first);
  const KeyHasher moved = std::move(hasher);
  EXPECT_EQ(moved.Digest("secret"), first);
}

TEST(DigestsEqual, SeesEachSingleBit) {
  const KeyDigest digest = KeyHasher("pepper").Digest("secret");

  EXPECT_TRUE(DigestsEqual(digest, digest));
  for (size_t bit = 0; bit < digest.size() * 8; ++bit) {
    KeyDigest other = digest;
    other[bit / 8] = static_cast<uint8_t>(other[bit / 8] ^ (1u << (bit % 8)));
    EXPECT_FALSE(DigestsEqual(digest, other)) << bit;
  }
}

}  // namespace
}  // namespace lmgate::contract

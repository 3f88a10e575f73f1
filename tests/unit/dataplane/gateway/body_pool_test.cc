#include "dataplane/gateway/body_pool.h"

#include <gtest/gtest.h>

#include <utility>

namespace lmgate::gateway {
namespace {

TEST(BodyPool, GivesWhatWasAskedForAndItsPadding) {
  BodyPool pool;
  for (const size_t bytes :
       {size_t{1}, size_t{65536}, size_t{65537}, size_t{1} << 20, (size_t{1} << 20) + 1}) {
    const BodyBuffer buffer = pool.Take(bytes);
    ASSERT_GE(buffer.capacity, bytes);
    for (size_t i = 0; i < BodyPool::kPaddingBytes; ++i) {
      ASSERT_EQ(buffer.bytes[buffer.capacity + i], 0);
    }
  }
}

TEST(BodyPool, GivesASpareOneAgain) {
  BodyPool pool;
  BodyBuffer first = pool.Take(100'000);
  const char* const memory = first.bytes.get();
  pool.Give(std::move(first));
  EXPECT_GT(pool.spare_bytes(), 0u);

  EXPECT_EQ(pool.Take(90'000).bytes.get(), memory);
  EXPECT_EQ(pool.spare_bytes(), 0u);
}

TEST(BodyPool, KeepsALargeOneForLargeBodies) {
  BodyPool pool;
  pool.Give(pool.Take(4 << 20));

  EXPECT_LT(pool.Take(1000).capacity, size_t{1} << 20);
  EXPECT_EQ(pool.Take(3 << 20).capacity, size_t{4} << 20);
}

TEST(BodyPool, KeepsSpareBytesUpToItsLimit) {
  BodyPool pool;
  pool.Give(pool.Take(BodyPool::kSpareBytesMax));
  EXPECT_EQ(pool.spare_bytes(), BodyPool::kSpareBytesMax);

  pool.Give(BodyBuffer{.bytes = std::make_unique<char[]>(65), .capacity = 1});
  EXPECT_EQ(pool.spare_bytes(), BodyPool::kSpareBytesMax);
  pool.Give(BodyBuffer());
}

}  // namespace
}  // namespace lmgate::gateway

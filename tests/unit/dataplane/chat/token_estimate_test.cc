#include "dataplane/chat/token_estimate.h"

#include <gtest/gtest.h>

#include <string>

namespace lmgate::chat {
namespace {

ChatRequest Saying(std::string text) {
  ChatRequest request;
  request.turns.push_back({.role = Role::kUser, .parts = {TextPart(std::move(text))}});
  return request;
}

TEST(TokenEstimate, CountsFourBytesAToken) {
  const int64_t none = EstimateTokens(Saying(""));

  EXPECT_EQ(EstimateTokens(Saying(std::string(4000, 'a'))) - none, 1000);
  EXPECT_EQ(EstimateTokens(Saying("abcde")) - none, 2);
}

TEST(TokenEstimate, OfNothingIsNothing) { EXPECT_EQ(EstimateTokens({}), 0); }

TEST(TokenEstimate, CountsImagesAtAFixedPriceWhateverTheirSize) {
  ChatRequest request;
  Part image;
  image.kind = PartKind::kImage;
  image.data = std::string(1'000'000, 'A');
  request.turns.push_back({.role = Role::kUser, .parts = {image}});

  EXPECT_NEAR(static_cast<double>(EstimateTokens(request)), 1600, 10);
}

TEST(TokenEstimate, CountsSystemToolsCallsAndResults) {
  ChatRequest request = Saying("x");
  const int64_t before = EstimateTokens(request);
  request.system = {TextPart(std::string(400, 's'))};
  request.tools.push_back({.name = "look", .parameters = std::string(400, ' ')});
  Part call;
  call.kind = PartKind::kToolCall;
  call.arguments = std::string(400, ' ');
  Part result;
  result.kind = PartKind::kToolResult;
  result.parts = {TextPart(std::string(400, 'r'))};
  request.turns.push_back({.role = Role::kAssistant, .parts = {call}});
  request.turns.push_back({.role = Role::kUser, .parts = {result}});

  EXPECT_GT(EstimateTokens(request) - before, 400);
}

}  // namespace
}  // namespace lmgate::chat

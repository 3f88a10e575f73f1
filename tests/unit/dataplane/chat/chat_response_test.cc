#include "dataplane/chat/chat_response.h"

#include <gmock/gmock.h>

namespace lmgate::chat {
namespace {

ChatResponse Sample() {
  ChatResponse response;
  response.id = "r1";
  response.model = "m";
  response.created = 7;
  Part thought;
  thought.kind = PartKind::kReasoning;
  thought.text = "hm";
  thought.signature = {.origin = "anthropic", .model = "m", .data = "sig"};
  Part call;
  call.kind = PartKind::kToolCall;
  call.id = "c";
  call.name = "f";
  call.arguments = "{\"a\":1}";
  Choice first;
  first.parts = {thought, TextPart("hello"), call};
  first.finish = FinishReason::kToolCalls;
  Choice second;
  second.finish = FinishReason::kStopSequence;
  second.stop_sequence = "END";
  response.choices = {first, second};
  response.usage.known = true;
  response.usage.prompt_tokens = 3;
  return response;
}

TEST(ResponseBuilder, IsTheInverseOfEventsOf) {
  ResponseBuilder builder;
  for (const ChatEvent& event : EventsOf(Sample())) builder.Add(event);

  ASSERT_TRUE(builder.ended());
  const ChatResponse built = builder.Take();
  EXPECT_EQ(built.id, "r1");
  EXPECT_EQ(built.model, "m");
  EXPECT_EQ(built.created, 7);
  EXPECT_EQ(built.usage.prompt_tokens, 3);
  ASSERT_EQ(built.choices.size(), 2u);
  ASSERT_EQ(built.choices[0].parts.size(), 3u);
  EXPECT_EQ(built.choices[0].parts[0].text, "hm");
  EXPECT_EQ(built.choices[0].parts[0].signature.data, "sig");
  EXPECT_EQ(built.choices[0].parts[1].text, "hello");
  EXPECT_EQ(built.choices[0].parts[2].arguments, "{\"a\":1}");
  EXPECT_EQ(built.choices[0].parts[2].id, "c");
  EXPECT_EQ(built.choices[0].finish, FinishReason::kToolCalls);
  EXPECT_EQ(built.choices[1].stop_sequence, "END");
}

TEST(ResponseBuilder, ErrorIsNoEnd) {
  ResponseBuilder builder;
  ChatEvent event;
  event.kind = ChatEvent::Kind::kError;
  event.error.message = "broken";
  builder.Add(event);

  EXPECT_TRUE(builder.failed());
  EXPECT_FALSE(builder.ended());
  EXPECT_EQ(builder.error().message, "broken");
}

}  // namespace
}  // namespace lmgate::chat

#include "dataplane/chat/part_queue.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "common/base/strings.h"

namespace lmgate::chat {
namespace {

using ::testing::ElementsAre;
using Kind = ChatEvent::Kind;

class PartQueueTest : public ::testing::Test {
 protected:
  void Open(int part, PartKind kind) { Add(Kind::kPartOpen, part, kind, ""); }
  void Delta(int part, PartKind kind, std::string text) {
    Add(Kind::kPartDelta, part, kind, std::move(text));
  }
  void Close(int part, PartKind kind) { Add(Kind::kPartClose, part, kind, ""); }
  void Say(Kind kind) { Add(kind, 0, PartKind::kText, ""); }

  std::vector<std::string> Taken() {
    std::vector<std::string> said;
    for (const ChatEvent& event : out_) {
      switch (event.kind) {
        case Kind::kPartOpen:
          said.push_back(StrCat("open ", event.part));
          break;
        case Kind::kPartDelta:
          said.push_back(StrCat(event.part, ":", event.text));
          break;
        case Kind::kPartClose:
          said.push_back(StrCat("close ", event.part));
          break;
        case Kind::kFinish:
          said.push_back("finish");
          break;
        case Kind::kEnd:
          said.push_back("end");
          break;
        case Kind::kError:
          said.push_back("error");
          break;
        default:
          said.push_back("?");
      }
    }
    out_.clear();
    return said;
  }

 private:
  void Add(Kind kind, int part, PartKind part_kind, std::string text) {
    ChatEvent event;
    event.kind = kind;
    event.part = part;
    event.part_kind = part_kind;
    event.text = std::move(text);
    queue_.Add(std::move(event), &out_);
  }

  PartQueue queue_;
  std::vector<ChatEvent> out_;
};

constexpr PartKind kText = PartKind::kText;
constexpr PartKind kCall = PartKind::kToolCall;

TEST_F(PartQueueTest, HoldsNothingOfPartsInOrder) {
  Open(0, kText);
  Delta(0, kText, "a");
  EXPECT_THAT(Taken(), ElementsAre("open 0", "0:a"));

  Close(0, kText);
  Open(1, kCall);
  Delta(1, kCall, "{");
  EXPECT_THAT(Taken(), ElementsAre("close 0", "open 1", "1:{"));
}

TEST_F(PartQueueTest, SecondCallWaitsForTheFirst) {
  Open(0, kCall);
  Delta(0, kCall, "{\"a\":");
  Open(1, kCall);
  Delta(1, kCall, "{}");
  EXPECT_THAT(Taken(), ElementsAre("open 0", "0:{\"a\":"));

  Delta(0, kCall, "1}");
  EXPECT_THAT(Taken(), ElementsAre("0:1}", "close 0", "open 1", "1:{}"));

  Close(0, kCall);
  Close(1, kCall);
  Say(Kind::kFinish);
  EXPECT_THAT(Taken(), ElementsAre("close 1", "finish"));
}

TEST_F(PartQueueTest, NextCallGoesOutWhenTheArgumentsAreWhole) {
  Open(0, kCall);
  Delta(0, kCall, "{\"a\":\"}\"}");
  Open(1, kCall);
  Delta(1, kCall, "{\"b\"");
  EXPECT_THAT(Taken(), ElementsAre("open 0", "0:{\"a\":\"}\"}", "close 0", "open 1", "1:{\"b\""));
}

TEST_F(PartQueueTest, TextWaitsForAnOpenCall) {
  Open(0, kCall);
  Delta(0, kCall, "{");
  Open(1, kText);
  Delta(1, kText, "hm");
  Close(1, kText);
  EXPECT_THAT(Taken(), ElementsAre("open 0", "0:{"));

  Delta(0, kCall, "}");
  Close(0, kCall);
  EXPECT_THAT(Taken(), ElementsAre("0:}", "close 0", "open 1", "1:hm", "close 1"));
}

TEST_F(PartQueueTest, EndLetsEverythingGo) {
  Open(0, kCall);
  Delta(0, kCall, "{\"cut");
  Open(1, kCall);
  Delta(1, kCall, "{}");
  Close(1, kCall);
  Say(Kind::kFinish);
  Say(Kind::kEnd);
  EXPECT_THAT(Taken(), ElementsAre("open 0", "0:{\"cut", "close 0", "open 1", "1:{}", "close 1",
                                   "finish", "end"));
}

TEST_F(PartQueueTest, FinishComesAfterTheHeldParts) {
  Open(0, kCall);
  Delta(0, kCall, "{");
  Open(1, kCall);
  Delta(1, kCall, "{}");
  Say(Kind::kFinish);
  EXPECT_THAT(Taken(), ElementsAre("open 0", "0:{"));

  Close(0, kCall);
  Close(1, kCall);
  EXPECT_THAT(Taken(), ElementsAre("close 0", "open 1", "1:{}", "close 1", "finish"));
}

TEST_F(PartQueueTest, GoingOnAfterWholeArgumentsIsAnError) {
  Open(0, kCall);
  Delta(0, kCall, "{}");
  Open(1, kCall);
  Taken();
  Delta(0, kCall, " \n");
  EXPECT_THAT(Taken(), ElementsAre());

  Delta(0, kCall, "{\"a\":1}");
  Delta(1, kCall, "{}");
  EXPECT_THAT(Taken(), ElementsAre("error"));
}

TEST_F(PartQueueTest, HoldsBackNoMoreThanItsLimit) {
  Open(0, kCall);
  Delta(0, kCall, "{");
  Open(1, kCall);
  const size_t room = PartQueue::kHeldBytesMax - 2 * sizeof(ChatEvent);
  Delta(1, kCall, std::string(room, 'x'));
  EXPECT_THAT(Taken(), ElementsAre("open 0", "0:{"));

  Delta(1, kCall, "x");
  EXPECT_THAT(Taken(), ElementsAre("error"));
}

}  // namespace
}  // namespace lmgate::chat

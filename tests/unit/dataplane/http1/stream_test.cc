#include "dataplane/http1/stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <string>
#include <string_view>

namespace lmgate::http1 {
namespace {

// A stream over one end of a pair; the test is its peer.
class StreamTest : public ::testing::Test {
 protected:
  StreamTest() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    peer_ = ends[1];
    stream_ = StreamPtr(
        new Stream(Socket(io_, asio::generic::stream_protocol(AF_UNIX, 0), ends[0]), context_));
  }
  ~StreamTest() override {
    stream_.reset();
    // What was outstanding comes back, and takes its stream with it.
    wheel_.Stop();
    io_.run();
    ClosePeer();
  }

  void SendByte() { EXPECT_EQ(::send(peer_, "x", 1, MSG_NOSIGNAL), 1); }
  void ClosePeer() {
    if (peer_ >= 0) ::close(peer_);
    peer_ = -1;
  }

  asio::io_context io_;
  TimerWheel wheel_{io_};
  StreamContext context_{io_, wheel_};
  int peer_ = -1;
  StreamPtr stream_;
};

TEST_F(StreamTest, NothingIsUnreadUntilSomethingCame) {
  EXPECT_FALSE(stream_->HasUnread());

  SendByte();

  EXPECT_TRUE(stream_->HasUnread());
  EXPECT_TRUE(stream_->HasUnread()) << "asking takes nothing";
}

TEST_F(StreamTest, WhatAReadBroughtIsInputAndNotUnread) {
  SendByte();
  stream_->ArmRead(16);

  EXPECT_EQ(stream_->input(), "x");
  EXPECT_FALSE(stream_->HasUnread());
}

TEST_F(StreamTest, ABodyIsReadIntoItsPlaceAndWhatFollowsIsInput) {
  ASSERT_EQ(::send(peer_, "abcdX", 5, MSG_NOSIGNAL), 5);
  char body[5] = {};

  stream_->ArmReadInto(body, 4);

  EXPECT_EQ(std::string_view(body), "abcd");
  EXPECT_EQ(stream_->external_bytes(), 4u);
  EXPECT_EQ(stream_->input(), "X");
}

TEST_F(StreamTest, InputThatFillsItsBufferStaysInPlaceWhileABodyIsRead) {
  const std::string head(StreamContext::kBufferBytes, 'h');
  ASSERT_EQ(::send(peer_, head.data(), head.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(head.size()));
  stream_->ArmRead(head.size());
  const std::string_view input = stream_->input();
  ASSERT_EQ(input.size(), head.size());
  ASSERT_EQ(::send(peer_, "abcdX", 5, MSG_NOSIGNAL), 5);
  char body[5] = {};

  stream_->ArmReadInto(body, 4);

  EXPECT_EQ(std::string_view(body), "abcd");
  EXPECT_EQ(stream_->input().data(), input.data());
  EXPECT_EQ(stream_->input(), head);
  stream_->Consume(head.size());
  stream_->ArmRead(16);
  EXPECT_EQ(stream_->input(), "X");
}

TEST_F(StreamTest, ABodyThatIsNotWholeIsReadAsFarAsItGoes) {
  ASSERT_EQ(::send(peer_, "abc", 3, MSG_NOSIGNAL), 3);
  char body[5] = {};

  stream_->ArmReadInto(body, 4);

  EXPECT_EQ(std::string_view(body), "abc");
  EXPECT_EQ(stream_->external_bytes(), 3u);
  EXPECT_EQ(stream_->input(), "");
}

// Of both epoll tells in one event, and the read that takes the bytes does not show the end.
TEST_F(StreamTest, AnEndThatCameWithTheLastBytesIsFound) {
  std::string input;
  bool ended = false;
  const auto read = [&]() -> Awaitable<> {
    while (!stream_->read_error()) {
      stream_->ArmRead(16);
      if (stream_->read_outstanding()) co_await stream_->WaitRead();
      input += stream_->input();
      stream_->Consume(stream_->input().size());
    }
    ended = true;
  };
  asio::co_spawn(io_, read, asio::detached);
  io_.poll();
  ASSERT_TRUE(stream_->read_outstanding());

  SendByte();
  ClosePeer();
  while (!ended && io_.run_one() > 0) {
  }

  EXPECT_EQ(input, "x");
  EXPECT_EQ(stream_->read_error(), asio::error::eof);
}

TEST_F(StreamTest, TheEndOfThePeerIsNotUnread) {
  ClosePeer();

  EXPECT_FALSE(stream_->HasUnread());
}

TEST_F(StreamTest, AClosedStreamHasNothingUnread) {
  SendByte();

  stream_->Close();

  EXPECT_FALSE(stream_->HasUnread());
}

}  // namespace
}  // namespace lmgate::http1

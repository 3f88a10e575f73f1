#pragma once

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/app.h"
#include "lmgate/v1/admin.pb.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/cli/scripted_server.h"

namespace lmgate::cli {

// Runs lmctl inside the test against a scripted server, in a folder of its own.
class LmctlTest : public ::testing::Test {
 protected:
  struct Result {
    int code = -1;
    std::string out;
    std::string err;
  };

  LmctlTest() {
    environment["LMCTL_SERVER"] = server.address();
    environment["LMCTL_TOKEN"] = "the-admin-token";
    environment["XDG_CONFIG_HOME"] = folder + "/config";
  }

  Result Run(const std::vector<std::string>& arguments) {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    if (out_fails) out.setstate(std::ios::badbit);
    Console console{.in = in,
                    .out = out,
                    .err = err,
                    .in_is_terminal = in_is_terminal,
                    .out_is_terminal = out_is_terminal,
                    .environment = [this](std::string_view name) -> std::optional<std::string> {
                      const auto found = environment.find(std::string(name));
                      if (found == environment.end()) return std::nullopt;
                      return found->second;
                    },
                    .pause =
                        [this](absl::Duration) {
                          if (on_pause) on_pause();
                          return pauses-- > 0;
                        },
                    .clock = clock,
                    .actor = "tester@here"};
    Result result;
    result.code = RunLmctl(arguments, console);
    result.out = out.str();
    result.err = err.str();
    return result;
  }

  template <typename Message>
  static Message Proto(const std::string& text) {
    Message message;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
    return message;
  }

  // All replicas serve every change at once.
  void AllReplicasFollow() {
    server.Reply(
        "StatusService/WaitForRevision",
        Proto<v1::WaitForRevisionReply>("replicas: 2 active: 2 elapsed { nanos: 8000000 }"));
  }

  std::string WriteFile(const std::string& name, const std::string& content) {
    const std::string path = folder + "/" + name;
    std::ofstream(path) << content;
    return path;
  }

  ScriptedServer server;
  const testing::TempDir temp_dir;
  const std::string folder = temp_dir.path();
  std::map<std::string, std::string> environment;
  std::string input;
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool out_fails = false;
  // 2026-11-21T12:00:00Z.
  testing::FakeClock clock{absl::FromUnixSeconds(1'795'262'400)};
  // How many waits pass before the user presses Ctrl-C.
  int pauses = 0;
  std::function<void()> on_pause;
};

MATCHER_P(EqualsProto, text, "") {
  typename std::decay<arg_type>::type expected;
  if (!google::protobuf::TextFormat::ParseFromString(text, &expected)) return false;
  *result_listener << "which is " << arg.ShortDebugString();
  return arg.SerializeAsString() == expected.SerializeAsString() ||
         arg.ShortDebugString() == expected.ShortDebugString();
}

}  // namespace lmgate::cli

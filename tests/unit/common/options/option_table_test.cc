#include "common/options/option_table.h"

#include <array>
#include <vector>

#include "tests/support/status_matchers.h"

namespace lmgate::options {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

// A program with three options, and surroundings that are maps.
class OptionTableTest : public ::testing::Test {
 protected:
  absl::StatusOr<ParseResult> Parse(std::vector<std::string> arguments) {
    const Surroundings surroundings{
        .arguments = std::move(arguments),
        .environment = [this](std::string_view name) -> std::optional<std::string> {
          const auto found = environment_.find(std::string(name));
          if (found == environment_.end()) return std::nullopt;
          return found->second;
        },
        .read_file = [this](const std::string& path) -> absl::StatusOr<std::string> {
          const auto found = files_.find(path);
          if (found == files_.end()) return absl::NotFoundError("does not exist");
          return found->second;
        }};
    return ParseOptions(table_, surroundings);
  }

  // The one error of a reading.
  std::string ErrorOf(std::vector<std::string> arguments) {
    const auto result = Parse(std::move(arguments));
    EXPECT_THAT(result, StatusIs(kInvalid, ::testing::_));
    return std::string(result.status().message());
  }

  std::map<std::string, std::string> environment_;
  std::map<std::string, absl::StatusOr<std::string>> files_;

  HostPort listen_;
  int64_t workers_ = 0;
  bool insecure_ = false;
  std::string token_file_ = "untouched";
  const std::array<Option, 4> table_{Option{.flag = "grpc-listen",
                                            .value_name = "HOST:PORT",
                                            .default_value = "127.0.0.1:8400",
                                            .help = "Address of the gRPC services.",
                                            .parse = ToHostPort(&listen_)},
                                     Option{.flag = "workers",
                                            .value_name = "N",
                                            .default_value = "4",
                                            .help = "Threads that serve requests.",
                                            .parse = ToInteger(&workers_, 1, 1024)},
                                     Option{.flag = "insecure",
                                            .value_name = "",
                                            .default_value = "false",
                                            .help = "Allows listening beyond loopback without TLS.",
                                            .parse = ToBool(&insecure_)},
                                     Option{.flag = "token-file",
                                            .value_name = "FILE",
                                            .default_value = "",
                                            .help = "File with the token.",
                                            .parse = ToString(&token_file_)}};
};

TEST_F(OptionTableTest, WithoutAnythingTheDefaultsCount) {
  EXPECT_THAT(Parse({}), IsOk());

  EXPECT_EQ(listen_.Text(), "127.0.0.1:8400");
  EXPECT_EQ(workers_, 4);
  EXPECT_FALSE(insecure_);
  EXPECT_EQ(token_file_, "untouched");
}

TEST_F(OptionTableTest, AFlagTakesItsValueWithOrWithoutEqualsSign) {
  EXPECT_THAT(Parse({"--workers", "2", "--grpc-listen=[::1]:1", "--insecure"}), IsOk());

  EXPECT_EQ(workers_, 2);
  EXPECT_EQ(listen_.Text(), "[::1]:1");
  EXPECT_TRUE(insecure_);
}

TEST_F(OptionTableTest, ASwitchMayBeTurnedOff) {
  environment_ = {{"LMGATE_INSECURE", "true"}};

  EXPECT_THAT(Parse({"--insecure=false"}), IsOk());

  EXPECT_FALSE(insecure_);
}

TEST_F(OptionTableTest, AValueMayHaveEqualsSignsAndBeEmpty) {
  EXPECT_THAT(Parse({"--token-file=a=b"}), IsOk());
  EXPECT_EQ(token_file_, "a=b");
  EXPECT_THAT(Parse({"--token-file", ""}), IsOk());
  EXPECT_EQ(token_file_, "");
  EXPECT_THAT(Parse({"--token-file="}), IsOk());
  EXPECT_EQ(token_file_, "");
}

TEST_F(OptionTableTest, FlagWinsOverEnvironmentOverEnvFileOverConfigOverDefault) {
  files_[".env"] = "LMGATE_WORKERS=3\n";
  files_["config.yaml"] = "workers: 2\n";
  environment_["LMGATE_CONFIG"] = "config.yaml";

  EXPECT_THAT(Parse({"--env-file", ""}), IsOk());
  EXPECT_EQ(workers_, 2);
  EXPECT_THAT(Parse({}), IsOk());
  EXPECT_EQ(workers_, 3);
  environment_["LMGATE_WORKERS"] = "5";
  EXPECT_THAT(Parse({}), IsOk());
  EXPECT_EQ(workers_, 5);
  EXPECT_THAT(Parse({"--workers", "6"}), IsOk());
  EXPECT_EQ(workers_, 6);
}

TEST_F(OptionTableTest, AnEmptyVariableCountsAsNotSet) {
  environment_ = {{"LMGATE_WORKERS", ""}, {"LMGATE_INSECURE", ""}, {"LMGATE_CONFIG", ""}};
  files_[".env"] = "LMGATE_WORKERS=3\n";

  EXPECT_THAT(Parse({}), IsOk());

  EXPECT_EQ(workers_, 4);
  EXPECT_FALSE(insecure_);
}

TEST_F(OptionTableTest, TheEnvFileGivesWhatTheEnvironmentDoesNotHave) {
  files_[".env"] = "OPENAI_API_KEY=sk-1\nHOME=/nowhere\n";
  environment_ = {{"HOME", "/root"}};

  const auto result = Parse({});

  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->env_file, ElementsAre(Pair("OPENAI_API_KEY", "sk-1")));
}

TEST_F(OptionTableTest, TheEnvFileMayBeNamedOrSwitchedOff) {
  files_[".env"] = "LMGATE_WORKERS=3\n";
  files_["other.env"] = "LMGATE_WORKERS=9\n";

  environment_ = {{"LMGATE_ENV_FILE", "other.env"}};
  EXPECT_THAT(Parse({}), IsOk());
  EXPECT_EQ(workers_, 9);
  environment_ = {{"LMGATE_ENV_FILE", ""}};
  EXPECT_THAT(Parse({}), IsOk());
  EXPECT_EQ(workers_, 4);
  EXPECT_THAT(Parse({"--env-file=other.env"}), IsOk());
  EXPECT_EQ(workers_, 9);
}

TEST_F(OptionTableTest, TheEnvFileMayNameTheConfigFile) {
  files_[".env"] = "LMGATE_CONFIG=config.yaml\n";
  files_["config.yaml"] = "workers: 2\n";

  EXPECT_THAT(Parse({}), IsOk());

  EXPECT_EQ(workers_, 2);
}

TEST_F(OptionTableTest, VariablesOfOtherProgramsAreNoError) {
  environment_ = {{"LMGATE_NO_SUCH_OPTION", "1"}};
  files_[".env"] = "LMGATE_LISTEN=1\n";

  EXPECT_THAT(Parse({}), IsOk());
}

TEST_F(OptionTableTest, EachErrorSaysWhereTheValueCameFrom) {
  EXPECT_EQ(ErrorOf({"--workers", "0"}), "--workers: \"0\" is not within 1 and 1024");
  files_["config.yaml"] = "workers: many\n";
  EXPECT_EQ(ErrorOf({"--config", "config.yaml"}),
            "config.yaml: workers: \"many\" is not a whole number");
  files_[".env"] = "LMGATE_WORKERS=1025\n";
  EXPECT_EQ(ErrorOf({}), ".env: LMGATE_WORKERS: \"1025\" is not within 1 and 1024");
  environment_ = {{"LMGATE_WORKERS", "x"}};
  EXPECT_EQ(ErrorOf({}), "LMGATE_WORKERS: \"x\" is not a whole number");
}

TEST_F(OptionTableTest, AllErrorsAreReportedTogetherOneALine) {
  environment_ = {{"LMGATE_WORKERS", "x"}};
  files_[".env"] = "A='\n";
  files_["config.yaml"] = "grpc_lisen: 1\ninsecure: [true]\n";

  EXPECT_EQ(ErrorOf({"serve", "--confg=1", "--config=config.yaml", "--grpc-listen", "here"}),
            "argument 1: \"serve\" is not expected: every value needs its --flag\n"
            "--confg: unknown flag, did you mean --config?\n"
            ".env: line 1: a quote is not closed\n"
            "config.yaml: grpc_lisen: unknown key, did you mean grpc_listen?\n"
            "config.yaml: insecure: needs one plain value\n"
            "--grpc-listen: \"here\" is not HOST:PORT: the port is missing\n"
            "LMGATE_WORKERS: \"x\" is not a whole number");
}

TEST_F(OptionTableTest, NearFlagsAreProposedAndFarOnesAreNot) {
  EXPECT_EQ(ErrorOf({"--worker", "2"}), "--worker: unknown flag, did you mean --workers?");
  EXPECT_EQ(ErrorOf({"-workers", "2"}), "-workers: unknown flag, did you mean --workers?");
  EXPECT_EQ(ErrorOf({"--grpc_listen=a:1"}),
            "--grpc_listen: unknown flag, did you mean --grpc-listen?");
  EXPECT_EQ(ErrorOf({"---workers=2"}), "---workers: unknown flag, did you mean --workers?");
  EXPECT_EQ(ErrorOf({"--colour"}), "--colour: unknown flag");
  EXPECT_EQ(ErrorOf({"-", "--"}), "-: unknown flag\n--: unknown flag");
}

TEST_F(OptionTableTest, TheValueOfAnUnknownFlagIsNotRepeated) {
  EXPECT_THAT(ErrorOf({"--token", "s3cret"}), Not(HasSubstr("s3cret")));
  EXPECT_THAT(ErrorOf({"--token=s3cret"}), Not(HasSubstr("s3cret")));
  EXPECT_THAT(ErrorOf({"--token", "s3cret", "--workers=0"}), HasSubstr("\n--workers: "));
}

TEST_F(OptionTableTest, AFlagNeedsAValue) {
  EXPECT_EQ(ErrorOf({"--workers"}), "--workers: needs a value");
  EXPECT_EQ(ErrorOf({"--workers", "--insecure"}), "--workers: needs a value");
  EXPECT_EQ(ErrorOf({"--config"}), "--config: needs a value");
}

TEST_F(OptionTableTest, AFlagGivenTwiceIsAnError) {
  EXPECT_EQ(ErrorOf({"--workers=1", "--workers=1"}), "--workers: is given twice");
}

TEST_F(OptionTableTest, FilesThatAreNamedMustBeReadable) {
  files_["secret.yaml"] = absl::PermissionDeniedError("cannot be read: Permission denied");

  EXPECT_EQ(ErrorOf({"--config", "none.yaml"}), "--config: none.yaml: does not exist");
  EXPECT_EQ(ErrorOf({"--config", "secret.yaml"}),
            "--config: secret.yaml: cannot be read: Permission denied");
  EXPECT_EQ(ErrorOf({"--env-file", "none.env"}), "--env-file: none.env: does not exist");
  environment_ = {{"LMGATE_CONFIG", "none.yaml"}};
  EXPECT_EQ(ErrorOf({}), "LMGATE_CONFIG: none.yaml: does not exist");
}

TEST_F(OptionTableTest, AnEnvFileThatIsThereMustBeReadable) {
  files_[".env"] = absl::PermissionDeniedError("cannot be read: Permission denied");

  EXPECT_EQ(ErrorOf({}), ".env: cannot be read: Permission denied");
}

TEST_F(OptionTableTest, TheConfigFileCannotNameFilesOfOptions) {
  files_["config.yaml"] = "config: other.yaml\nenv_file: other.env\n";

  EXPECT_EQ(ErrorOf({"--config=config.yaml"}),
            "config.yaml: config: unknown key\n"
            "config.yaml: env_file: unknown key");
}

TEST_F(OptionTableTest, ABrokenConfigFileIsNamedWithItsLine) {
  files_["config.yaml"] = "workers: 1\nworkers: 2\n";

  EXPECT_EQ(ErrorOf({"--config=config.yaml"}), "config.yaml: line 2: \"workers\" is there twice");
}

TEST_F(OptionTableTest, HelpAndVersionEndTheReading) {
  const auto help = Parse({"--nonsense", "--help", "--config", "none.yaml"});
  const auto short_help = Parse({"-h"});
  const auto version = Parse({"--version"});

  ASSERT_THAT(help, IsOk());
  EXPECT_TRUE(help->help);
  EXPECT_FALSE(help->version);
  ASSERT_THAT(short_help, IsOk());
  EXPECT_TRUE(short_help->help);
  ASSERT_THAT(version, IsOk());
  EXPECT_TRUE(version->version);
  EXPECT_EQ(workers_, 0);
}

TEST_F(OptionTableTest, HelpHasOneLineAnOption) {
  EXPECT_EQ(HelpText("lmgate-x", "Does x.", table_),
            "Usage: lmgate-x [--flag value]...\n"
            "Does x.\n"
            "\n"
            "  --grpc-listen HOST:PORT  Address of the gRPC services. (default 127.0.0.1:8400, "
            "LMGATE_GRPC_LISTEN)\n"
            "  --workers N              Threads that serve requests. (default 4, LMGATE_WORKERS)\n"
            "  --insecure               Allows listening beyond loopback without TLS. (default "
            "false, LMGATE_INSECURE)\n"
            "  --token-file FILE        File with the token. (LMGATE_TOKEN_FILE)\n"
            "  --config FILE            YAML file with these options as keys, '_' for '-'. "
            "(LMGATE_CONFIG)\n"
            "  --env-file FILE          File with environment variables, \"\" = none. (default "
            ".env, LMGATE_ENV_FILE)\n"
            "  --help                   Prints this and exits.\n"
            "  --version                Prints the version and exits.\n"
            "\n"
            "A flag wins over its variable, that over the file, that over the default.\n");
}

}  // namespace
}  // namespace lmgate::options

#include "dataplane/control/state_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/base/strings.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace lmgate::control {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::IsOkAndHolds;
using ::lmgate::testing::StatusIs;
using ::lmgate::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StateDirectoryTest : public ::testing::Test {
 protected:
  TempDir parent_;
  const std::string path_ = parent_.File("state");

  void Touch(const std::string& name) const { std::ofstream(path_ + "/" + name) << "x"; }
  size_t CountNames(std::string_view part) const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      if (entry.path().filename().string().find(part) != std::string::npos) ++count;
    }
    return count;
  }
};

TEST_F(StateDirectoryTest, IsMadeForTheOwnerAlone) {
  ASSERT_THAT(StateDirectory::Open(path_), IsOk());

  struct stat info;
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(StateDirectoryTest, ASecondReplicaIsRefusedUntilTheFirstIsGone) {
  {
    const auto first = StateDirectory::Open(path_);
    ASSERT_THAT(first, IsOk());
    EXPECT_THAT(StateDirectory::Open(path_),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("another replica")));
  }

  EXPECT_THAT(StateDirectory::Open(path_), IsOk());
}

TEST_F(StateDirectoryTest, AParentThatIsNotThereIsNamed) {
  EXPECT_THAT(StateDirectory::Open(path_ + "/deeper"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("deeper")));
}

TEST_F(StateDirectoryTest, FindsNumbersInTheirOrderAndNothingElse) {
  const auto directory = StateDirectory::Open(path_);
  for (const char* name : {"base-10", "base-9", "base-", "base-x", "base-1x", "base.new",
                           "base-2.damaged-5", "journal-3"}) {
    Touch(name);
  }

  EXPECT_THAT(directory->FindNumbers("base"), IsOkAndHolds(ElementsAre(9u, 10u)));
}

TEST_F(StateDirectoryTest, KeepsOnlySoManyDamagedFiles) {
  const auto directory = StateDirectory::Open(path_);
  for (size_t i = 0; i < StateDirectory::kDamagedMax; ++i) {
    Touch(StrCat("base-", i, ".damaged-100000000", i));
  }
  Touch("base-9");

  directory->SetAside(directory->PathOf("base", 9));

  EXPECT_EQ(CountNames(".damaged-"), StateDirectory::kDamagedMax);
  EXPECT_EQ(CountNames("base-9.damaged-"), 1u);
  EXPECT_EQ(CountNames("base-0.damaged-"), 0u);
}

}  // namespace
}  // namespace lmgate::control

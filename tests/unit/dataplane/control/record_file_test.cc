#include "dataplane/control/record_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "dataplane/control/crc32c.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace lmgate::control {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::lmgate::testing::TempDir;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

// RFC 3720, B.4.
TEST(Crc32c, GivesTheValuesOfTheStandard) {
  EXPECT_EQ(ExtendCrc32c(0, std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(ExtendCrc32c(0, std::string(32, '\xff')), 0x62A8AB43u);
  EXPECT_EQ(ExtendCrc32c(ExtendCrc32c(0, "12345"), "6789"), 0xE3069283u);
}

class RecordFileTest : public ::testing::Test {
 protected:
  TempDir directory_;
  const std::string path_ = directory_.File("records");

  void Write(const std::vector<std::string>& payloads) {
    auto writer = RecordWriter::Create(path_).value();
    for (const std::string& payload : payloads) {
      ASSERT_THAT(writer.Append(RecordType::kDelta, payload), IsOk());
    }
    ASSERT_THAT(writer.Sync(), IsOk());
    EXPECT_EQ(writer.size(), std::filesystem::file_size(path_));
  }
  std::string Bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  void SetBytes(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }
  // Payloads up to the end or the damage; `last_` says which it was.
  std::vector<std::string> Read() {
    std::vector<std::string> payloads;
    auto reader = RecordReader::Open(path_);
    last_ = reader.status();
    if (!reader.ok()) return payloads;
    while (true) {
      auto record = reader->Next();
      last_ = record.status();
      if (!record.ok()) return payloads;
      payloads.push_back(std::move(record->payload));
    }
  }
  absl::Status last_;
};

TEST_F(RecordFileTest, ReadsWhatWasWritten) {
  Write({"one", "", std::string(100000, 'x')});

  EXPECT_THAT(Read(), ElementsAre("one", "", std::string(100000, 'x')));
  EXPECT_THAT(last_, StatusIs(absl::StatusCode::kOutOfRange, _));
}

TEST_F(RecordFileTest, OnlyTheOwnerMayReadIt) {
  Write({});

  struct stat info;
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(RecordFileTest, GoesOnAtAnOffsetAndCutsTheRest) {
  Write({"one", "two"});
  auto writer =
      RecordWriter::Continue(path_, kRecordFileMagic.size() + kRecordHeaderBytes + 3).value();
  ASSERT_THAT(writer.Append(RecordType::kDelta, "three"), IsOk());

  EXPECT_THAT(Read(), ElementsAre("one", "three"));
}

TEST_F(RecordFileTest, BeginsAnewWhenNotEvenTheMagicIsThere) {
  SetBytes("lmg");
  auto writer = RecordWriter::Continue(path_, 0).value();
  ASSERT_THAT(writer.Append(RecordType::kDelta, "one"), IsOk());

  EXPECT_THAT(Read(), ElementsAre("one"));
}

TEST_F(RecordFileTest, ARecordCutAnywhereEndsTheFile) {
  Write({"one", "two"});
  const std::string bytes = Bytes();
  const size_t second = bytes.size() - kRecordHeaderBytes - 3;

  for (size_t length = 0; length < bytes.size(); ++length) {
    SetBytes(bytes.substr(0, length));
    const std::vector<std::string> payloads = Read();
    if (length == second || length == kRecordFileMagic.size()) {
      EXPECT_THAT(last_, StatusIs(absl::StatusCode::kOutOfRange, _)) << length;
    } else {
      EXPECT_THAT(last_, StatusIs(kDataLoss, _)) << length;
    }
    EXPECT_EQ(payloads.size(), length >= second ? 1u : 0u) << length;
  }
}

TEST_F(RecordFileTest, ABitFlippedAnywhereIsSeen) {
  Write({"one", "two"});
  const std::string bytes = Bytes();

  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      SetBytes(damaged);
      Read();
      EXPECT_THAT(last_, StatusIs(kDataLoss, _)) << at << " " << bit;
    }
  }
}

TEST_F(RecordFileTest, RefusesARecordBeyondTheLimit) {
  auto writer = RecordWriter::Create(path_).value();
  // Never touched: the limit is checked before the bytes are.
  const std::string_view too_long(path_.data(), kRecordBytesMax + 1);

  EXPECT_THAT(writer.Append(RecordType::kDelta, too_long),
              StatusIs(absl::StatusCode::kInvalidArgument, _));
  EXPECT_THAT(writer.Append(RecordType::kDelta, "one"), IsOk());
  EXPECT_THAT(Read(), ElementsAre("one"));
}

TEST_F(RecordFileTest, AMissingFileIsNotFound) {
  EXPECT_THAT(RecordReader::Open(path_), StatusIs(absl::StatusCode::kNotFound, _));
}

TEST_F(RecordFileTest, AFullDiskLeavesWholeRecords) {
  auto writer = RecordWriter::Create("/dev/full");
  if (writer.ok()) GTEST_SKIP() << "/dev/full takes bytes here";

  EXPECT_THAT(writer, StatusIs(absl::StatusCode::kResourceExhausted, _));
}

}  // namespace
}  // namespace lmgate::control

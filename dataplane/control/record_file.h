#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lmgate::control {

// A file of checksummed records:
//   file   := "lmgrec1\n" record*
//   record := length u32 LE | CRC-32C u32 LE (of type and payload) | type u8 | payload
enum class RecordType : uint8_t {
  kPart = 1,   // one v1::Snapshot of a full snapshot
  kEnd = 2,    // last record of a base; payload: number of parts, u32 LE
  kDelta = 3,  // one v1::SnapshotDelta
};

inline constexpr std::string_view kRecordFileMagic = "lmgrec1\n";
inline constexpr size_t kRecordHeaderBytes = 9;
inline constexpr size_t kRecordBytesMax = size_t{256} << 20;

// Owns the file. Not thread-safe.
class RecordWriter {
 public:
  // Makes the file anew (mode 0600).
  static absl::StatusOr<RecordWriter> Create(const std::string& path);
  // Goes on after `offset`; what stands behind it is cut off.
  static absl::StatusOr<RecordWriter> Continue(const std::string& path, uint64_t offset);

  RecordWriter(RecordWriter&& other) noexcept;
  RecordWriter& operator=(RecordWriter&& other) noexcept;
  ~RecordWriter();

  // Not yet on disk. After an error the file is cut back to the record before; when even that
  // fails, every further call fails.
  absl::Status Append(RecordType type, std::string_view payload);
  // All that was appended is on disk.
  absl::Status Sync();

  uint64_t size() const { return size_; }

 private:
  RecordWriter(std::string path, int fd, uint64_t size);

  std::string path_;
  int fd_ = -1;
  uint64_t size_ = 0;  // bytes of whole records
  bool broken_ = false;
};

// Reads a file from its start. Not thread-safe.
class RecordReader {
 public:
  struct Record {
    RecordType type;
    std::string payload;
  };

  // NotFound: no such file. DataLoss: not a file of records.
  static absl::StatusOr<RecordReader> Open(const std::string& path);

  RecordReader(RecordReader&& other) noexcept;
  RecordReader& operator=(RecordReader&& other) noexcept;
  ~RecordReader();

  // OutOfRange: the end, exactly after a record. DataLoss: torn or damaged from offset() on.
  absl::StatusOr<Record> Next();
  // Where the next record starts; after DataLoss: up to where the file is good.
  uint64_t offset() const { return offset_; }
  uint64_t file_bytes() const { return file_bytes_; }

 private:
  RecordReader(std::string path, int fd, uint64_t file_bytes);

  std::string path_;
  int fd_ = -1;
  uint64_t file_bytes_ = 0;
  uint64_t offset_ = 0;
};

// Makes renames and new names in a directory durable.
absl::Status SyncDirectory(const std::string& path);

}  // namespace lmgate::control

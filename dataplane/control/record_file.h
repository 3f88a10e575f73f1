#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lmgate::control {

// A file of checksummed records:
//   file   := "lmgrec1\n" record*
//   record := length u32 LE | CRC-32C u32 LE (of type and payload) | type u8 | payload
enum class RecordType : uint8_t {
  kPart = 1,   // one v1::Snapshot of a full snapshot
  kEnd = 2,    // last record of a base; payload: the number of parts in decimal
  kDelta = 3,  // one v1::SnapshotDelta
};

inline constexpr std::string_view kRecordFileMagic = "lmgrec1\n";
inline constexpr size_t kRecordHeaderBytes = 9;
// Payload of one record.
inline constexpr size_t kRecordBytesMax = size_t{256} << 20;

// Owns an open file descriptor.
class FileHandle {
 public:
  explicit FileHandle(int fd = -1) : fd_(fd) {}
  FileHandle(FileHandle&& other) noexcept;
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle();

  int fd() const { return fd_; }

 private:
  int fd_;  // -1 = none
};

// Not thread-safe.
class RecordWriter {
 public:
  // Makes the file anew (mode 0600).
  static absl::StatusOr<RecordWriter> Create(const std::string& path);
  // Goes on at `offset`, where a record ends; what stands behind it is cut off.
  static absl::StatusOr<RecordWriter> Continue(const std::string& path, uint64_t offset);

  // Not yet on disk. InvalidArgument: longer than kRecordBytesMax. After another error the file is
  // cut back to the record before; when even that fails, every further call fails.
  absl::Status Append(RecordType type, std::string_view payload);
  // All that was appended is on disk. After an error every further call fails: the kernel may have
  // dropped what it could not write.
  absl::Status Sync();

  // Bytes of whole records, and of the magic before them.
  uint64_t size() const { return size_; }

 private:
  RecordWriter(std::string path, FileHandle file, uint64_t size);
  absl::Status WriteAll(std::string_view bytes);

  std::string path_;
  FileHandle file_;
  uint64_t size_ = 0;
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

  // OutOfRange: the end, exactly after a record. DataLoss: torn or damaged from offset() on.
  absl::StatusOr<Record> Next();
  // Up to where the file is good: where the next record starts.
  uint64_t offset() const { return offset_; }

 private:
  RecordReader(std::string path, FileHandle file, uint64_t file_bytes);
  absl::Status ReadExactly(size_t count, char* to);
  absl::Status DamageAt(std::string_view what) const;

  std::string path_;
  FileHandle file_;
  uint64_t file_bytes_ = 0;
  uint64_t offset_ = 0;
};

// Makes renames and new names in a directory durable.
absl::Status SyncDirectory(const std::string& path);

}  // namespace lmgate::control

#include "dataplane/control/record_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/control/crc32c.h"
#include "dataplane/control/file_error.h"

namespace lmgate::control {
namespace {

constexpr mode_t kFileMode = 0600;

void StoreU32(uint32_t value, char* to) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<char>(value >> (8 * i));
}

uint32_t LoadU32(const char* from) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<uint8_t>(from[i]);
  return value;
}

// The header of a record; its last byte is the type, which the checksum covers.
std::array<char, kRecordHeaderBytes> MakeHeader(RecordType type, std::string_view payload) {
  std::array<char, kRecordHeaderBytes> header;
  header[8] = static_cast<char>(type);
  const uint32_t crc = ExtendCrc32c(ExtendCrc32c(0, {&header[8], 1}), payload);
  StoreU32(static_cast<uint32_t>(payload.size()), &header[0]);
  StoreU32(crc, &header[4]);
  return header;
}

}  // namespace

FileHandle::FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileHandle::~FileHandle() {
  if (fd_ >= 0) ::close(fd_);
}

RecordWriter::RecordWriter(std::string path, FileHandle file, uint64_t size)
    : path_(std::move(path)), file_(std::move(file)), size_(size) {}

absl::StatusOr<RecordWriter> RecordWriter::Create(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
  FileHandle file(::open(path.c_str(), kFlags, kFileMode));
  if (file.fd() < 0) return FileError("create", path);
  RecordWriter writer(path, std::move(file), 0);
  LMGATE_RETURN_IF_ERROR(writer.WriteAll(kRecordFileMagic));
  writer.size_ = kRecordFileMagic.size();
  return writer;
}

absl::StatusOr<RecordWriter> RecordWriter::Continue(const std::string& path, uint64_t offset) {
  if (offset < kRecordFileMagic.size()) return Create(path);
  FileHandle file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.fd() < 0) return FileError("open", path);
  if (::ftruncate(file.fd(), static_cast<off_t>(offset)) != 0 ||
      ::lseek(file.fd(), 0, SEEK_END) < 0) {
    return FileError("cut", path);
  }
  return RecordWriter(path, std::move(file), offset);
}

absl::Status RecordWriter::WriteAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.fd(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("write", path_);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status RecordWriter::Append(RecordType type, std::string_view payload) {
  if (broken_) return absl::FailedPreconditionError(StrCat(path_, " failed before"));
  if (payload.size() > kRecordBytesMax) {
    return absl::InvalidArgumentError(StrCat("a record of ", payload.size(), " bytes"));
  }
  const auto header = MakeHeader(type, payload);
  absl::Status status = WriteAll({header.data(), header.size()});
  if (status.ok()) status = WriteAll(payload);
  if (status.ok()) {
    size_ += header.size() + payload.size();
    return status;
  }
  broken_ = ::ftruncate(file_.fd(), static_cast<off_t>(size_)) != 0 ||
            ::lseek(file_.fd(), 0, SEEK_END) < 0;
  return status;
}

absl::Status RecordWriter::Sync() {
  if (broken_) return absl::FailedPreconditionError(StrCat(path_, " failed before"));
  if (::fdatasync(file_.fd()) == 0) return absl::OkStatus();
  broken_ = true;
  return FileError("sync", path_);
}

RecordReader::RecordReader(std::string path, FileHandle file, uint64_t file_bytes)
    : path_(std::move(path)), file_(std::move(file)), file_bytes_(file_bytes) {}

absl::StatusOr<RecordReader> RecordReader::Open(const std::string& path) {
  FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.fd() < 0) return FileError("open", path);
  struct stat info;
  if (::fstat(file.fd(), &info) != 0) return FileError("read", path);
  RecordReader reader(path, std::move(file), static_cast<uint64_t>(info.st_size));
  std::array<char, kRecordFileMagic.size()> magic;
  if (reader.file_bytes_ < magic.size()) return reader.DamageAt("is cut off");
  LMGATE_RETURN_IF_ERROR(reader.ReadExactly(magic.size(), magic.data()));
  if (std::string_view(magic.data(), magic.size()) != kRecordFileMagic) {
    return reader.DamageAt("is not a file of records");
  }
  reader.offset_ = magic.size();
  return reader;
}

absl::StatusOr<RecordReader::Record> RecordReader::Next() {
  const uint64_t left = file_bytes_ - offset_;
  if (left == 0) return absl::OutOfRangeError("the end");
  if (left < kRecordHeaderBytes) return DamageAt("is cut off");
  std::array<char, kRecordHeaderBytes> header;
  LMGATE_RETURN_IF_ERROR(ReadExactly(header.size(), header.data()));
  const uint32_t length = LoadU32(&header[0]);
  // Checked against the file first: a damaged length must not ask for memory.
  if (length > kRecordBytesMax || length > left - kRecordHeaderBytes) return DamageAt("is cut off");
  Record record{.type = static_cast<RecordType>(header[8]), .payload = std::string(length, '\0')};
  LMGATE_RETURN_IF_ERROR(ReadExactly(length, record.payload.data()));
  if (MakeHeader(record.type, record.payload) != header) return DamageAt("is damaged");
  offset_ += kRecordHeaderBytes + length;
  return record;
}

absl::Status RecordReader::ReadExactly(size_t count, char* to) {
  while (count > 0) {
    const ssize_t got = ::read(file_.fd(), to, count);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError("read", path_);
    if (got == 0) return DamageAt("is cut off");
    to += got;
    count -= static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

absl::Status RecordReader::DamageAt(std::string_view what) const {
  return absl::DataLossError(StrCat(path_, " ", what, " at byte ", offset_));
}

absl::Status SyncDirectory(const std::string& path) {
  const FileHandle directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.fd() < 0) return FileError("open", path);
  return ::fsync(directory.fd()) == 0 ? absl::OkStatus() : FileError("sync", path);
}

}  // namespace lmgate::control

#include "dataplane/control/snapshot_file.h"

#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::control {
namespace {

// As text: any encoding that cannot be mistaken will do, and a damaged one is a damaged record.
std::string EndPayload(uint32_t parts) { return StrCat(parts); }

absl::Status AppendMessage(RecordType type, const google::protobuf::MessageLite& message,
                           RecordWriter* records) {
  std::string payload;
  if (!message.SerializeToString(&payload)) {
    return absl::InvalidArgumentError("a message of more than 2 GiB");
  }
  return records->Append(type, payload);
}

absl::Status Damaged(const std::string& path, const RecordReader& records) {
  return absl::DataLossError(
      StrCat(path, " holds a foreign record before byte ", records.offset()));
}

}  // namespace

absl::StatusOr<BaseFileWriter> BaseFileWriter::Create(const std::string& path) {
  LMGATE_ASSIGN_OR_RETURN(RecordWriter records, RecordWriter::Create(path));
  return BaseFileWriter(std::move(records));
}

absl::Status BaseFileWriter::Add(const v1::Snapshot& part) {
  ++parts_;
  return AppendMessage(RecordType::kPart, part, &records_);
}

absl::StatusOr<uint64_t> BaseFileWriter::Finish() {
  LMGATE_RETURN_IF_ERROR(records_.Append(RecordType::kEnd, EndPayload(parts_)));
  LMGATE_RETURN_IF_ERROR(records_.Sync());
  return records_.size();
}

absl::Status ReadBaseFile(const std::string& path,
                          absl::FunctionRef<absl::Status(v1::Snapshot)> visit) {
  LMGATE_ASSIGN_OR_RETURN(RecordReader records, RecordReader::Open(path));
  uint32_t parts = 0;
  bool ended = false;
  while (true) {
    auto record = records.Next();
    if (absl::IsOutOfRange(record.status())) break;
    LMGATE_RETURN_IF_ERROR(record.status());
    if (ended) return Damaged(path, records);
    if (record->type == RecordType::kEnd && record->payload == EndPayload(parts)) {
      ended = true;
      continue;
    }
    v1::Snapshot part;
    if (record->type != RecordType::kPart || !part.ParseFromString(record->payload)) {
      return Damaged(path, records);
    }
    ++parts;
    record->payload = std::string();  // not held while the part is worked on
    LMGATE_RETURN_IF_ERROR(visit(std::move(part)));
  }
  return ended ? absl::OkStatus() : absl::DataLossError(StrCat(path, " has no end"));
}

JournalEnd ReadJournalFile(const std::string& path,
                           absl::FunctionRef<absl::Status(const v1::SnapshotDelta&)> visit) {
  JournalEnd end;
  auto records = RecordReader::Open(path);
  if (!records.ok()) {
    end.why = records.status();
    return end;
  }
  end.offset = records->offset();
  while (true) {
    const auto record = records->Next();
    if (absl::IsOutOfRange(record.status())) return end;
    end.why = record.status();
    v1::SnapshotDelta delta;
    if (end.why.ok() &&
        (record->type != RecordType::kDelta || !delta.ParseFromString(record->payload))) {
      end.why = Damaged(path, *records);
    }
    if (end.why.ok()) end.why = visit(delta);
    if (!end.why.ok()) return end;
    end.offset = records->offset();
    ++end.deltas;
  }
}

absl::Status AppendToJournal(const v1::SnapshotDelta& delta, RecordWriter* journal) {
  return AppendMessage(RecordType::kDelta, delta, journal);
}

}  // namespace lmgate::control

#pragma once

#include <absl/time/time.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>

namespace lmgate::cli {

google::protobuf::Duration ToProto(absl::Duration duration);
google::protobuf::Timestamp ToProto(absl::Time time);
absl::Duration FromProto(const google::protobuf::Duration& duration);
absl::Time FromProto(const google::protobuf::Timestamp& time);

// RFC 3339 in UTC, whole seconds: 2026-11-21T12:00:00Z.
std::string TimeText(absl::Time time);
// The distance, coarsely: "5s", "3m", "7h", "12d"; of the past without a sign.
std::string AgeText(absl::Duration age);

}  // namespace lmgate::cli

#include "cli/proto_time.h"

#include "common/base/strings.h"

namespace lmgate::cli {

google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return proto;
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  const google::protobuf::Duration since = ToProto(time - absl::UnixEpoch());
  google::protobuf::Timestamp proto;
  proto.set_seconds(since.seconds());
  proto.set_nanos(since.nanos());
  return proto;
}

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

absl::Time FromProto(const google::protobuf::Timestamp& time) {
  return absl::UnixEpoch() + absl::Seconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string AgeText(absl::Duration age) {
  age = absl::AbsDuration(age);
  if (age < absl::Minutes(2)) return StrCat(absl::ToInt64Seconds(age), "s");
  if (age < absl::Hours(2)) return StrCat(absl::ToInt64Minutes(age), "m");
  if (age < absl::Hours(48)) return StrCat(absl::ToInt64Hours(age), "h");
  return StrCat(absl::ToInt64Hours(age) / 24, "d");
}

}  // namespace lmgate::cli

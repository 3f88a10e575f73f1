#pragma once

#include <absl/status/status.h>
#include <absl/types/span.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>

#include <string_view>

namespace lmgate::admin {

// Copies the fields of `mask` from one message to another of the same type; a field that is absent
// in `from` becomes absent. A path names a field ("timeouts"; lists and maps are replaced as a
// whole), a field one level down ("timeouts.idle"), or one entry of a map ("headers.x-team", which
// goes when `from` does not have it). A part that becomes empty so is absent afterwards.
// InvalidArgument, and `to` is as it was: a field that does not exist or stands in `fixed`, which
// only the control plane sets. `fixed` holds names of top-level fields.
absl::Status CopyFields(const google::protobuf::FieldMask& mask,
                        const google::protobuf::Message& from, google::protobuf::Message* to,
                        absl::Span<const std::string_view> fixed);

}  // namespace lmgate::admin

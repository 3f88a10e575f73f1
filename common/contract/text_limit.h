#pragma once

#include <absl/status/status.h>
#include <google/protobuf/map.h>
#include <google/protobuf/message.h>

#include <string>
#include <string_view>

namespace lmgate::contract {

// The limits that hold for any text of any resource, whatever it means. All refuse with a field
// hint relative to the resource.

// Each string, list and message inside `message` but its maps, google.protobuf types and
// SystemEdits, whose prompts have lines (route_check.h): kTextBytesMax bytes, kListEntriesMax
// entries, no control characters.
absl::Status CheckTextLimits(const google::protobuf::Message& message);

// The same for one map, whose field is called `field`.
absl::Status CheckMapLimits(std::string_view field,
                            const google::protobuf::Map<std::string, std::string>& map);

// A name of 1 to 64 letters, digits and the bytes of `marks`.
absl::Status CheckName(std::string_view field, std::string_view name, std::string_view marks);

// True for bytes below 0x20 and 0x7F.
bool HasControlCharacter(std::string_view text);

// `headers["x-team"]`.
std::string MapField(std::string_view field, std::string_view key);

}  // namespace lmgate::contract

#include "common/options/option_value.h"

#include <absl/strings/match.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::options {
namespace {

// How much of a refused value its error repeats.
constexpr size_t kQuotedBytesMax = 100;

std::string Quoted(std::string_view value) {
  return StrCat("\"", value.substr(0, kQuotedBytesMax), "\"");
}

template <typename Integer>
std::optional<Integer> WholeNumber(std::string_view text) {
  Integer value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

struct ByteUnit {
  std::string_view name;
  uint64_t bytes;
};

constexpr std::array kByteUnits{
    ByteUnit{.name = "KiB", .bytes = 1024},
    ByteUnit{.name = "MiB", .bytes = 1024 * 1024},
    ByteUnit{.name = "GiB", .bytes = 1024 * 1024 * 1024},
    ByteUnit{.name = "k", .bytes = 1024},
    ByteUnit{.name = "K", .bytes = 1024},
    ByteUnit{.name = "M", .bytes = 1024 * 1024},
    ByteUnit{.name = "G", .bytes = 1024 * 1024 * 1024},
};

// Nullopt when the text is no size, or one beyond 64 bits.
std::optional<uint64_t> ByteCount(std::string_view text) {
  uint64_t unit_bytes = 1;
  for (const ByteUnit& unit : kByteUnits) {
    if (text.ends_with(unit.name)) {
      unit_bytes = unit.bytes;
      text.remove_suffix(unit.name.size());
      break;
    }
  }
  const std::optional<uint64_t> number = WholeNumber<uint64_t>(text);
  if (!number || *number > std::numeric_limits<uint64_t>::max() / unit_bytes) return std::nullopt;
  return *number * unit_bytes;
}

// The largest unit that divides the size: 32MiB.
std::string BytesText(uint64_t bytes) {
  std::string text = StrCat(bytes);
  for (const ByteUnit& unit : kByteUnits) {
    const bool is_long_name = unit.name.size() == 3;
    if (is_long_name && bytes > 0 && bytes % unit.bytes == 0) {
      text = StrCat(bytes / unit.bytes, unit.name);
    }
  }
  return text;
}

absl::Status OutOfRange(std::string_view value, std::string_view minimum,
                        std::string_view maximum) {
  return absl::InvalidArgumentError(
      StrCat(Quoted(value), " is not within ", minimum, " and ", maximum));
}

}  // namespace

ValueParser ToString(std::string* target) {
  return [target](std::string_view value) {
    *target = std::string(value);
    return absl::OkStatus();
  };
}

ValueParser ToInteger(int64_t* target, int64_t minimum, int64_t maximum) {
  return [=](std::string_view value) {
    const std::optional<int64_t> number = WholeNumber<int64_t>(value);
    if (!number) {
      return absl::InvalidArgumentError(StrCat(Quoted(value), " is not a whole number"));
    }
    if (*number < minimum || *number > maximum) {
      return OutOfRange(value, StrCat(minimum), StrCat(maximum));
    }
    *target = *number;
    return absl::OkStatus();
  };
}

ValueParser ToBool(bool* target) {
  return [target](std::string_view value) {
    for (const std::string_view yes : {"", "true", "yes", "on", "1"}) {
      if (absl::EqualsIgnoreCase(ToAbsl(value), ToAbsl(yes))) {
        *target = true;
        return absl::OkStatus();
      }
    }
    for (const std::string_view no : {"false", "no", "off", "0"}) {
      if (absl::EqualsIgnoreCase(ToAbsl(value), ToAbsl(no))) {
        *target = false;
        return absl::OkStatus();
      }
    }
    return absl::InvalidArgumentError(
        StrCat(Quoted(value), " is none of true, false, yes, no, on, off, 1, 0"));
  };
}

ValueParser ToDuration(absl::Duration* target, absl::Duration minimum, absl::Duration maximum) {
  return [=](std::string_view value) -> absl::Status {
    LMGATE_ASSIGN_OR_RETURN(const absl::Duration duration, ParseFriendlyDuration(value));
    if (duration < minimum || duration > maximum) {
      return OutOfRange(value, FormatFriendlyDuration(minimum), FormatFriendlyDuration(maximum));
    }
    *target = duration;
    return absl::OkStatus();
  };
}

ValueParser ToBytes(uint64_t* target, uint64_t minimum, uint64_t maximum) {
  return [=](std::string_view value) {
    const std::optional<uint64_t> bytes = ByteCount(value);
    if (!bytes) {
      return absl::InvalidArgumentError(
          StrCat(Quoted(value), " is not a size: write bytes, or a number and KiB, MiB or GiB"));
    }
    if (*bytes < minimum || *bytes > maximum) {
      return OutOfRange(value, BytesText(minimum), BytesText(maximum));
    }
    *target = *bytes;
    return absl::OkStatus();
  };
}

ValueParser ToHostPort(HostPort* target) {
  return [target](std::string_view value) -> absl::Status {
    LMGATE_ASSIGN_OR_RETURN(*target, ParseHostPort(value));
    return absl::OkStatus();
  };
}

}  // namespace lmgate::options

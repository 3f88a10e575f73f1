#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lmgate::fakeprovider {

// MediaMark() of a data: URL (RFC 2397) with base64, or MediaUrlMark() of an http URL; empty = the
// URL is neither.
std::optional<std::string> FindMediaMark(std::string_view kind, std::string_view url);

}  // namespace lmgate::fakeprovider

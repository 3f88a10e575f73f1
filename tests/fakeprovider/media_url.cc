#include "tests/fakeprovider/media_url.h"

#include "tests/fakeprovider/prompt.h"

namespace lmgate::fakeprovider {

std::optional<std::string> FindMediaMark(std::string_view kind, std::string_view url) {
  constexpr std::string_view kScheme = "data:";
  constexpr std::string_view kEncoding = ";base64";
  if (url.starts_with("http://") || url.starts_with("https://")) return MediaUrlMark(kind, url);
  if (!url.starts_with(kScheme)) return std::nullopt;
  const size_t comma = url.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const std::string_view head = url.substr(kScheme.size(), comma - kScheme.size());
  const std::string_view data = url.substr(comma + 1);
  if (!head.ends_with(kEncoding) || !IsBase64(data)) return std::nullopt;
  return MediaMark(kind, head.substr(0, head.find(';')), data);
}

}  // namespace lmgate::fakeprovider

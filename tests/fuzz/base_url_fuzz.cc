#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/contract/base_url.h"

using lmgate::StrCat;
using lmgate::contract::BaseUrl;
using lmgate::contract::ParseBaseUrl;

// A URL that is taken can be put together again from its parts, and its parts fit into a request
// head without ending a line.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto url = ParseBaseUrl({reinterpret_cast<const char*>(data), size});
  if (!url.ok()) {
    LMGATE_CHECK(absl::IsInvalidArgument(url.status()));
    return 0;
  }
  for (const std::string& part : {url->host, url->path, url->host_header}) {
    for (const char c : part) LMGATE_CHECK(static_cast<unsigned char>(c) > 0x20 && c != 0x7F);
  }
  LMGATE_CHECK(!url->path.ends_with('/'));

  std::string again;
  switch (url->scheme) {
    case BaseUrl::Scheme::kUnix:
      again = StrCat("unix:", url->host, url->path.empty() ? "" : ":", url->path);
      break;
    case BaseUrl::Scheme::kHttp:
      again = StrCat("http://", url->host_header, url->path);
      break;
    case BaseUrl::Scheme::kHttps:
      again = StrCat("https://", url->host_header, url->path);
      break;
  }
  const auto same = ParseBaseUrl(again);
  LMGATE_CHECK(same.ok());
  LMGATE_CHECK(same->scheme == url->scheme && same->host == url->host && same->port == url->port);
  LMGATE_CHECK(same->path == url->path && same->host_header == url->host_header);
  return 0;
}

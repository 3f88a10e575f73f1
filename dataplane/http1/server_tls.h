#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

namespace lmgate::http1 {

// What a listener offers by ALPN (RFC 7301), the better one first.
enum class ServerProtocols { kHttp1, kHttp2AndHttp1 };

// What a listener needs to speak TLS 1.2 and 1.3. PEM files: a certificate chain, leaf first, and
// its key. InvalidArgument names the file that cannot be used.
absl::StatusOr<std::unique_ptr<boost::asio::ssl::context>> CreateServerTls(
    const std::string& certificate_file, const std::string& key_file, ServerProtocols protocols);

}  // namespace lmgate::http1

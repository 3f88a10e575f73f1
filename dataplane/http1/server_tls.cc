#include "dataplane/http1/server_tls.h"

#include <openssl/ssl.h>

#include <string_view>

#include "common/base/strings.h"

namespace lmgate::http1 {
namespace {

namespace asio = boost::asio;

// The better one of ours that the client offers; a client that offers only others is told so.
int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_length,
                   const unsigned char* offered, unsigned int offered_length, void* protocols) {
  static constexpr std::string_view kHttp1 = "\x08http/1.1";
  static constexpr std::string_view kBoth = "\x02h2\x08http/1.1";
  const std::string_view ours = protocols == nullptr ? kHttp1 : kBoth;
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_length,
                            reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned int>(ours.size()), offered,
                            offered_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

absl::StatusOr<std::unique_ptr<asio::ssl::context>> CreateServerTls(
    const std::string& certificate_file, const std::string& key_file, ServerProtocols protocols) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  boost::system::error_code error;
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                           asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                           asio::ssl::context::no_tlsv1_1,
                       error);
  context->use_certificate_chain_file(certificate_file, error);
  if (error) {
    return absl::InvalidArgumentError(
        StrCat("certificate ", certificate_file, ": ", error.message()));
  }
  context->use_private_key_file(key_file, asio::ssl::context::pem, error);
  if (error) return absl::InvalidArgumentError(StrCat("key ", key_file, ": ", error.message()));
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return absl::InvalidArgumentError(
        StrCat("key ", key_file, " does not belong to certificate ", certificate_file));
  }
  // Not null = HTTP/2 as well.
  void* const with_http2 =
      protocols == ServerProtocols::kHttp2AndHttp1 ? context->native_handle() : nullptr;
  SSL_CTX_set_alpn_select_cb(context->native_handle(), SelectProtocol, with_http2);
  // RFC 9113, 9.2.1.
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION);
  return context;
}

}  // namespace lmgate::http1

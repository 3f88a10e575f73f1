#include "dataplane/http1/server_tls.h"

#include <openssl/ssl.h>

#include "common/base/strings.h"

namespace lmgate::http1 {
namespace {

namespace asio = boost::asio;

// ALPN (RFC 7301): http/1.1 if the client offers it; a client that offers only others is told so.
int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_length,
                   const unsigned char* offered, unsigned int offered_length, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_length, kOurs, sizeof(kOurs) - 1, offered,
                            offered_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

absl::StatusOr<std::unique_ptr<asio::ssl::context>> CreateServerTls(
    const std::string& certificate_file, const std::string& key_file) {
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
  SSL_CTX_set_alpn_select_cb(context->native_handle(), SelectProtocol, nullptr);
  return context;
}

}  // namespace lmgate::http1

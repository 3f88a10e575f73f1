#include "dataplane/credential/google_service_account.h"

#include <absl/strings/escaping.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <simdjson.h>

#include <algorithm>
#include <memory>

#include "common/base/strings.h"
#include "common/contract/cloud_account.h"
#include "dataplane/credential/access_token.h"

namespace lmgate::credential {
namespace {

constexpr std::string_view kTokenUri = "https://oauth2.googleapis.com/token";
constexpr std::string_view kScope = "https://www.googleapis.com/auth/cloud-platform";
// The longest that Google accepts.
constexpr absl::Duration kAssertionLifetime = absl::Hours(1);

// What goes into the assertion's JSON as it is: nothing that would need escapes.
bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7F && c != '"' && c != '\\'; });
}

absl::Status NoKeyFile(std::string_view problem) {
  return absl::InvalidArgumentError(StrCat("is no key file of a service account: ", problem));
}

struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// A key with a pass phrase must not ask for it on the terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

std::unique_ptr<EVP_PKEY, Free> ReadRsaKey(std::string_view pem) {
  const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::unique_ptr<EVP_PKEY, Free> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  // What the queue keeps would be taken for an error of the next TLS call.
  ERR_clear_error();
  if (key != nullptr && EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA) key.reset();
  return key;
}

absl::StatusOr<std::string> SignRs256(std::string_view text, EVP_PKEY* key) {
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  const auto* const data = reinterpret_cast<const unsigned char*>(text.data());
  size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data, text.size()) != 1) {
    return absl::InvalidArgumentError("private_key cannot sign");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                     text.size()) != 1) {
    return absl::InvalidArgumentError("private_key cannot sign");
  }
  signature.resize(size);
  return signature;
}

}  // namespace

absl::StatusOr<GoogleServiceAccount> ParseGoogleServiceAccount(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS || !root.is_object()) {
    return NoKeyFile("it is not JSON");
  }
  const auto find = [&root](const char* name) {
    std::string_view text;
    return root[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
  };
  const std::string type = find("type");
  if (type != "service_account") {
    return NoKeyFile(type.empty() ? std::string("it has no type")
                                  : StrCat("its type is ", Printable(type)));
  }
  GoogleServiceAccount account{.client_email = find("client_email"),
                               .private_key_id = find("private_key_id"),
                               .private_key = find("private_key"),
                               .token_uri = find("token_uri")};
  if (account.token_uri.empty()) account.token_uri = kTokenUri;
  if (account.client_email.empty()) return NoKeyFile("it has no client_email");
  if (account.private_key.empty()) return NoKeyFile("it has no private_key");
  if (!IsPlain(account.client_email)) return NoKeyFile("its client_email is no address");
  if (!IsPlain(account.private_key_id)) return NoKeyFile("its private_key_id is no id");
  if (!IsPlain(account.token_uri) || !contract::IsSecretSafeUrl(account.token_uri)) {
    return NoKeyFile("its token_uri is no https URL");
  }
  if (ReadRsaKey(account.private_key) == nullptr) {
    return NoKeyFile("its private_key is no RSA key in PEM");
  }
  return account;
}

absl::StatusOr<std::string> SignGoogleAssertion(const GoogleServiceAccount& account,
                                                absl::Time now) {
  const std::unique_ptr<EVP_PKEY, Free> key = ReadRsaKey(account.private_key);
  if (key == nullptr) return absl::InvalidArgumentError("private_key is no RSA key in PEM");
  const std::string header =
      account.private_key_id.empty()
          ? std::string(R"({"alg":"RS256","typ":"JWT"})")
          : StrCat(R"({"alg":"RS256","typ":"JWT","kid":")", account.private_key_id, R"("})");
  const std::string claims =
      StrCat(R"({"iss":")", account.client_email, R"(","scope":")", kScope, R"(","aud":")",
             account.token_uri, R"(","iat":)", absl::ToUnixSeconds(now), R"(,"exp":)",
             absl::ToUnixSeconds(now + kAssertionLifetime), "}");
  const std::string text =
      StrCat(absl::WebSafeBase64Escape(header), ".", absl::WebSafeBase64Escape(claims));
  auto signature = SignRs256(text, key.get());
  if (!signature.ok()) return signature.status();
  return StrCat(text, ".", absl::WebSafeBase64Escape(*signature));
}

std::string GoogleTokenForm(std::string_view assertion) {
  return EncodeForm(
      {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, {"assertion", assertion}});
}

}  // namespace lmgate::credential

#include "tests/unit/dataplane/credential/test_service_account.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <vector>

#include "common/base/logging.h"
#include "common/base/strings.h"

namespace lmgate::testing {
namespace {

std::string TakeText(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

}  // namespace

TestServiceAccount TestServiceAccount::Make() {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  LMGATE_CHECK(key != nullptr);
  BIO* secret = BIO_new(BIO_s_mem());
  BIO* open = BIO_new(BIO_s_mem());
  LMGATE_CHECK(PEM_write_bio_PKCS8PrivateKey(secret, key, nullptr, nullptr, 0, nullptr, nullptr));
  LMGATE_CHECK(PEM_write_bio_PUBKEY(open, key));
  EVP_PKEY_free(key);
  return {.private_key_pem = TakeText(secret), .public_key_pem = TakeText(open)};
}

std::string TestServiceAccount::Json(const std::string& token_uri) const {
  return StrCat(R"({"type":"service_account","project_id":"p","private_key_id":"kid-1",)",
                R"("client_email":"sa@p.iam.gserviceaccount.com","token_uri":")", token_uri,
                R"(","private_key":")", absl::StrReplaceAll(private_key_pem, {{"\n", "\\n"}}),
                "\"}");
}

std::string VerifiedClaims(const std::string& jwt, const std::string& public_key_pem) {
  const std::vector<std::string> parts = absl::StrSplit(jwt, '.');
  std::string signature;
  std::string claims;
  if (parts.size() != 3 || !absl::WebSafeBase64Unescape(parts[2], &signature) ||
      !absl::WebSafeBase64Unescape(parts[1], &claims)) {
    return "";
  }
  BIO* bio = BIO_new_mem_buf(public_key_pem.data(), static_cast<int>(public_key_pem.size()));
  EVP_PKEY* key = PEM_read_bio_PUBKEY(bio, nullptr, nullptr, nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const std::string text = StrCat(parts[0], ".", parts[1]);
  const bool good =
      EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
      EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                       text.size()) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  BIO_free(bio);
  return good ? claims : "";
}

}  // namespace lmgate::testing

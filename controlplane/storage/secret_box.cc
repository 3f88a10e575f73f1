#include "controlplane/storage/secret_box.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "controlplane/storage/private_file.h"
#include "controlplane/storage/random_bytes.h"

namespace lmgate::storage {
namespace {

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* cipher) const { EVP_CIPHER_CTX_free(cipher); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text, size_t offset) {
  return reinterpret_cast<unsigned char*>(text.data() + offset);
}

}  // namespace

absl::StatusOr<SecretBox> SecretBox::FromFile(const std::string& path, std::string_view content) {
  const absl::string_view hex = absl::StripAsciiWhitespace(ToAbsl(content));
  if (hex.size() != 2 * kKeyBytes || !std::all_of(hex.begin(), hex.end(), absl::ascii_isxdigit)) {
    return absl::FailedPreconditionError(
        StrCat(path, ": is no key file: it must hold ", 2 * kKeyBytes, " hex digits"));
  }
  return SecretBox(absl::HexStringToBytes(hex));
}

absl::StatusOr<SecretBox> SecretBox::Create(const std::string& key_path) {
  LMGATE_ASSIGN_OR_RETURN(const std::string content, ReadOrCreatePrivateFile(key_path, [] {
                            return StrCat(absl::BytesToHexString(RandomBytes(kKeyBytes)), "\n");
                          }));
  return FromFile(key_path, content);
}

absl::StatusOr<SecretBox> SecretBox::Open(const std::string& key_path) {
  auto content = ReadPrivateFile(key_path);
  if (absl::IsNotFound(content.status())) {
    return absl::FailedPreconditionError(
        StrCat(key_path,
               ": is not there, but the database was encrypted with it: restore it from "
               "the backup"));
  }
  if (!content.ok()) return content.status();
  return FromFile(key_path, *content);
}

std::string SecretBox::Seal(std::string_view clear, std::string_view context) const {
  std::string sealed = RandomBytes(kNonceBytes);
  sealed.resize(kNonceBytes + clear.size() + kTagBytes);
  const Cipher cipher(EVP_CIPHER_CTX_new());
  LMGATE_CHECK(cipher != nullptr);
  int size = 0;
  LMGATE_CHECK(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key_),
                                  Bytes(sealed)) == 1);
  LMGATE_CHECK(EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(context),
                                 static_cast<int>(context.size())) == 1);
  LMGATE_CHECK(EVP_EncryptUpdate(cipher.get(), Bytes(sealed, kNonceBytes), &size, Bytes(clear),
                                 static_cast<int>(clear.size())) == 1);
  LMGATE_CHECK(
      EVP_EncryptFinal_ex(cipher.get(), Bytes(sealed, kNonceBytes + clear.size()), &size) == 1);
  LMGATE_CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                                   Bytes(sealed, kNonceBytes + clear.size())) == 1);
  return sealed;
}

absl::StatusOr<std::string> SecretBox::Unseal(std::string_view sealed,
                                              std::string_view context) const {
  const absl::Status refused = absl::FailedPreconditionError(
      StrCat("the secret of ", context, " does not open: another key, or damaged"));
  if (sealed.size() < kNonceBytes + kTagBytes) return refused;
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  const std::string_view body = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  // One byte more: a final block needs somewhere to point to even when the secret is empty.
  std::string clear(body.size() + 1, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  LMGATE_CHECK(cipher != nullptr);
  int size = 0;
  LMGATE_CHECK(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key_),
                                  Bytes(sealed)) == 1);
  LMGATE_CHECK(EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(context),
                                 static_cast<int>(context.size())) == 1);
  LMGATE_CHECK(EVP_DecryptUpdate(cipher.get(), Bytes(clear, 0), &size, Bytes(body),
                                 static_cast<int>(body.size())) == 1);
  LMGATE_CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, Bytes(tag, 0)) ==
               1);
  if (EVP_DecryptFinal_ex(cipher.get(), Bytes(clear, body.size()), &size) != 1) return refused;
  clear.resize(body.size());
  return clear;
}

}  // namespace lmgate::storage

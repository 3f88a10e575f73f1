#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace lmgate::storage {

// AES-256-GCM under the installation's key. Immutable, thread-safe.
class SecretBox {
 public:
  static constexpr size_t kKeyBytes = 32;
  static constexpr size_t kNonceBytes = 12;
  static constexpr size_t kTagBytes = 16;

  // Reads the key file (64 hex digits), or makes it. FailedPrecondition: cannot be read, or is no
  // key file.
  static absl::StatusOr<SecretBox> Create(const std::string& key_path);
  // As Create, but a missing file is an error: the database was sealed under a key that is gone.
  static absl::StatusOr<SecretBox> Open(const std::string& key_path);

  // Nonce, ciphertext, tag. `context` says where the secret belongs and must be the same to unseal:
  // a sealed text moved to another row or field does not open.
  std::string Seal(std::string_view clear, std::string_view context) const;
  // FailedPrecondition: another key, another context, or damaged.
  absl::StatusOr<std::string> Unseal(std::string_view sealed, std::string_view context) const;

 private:
  explicit SecretBox(std::string key) : key_(std::move(key)) {}
  static absl::StatusOr<SecretBox> FromFile(const std::string& path, std::string_view content);

  std::string key_;
};

}  // namespace lmgate::storage

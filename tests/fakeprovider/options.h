#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lmgate::fakeprovider {

// Of AWS, for Signature Version 4.
struct AwsKeys {
  std::string access_key_id = {};  // empty = there are none
  std::string secret_access_key = {};
};

struct Options {
  std::string host = "127.0.0.1";  // an IP address
  uint16_t port = 0;               // 0 = any
  // The only key that is let in, in the headers that each dialect has for it; empty = requests need
  // none.
  std::string api_key;
  // Who may sign requests in the dialect of Bedrock.
  AwsKeys aws_keys;
  // What GET /v1/models lists. Every other name is a model as well.
  std::vector<std::string> models = {"gpt-4o", "gpt-4o-mini", "text-embedding-3-small"};

  size_t journal_entries_max = 1000;  // 0 = no journal
  size_t journal_body_bytes_max = 64 * 1024;
  size_t header_bytes_max = 64 * 1024;       // more is 431
  size_t body_bytes_max = 64 * 1024 * 1024;  // more is 413
};

}  // namespace lmgate::fakeprovider

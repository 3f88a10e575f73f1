#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lmgate::http2 {

// Gathers the header fields of a stream and writes them as the head of the HTTP/1.1 request that
// means the same, so that everything behind it reads one kind of request. Pure.
//
// Refused as malformed (RFC 9113, 8.1.1): whatever could end a line or a value early, upper case,
// fields of a connection, pseudo fields that are unknown, repeated, missing or late, a Host that is
// not the authority. What an HTTP/1.1 head may have wrong as well is left to its reader.
class RequestHead {
 public:
  // A head that becomes longer than `bytes_max` is cut behind the field that made it so: its reader
  // has the same limit and says so to the client.
  explicit RequestHead(size_t bytes_max) : bytes_max_(bytes_max) {}

  // False = malformed.
  bool Add(std::string_view name, std::string_view value);

  struct Text {
    std::string head;
    bool is_head = false;  // the method HEAD: the answer has no body
    bool chunked = false;  // the body is to be sent in chunks: its length is not known
    bool cut = false;      // not whole: no body may follow
  };
  // Call once. `ends`: no body follows. nullopt = malformed.
  std::optional<Text> Finish(bool ends);

 private:
  bool AddPseudo(std::string_view name, std::string_view value);
  size_t bytes() const;

  const size_t bytes_max_;
  std::optional<std::string> method_;
  std::optional<std::string> scheme_;
  std::optional<std::string> authority_;
  std::optional<std::string> path_;
  std::optional<std::string> host_;
  std::string lines_;
  std::string cookies_;  // RFC 9113, 8.2.3: one field, where the client may send many
  bool pseudo_over_ = false;
  bool has_length_ = false;
  bool length_is_zero_ = false;
};

}  // namespace lmgate::http2

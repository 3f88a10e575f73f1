#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lmgate::repo {

// C++ text of the same length in which comments and the insides of string and character literals
// are blanks; line ends stay. Includes keep their file names.
std::string CodeOnly(std::string_view cpp_text);

struct Include {
  std::string path;
  bool is_quoted = false;  // "ours" rather than <theirs>
  size_t position = 0;
};
std::vector<Include> FindIncludes(std::string_view cpp_text);

// Where `word` stands with no byte of an identifier before or after it.
std::vector<size_t> FindWord(std::string_view text, std::string_view word);

bool IsIdentifierByte(char c);

}  // namespace lmgate::repo

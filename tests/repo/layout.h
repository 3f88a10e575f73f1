#pragma once

#include <string>

#include "tests/repo/source_tree.h"

namespace lmgate::repo {

// No tabs or blanks at line ends in source and text files; #pragma once in each header; at most
// 100 columns in C++. Golden files, fuzz seeds and licences are what they are.
Complaints CheckLayout(const SourceTree& tree);

// The longest C++ files with their lines, one a line: a question to the reader, not a fault.
std::string LongestFiles(const SourceTree& tree, size_t count);

}  // namespace lmgate::repo

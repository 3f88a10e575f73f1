#include "dataplane/dialect/sse_reader.h"

namespace lmgate::dialect {

bool SseReader::Next(std::string_view* bytes, Event* event) {
  while (!bytes->empty() && !broken_) {
    if (after_cr_) {
      after_cr_ = false;
      if (bytes->front() == '\n') {
        bytes->remove_prefix(1);
        continue;
      }
    }
    const size_t end = bytes->find_first_of("\r\n");
    if (line_.size() + data_.size() + (end == bytes->npos ? bytes->size() : end) > kEventBytesMax) {
      broken_ = true;
      return false;
    }
    if (end == std::string_view::npos) {
      line_.append(*bytes);
      *bytes = {};
      return false;
    }
    after_cr_ = (*bytes)[end] == '\r';
    const std::string_view rest = bytes->substr(0, end);
    bytes->remove_prefix(end + 1);
    bool empty = false;
    if (line_.empty()) {
      empty = rest.empty();
      if (!empty) AddLine(rest);
    } else {
      line_.append(rest);
      AddLine(line_);
      line_.clear();
    }
    if (empty && TakeEvent(event)) return true;
  }
  return false;
}

bool SseReader::Finish(Event* event) {
  if (broken_) return false;
  if (!line_.empty()) AddLine(line_);
  line_.clear();
  return TakeEvent(event);
}

void SseReader::AddLine(std::string_view line) {
  constexpr std::string_view kBom = "\xef\xbb\xbf";
  if (first_line_ && line.starts_with(kBom)) line.remove_prefix(kBom.size());
  first_line_ = false;
  const size_t colon = line.find(':');
  if (colon == 0) return;  // a comment
  const std::string_view name = line.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "event") {
    type_.assign(value);
  } else if (name == "data") {
    if (has_data_) data_.push_back('\n');
    data_.append(value);
    has_data_ = true;
  }
}

// An event without data is none: its type is forgotten.
bool SseReader::TakeEvent(Event* event) {
  first_line_ = false;
  const bool complete = has_data_;
  taken_type_.swap(type_);
  taken_data_.swap(data_);
  type_.clear();
  data_.clear();
  has_data_ = false;
  *event = {.type = taken_type_, .data = taken_data_};
  return complete;
}

void AppendSseEvent(std::string_view type, std::string_view data, std::string* out) {
  if (!type.empty()) out->append("event: ").append(type).append("\n");
  out->append("data: ").append(data).append("\n\n");
}

}  // namespace lmgate::dialect

#include "dataplane/gateway/access_line.h"

#include <absl/time/time.h>

#include <algorithm>
#include <string>

#include "dataplane/http1/request_scan.h"

namespace lmgate::gateway {
namespace {

// `name`: `,"name":"`, with the quote that opens the value. For values that never need an escape.
template <size_t N>
void AppendPlain(TextBuffer* out, const char (&name)[N], std::string_view value) {
  if (value.empty()) return;
  out->Append(name);
  out->Append(value);
  out->Append("\"");
}

template <size_t N>
void AppendText(TextBuffer* out, const char (&name)[N], std::string_view value) {
  if (value.empty()) return;
  out->Append(name);
  if (http1::IsPlainJsonText(value)) {
    out->Append(value);
    out->Append("\"");
    return;
  }
  std::string escaped;
  http1::AppendJsonString(&escaped, value);
  out->Append(std::string_view(escaped).substr(1));
}

// `name`: `,"name":`.
template <size_t N, typename Number>
void AppendNumber(TextBuffer* out, const char (&name)[N], Number value) {
  out->Append(name);
  out->AppendNumber(value);
}

}  // namespace

// Formatting a date costs more than all the rest of a line, and most lines share their second.
void AccessLineWriter::AppendTime(int64_t time_us) {
  const int64_t second = time_us / 1'000'000;
  if (second != second_) {
    const std::string text =
        absl::FormatTime("%E4Y-%m-%dT%H:%M:%S", absl::FromUnixSeconds(second), absl::UTCTimeZone());
    std::copy_n(text.begin(), std::min(text.size(), second_text_.size()), second_text_.begin());
    second_ = second;
  }
  const auto millisecond = static_cast<int>(time_us / 1000 % 1000);
  const char digits[] = {static_cast<char>('0' + millisecond / 100),
                         static_cast<char>('0' + millisecond / 10 % 10),
                         static_cast<char>('0' + millisecond % 10)};
  line_.Append("{\"time\":\"");
  line_.Append(std::string_view(second_text_.data(), second_text_.size()));
  line_.Append(".");
  line_.Append(std::string_view(digits, sizeof(digits)));
  line_.Append("Z\"");
}

std::string_view AccessLineWriter::Write(const AccessRecord& record) {
  TextBuffer* const out = &line_;
  line_.Clear();
  AppendTime(record.time_us);
  AppendPlain(out, ",\"request_id\":\"", record.request_id);
  AppendPlain(out, ",\"method\":\"", record.method);
  AppendText(out, ",\"path\":\"", record.path);
  AppendNumber(out, ",\"status\":", record.status);
  AppendPlain(out, ",\"code\":\"", contract::ErrorCodeName(record.code));
  AppendPlain(out, ",\"key\":\"", record.key);
  AppendText(out, ",\"group\":\"", record.group);
  AppendText(out, ",\"model\":\"", record.model);
  AppendText(out, ",\"route\":\"", record.route);
  AppendText(out, ",\"connection\":\"", record.connection);
  AppendText(out, ",\"upstream_model\":\"", record.upstream_model);
  if (record.upstream_status != 0) {
    AppendNumber(out, ",\"upstream_status\":", record.upstream_status);
  }
  AppendNumber(out, ",\"attempts\":", record.attempts);
  line_.Append(",\"stream\":");
  line_.Append(record.stream ? std::string_view("true") : std::string_view("false"));
  AppendNumber(out, ",\"request_bytes\":", record.request_bytes);
  AppendNumber(out, ",\"response_bytes\":", record.response_bytes);
  AppendNumber(out, ",\"duration_us\":", record.duration_us);
  if (record.first_byte_us >= 0) AppendNumber(out, ",\"first_byte_us\":", record.first_byte_us);
  if (record.usage.known) {
    AppendNumber(out, ",\"prompt_tokens\":", record.usage.prompt_tokens);
    AppendNumber(out, ",\"completion_tokens\":", record.usage.completion_tokens);
    AppendNumber(out, ",\"total_tokens\":", record.usage.total_tokens);
    AppendNumber(out, ",\"cached_tokens\":", record.usage.cached_tokens);
    AppendNumber(out, ",\"reasoning_tokens\":", record.usage.reasoning_tokens);
  }
  AppendNumber(out, ",\"revision\":", record.revision);
  line_.Append("}\n");
  return line_.view();
}

}  // namespace lmgate::gateway

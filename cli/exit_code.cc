#include "cli/exit_code.h"

#include <absl/strings/cord.h>
#include <absl/strings/match.h>

#include "cli/json_text.h"
#include "common/base/error_detail.h"
#include "common/base/strings.h"

namespace lmgate::cli {
namespace {

// Marks statuses that no server sent.
constexpr char kLocalUrl[] = "lmgate.lmctl/local";

}  // namespace

absl::Status LocalError(absl::StatusCode code, std::string_view message, std::string_view hint) {
  absl::Status status(code, ToAbsl(message));
  if (!hint.empty()) {
    status = WithFieldHint(std::move(status), FieldHint{.field = "", .hint = std::string(hint)});
  }
  status.SetPayload(kLocalUrl, absl::Cord("1"));
  return status;
}

absl::Status UsageError(std::string_view message, std::string_view hint) {
  return LocalError(absl::StatusCode::kInvalidArgument, message, hint);
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return ExitCode::kOk;
  if (status.code() == absl::StatusCode::kUnauthenticated) return ExitCode::kAuth;
  if (status.GetPayload(kLocalUrl).has_value()) return ExitCode::kUsage;
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kPermissionDenied:
      return ExitCode::kAuth;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
      return ExitCode::kConflict;
    default:
      return ExitCode::kServer;
  }
}

std::string ExitCodesHelp() {
  return "Exit codes of lmctl\n"
         "\n"
         "  0  done\n"
         "  1  wrong command line, unreadable local file, or a question not answered with yes\n"
         "  2  the server refused, failed or cannot be reached\n"
         "  3  no such resource\n"
         "  4  admin token missing, unreadable, wrong or not allowed\n"
         "  5  conflict: another revision than --if-revision says, or the name is taken\n"
         "  6  stored, but not every replica serves it yet (wait timed out, or one refused it)\n"
         "\n"
         "  lmctl diff         0 = no difference, 1 = differs, 2 and more = error (1 becomes 2)\n"
         "  lmctl routes test  0 = routed, 3 = no route matches, 4 = not allowed, 2 = otherwise "
         "not\n";
}

std::string ErrorText(const absl::Status& status, bool as_json) {
  const FieldHint detail = GetFieldHint(status).value_or(FieldHint{});
  const std::string_view message = ToStd(status.message());
  if (as_json) {
    return StrCat("{\"error\":{\"code\":", JsonQuote(absl::StatusCodeToString(status.code())),
                  ",\"message\":", JsonQuote(message), ",\"field\":", JsonQuote(detail.field),
                  ",\"hint\":", JsonQuote(detail.hint), "}}\n");
  }
  std::string text = StrCat("error: ", message.empty() ? "no reason given" : message, "\n");
  // Some messages say it already.
  const bool is_said = absl::StrContains(ToAbsl(message), detail.hint);
  if (!detail.hint.empty() && !is_said) StrAppend(&text, "hint: ", detail.hint, "\n");
  return text;
}

}  // namespace lmgate::cli

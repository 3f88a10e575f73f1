#include "common/contract/route_check.h"

#include <absl/container/flat_hash_set.h>
#include <absl/strings/ascii.h>
#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <array>

#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/config_check.h"
#include "common/contract/field_error.h"
#include "common/contract/header_rule.h"
#include "common/contract/model_pattern.h"
#include "common/contract/provider_preset.h"
#include "common/contract/text_limit.h"

namespace lmgate::contract {
namespace {

constexpr std::array<std::string_view, 5> kStrategies = {"first", "fallback", "random", "weighted",
                                                         "round-robin"};
constexpr std::array<std::string_view, 2> kLaterStrategies = {"least-busy", "lowest-latency"};

bool Contains(const auto& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

absl::Status CheckRouteName(std::string_view name) {
  constexpr size_t kCharactersMax = 128;
  // UTF-8: each character has one byte that is no continuation byte.
  const auto characters = std::count_if(name.begin(), name.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  if (name.empty() || static_cast<size_t>(characters) > kCharactersMax ||
      HasControlCharacter(name) || name.find(' ') != std::string_view::npos) {
    return FieldError("name", StrCat(Quoted(name),
                                     " is not a route name: 1 to 128 printable characters without "
                                     "white space"));
  }
  return absl::OkStatus();
}

// A prefix under which the gateway's own paths would disappear is refused, and so is one that a
// client or a proxy would normalise away.
absl::Status CheckPathPrefix(std::string_view prefix) {
  if (prefix.empty()) return absl::OkStatus();
  static constexpr std::string_view kMarks = "/-._~";
  const bool plain = std::all_of(prefix.begin(), prefix.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           kMarks.find(c) != std::string_view::npos;
  });
  const std::string framed = StrCat(prefix, "/");
  const auto has = [&framed](std::string_view part) {
    return framed.find(part) != std::string::npos;
  };
  if (!plain || prefix[0] != '/' || has("//") || has("/./") || has("/../")) {
    return FieldError("path_prefix", StrCat(Quoted(prefix),
                                            " is not a path as /team-a: segments of letters, "
                                            "digits and -._~, no slash at the end"));
  }
  constexpr std::array<std::string_view, 5> kOwnPaths = {"/v1/", "/v1beta/", "/model/", "/healthz/",
                                                         "/readyz/"};
  for (const std::string_view path : kOwnPaths) {
    if (framed.starts_with(path)) {
      return FieldError("path_prefix",
                        StrCat(Quoted(prefix), " would hide the gateway's own paths"));
    }
  }
  return absl::OkStatus();
}

// A condition on a credential would put a secret where exports and listings show it.
absl::Status CheckHeaderConditions(const v1::Route& route) {
  LMGATE_RETURN_IF_ERROR(CheckMapLimits("headers", route.headers()));
  absl::flat_hash_set<std::string> seen;
  for (const auto& [name, value] : route.headers()) {
    const std::string field = MapField("headers", name);
    if (!IsHeaderName(name)) return FieldError(field, "is not the name of a header");
    if (!IsHeaderValue(value)) return FieldError(field, "has a value that no header can have");
    if (IsCredentialHeader(name)) {
      return FieldError(field, "carries credentials: a route cannot match on it",
                        "match on group instead");
    }
    if (!seen.insert(absl::AsciiStrToLower(name)).second) {
      return FieldError(field, "is given twice: header names have no case");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTargets(const v1::Route& route, const NameSet& connections) {
  constexpr uint32_t kWeightMax = 1'000'000;
  if (route.to().empty()) return FieldError("to", "is empty: a route needs a target");
  for (int i = 0; i < route.to_size(); ++i) {
    const v1::Target& target = route.to(i);
    const std::string field = StrCat("to[", i, "]");
    LMGATE_RETURN_IF_ERROR(
        connections.CheckReference(StrCat(field, ".connection"), target.connection()));
    if (target.weight() > kWeightMax) {
      return FieldError(StrCat(field, ".weight"), StrCat("is more than ", kWeightMax));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckStrategy(std::string_view strategy) {
  if (strategy.empty() || Contains(kStrategies, strategy)) return absl::OkStatus();
  constexpr std::string_view kKnown = "one of first, fallback, random, weighted, round-robin";
  if (Contains(kLaterStrategies, strategy)) {
    return FieldError("strategy", StrCat("strategy \"", strategy, "\" is not supported yet"),
                      std::string(kKnown));
  }
  std::string hint = DidYouMean(NearestWord(strategy, kStrategies));
  if (hint.empty()) hint = kKnown;
  return FieldError("strategy", StrCat("strategy ", Quoted(strategy), " does not exist"),
                    std::move(hint));
}

absl::Status CheckForwardHeaders(const v1::Route& route) {
  for (int i = 0; i < route.forward_headers_size(); ++i) {
    const std::string& name = route.forward_headers(i);
    const std::string field = StrCat("forward_headers[", i, "]");
    if (!IsHeaderName(name)) {
      return FieldError(field, StrCat(Quoted(name), " is not the name of a header"));
    }
    if (IsFramingHeader(name)) {
      return FieldError(field, StrCat(Quoted(name), " is a header that only the gateway may set"));
    }
    if (IsCredentialHeader(name)) {
      return FieldError(field, StrCat(Quoted(name), " carries credentials and is never forwarded"),
                        "auth: passthrough on the connection sends it the client's credential");
    }
  }
  return absl::OkStatus();
}

// A prompt may have lines and tabs; nothing else that no text has.
absl::Status CheckPrompt(std::string_view field, std::string_view text) {
  if (text.size() > kPromptBytesMax) {
    return FieldError(field, StrCat("is longer than ", kPromptBytesMax, " bytes"));
  }
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\n' || c == '\t' || c == '\r' || !HasControlCharacter({&c, 1});
  });
  if (!plain) return FieldError(field, "contains a control character");
  return absl::OkStatus();
}

absl::Status CheckSystemEdits(const v1::SystemEdits& edits) {
  if (edits.replace_size() > kReplacementsMax) {
    return FieldError("system.replace", StrCat("has more than ", kReplacementsMax, " entries"));
  }
  for (int i = 0; i < edits.replace_size(); ++i) {
    const std::string field = StrCat("system.replace[", i, "]");
    const v1::SystemReplacement& replacement = edits.replace(i);
    if (replacement.from().empty()) {
      return FieldError(StrCat(field, ".from"), "is empty: name the text to replace");
    }
    LMGATE_RETURN_IF_ERROR(CheckPrompt(StrCat(field, ".from"), replacement.from()));
    LMGATE_RETURN_IF_ERROR(CheckPrompt(StrCat(field, ".to"), replacement.to()));
  }
  return CheckPrompt("system.append", edits.append());
}

// Depth bounds the recursion here and in whoever turns it into JSON.
absl::Status CheckDepth(const google::protobuf::Struct& value, int depth_left);

absl::Status CheckDepth(const google::protobuf::Value& value, int depth_left) {
  if (depth_left < 0) return FieldError("model_info", "is nested too deeply");
  if (value.has_struct_value()) return CheckDepth(value.struct_value(), depth_left);
  if (!value.has_list_value()) return absl::OkStatus();
  for (const google::protobuf::Value& entry : value.list_value().values()) {
    LMGATE_RETURN_IF_ERROR(CheckDepth(entry, depth_left - 1));
  }
  return absl::OkStatus();
}

absl::Status CheckDepth(const google::protobuf::Struct& value, int depth_left) {
  for (const auto& [key, entry] : value.fields()) {
    LMGATE_RETURN_IF_ERROR(CheckDepth(entry, depth_left - 1));
  }
  return absl::OkStatus();
}

absl::Status CheckModelInfo(const google::protobuf::Struct& info) {
  constexpr int kDepthMax = 16;
  if (info.ByteSizeLong() > kModelInfoBytesMax) {
    return FieldError("model_info", StrCat("is larger than ", kModelInfoBytesMax, " bytes"));
  }
  return CheckDepth(info, kDepthMax);
}

}  // namespace

absl::Status CheckRoute(const v1::Route& route, const NameSet& connections, const NameSet& groups) {
  LMGATE_RETURN_IF_ERROR(CheckRouteName(route.name()));
  LMGATE_RETURN_IF_ERROR(CheckTextLimits(route));
  if (route.model().empty()) return FieldError("model", "is empty: a route needs a model pattern");
  LMGATE_RETURN_IF_ERROR(CheckPatterns("model", route.model()));
  LMGATE_RETURN_IF_ERROR(CheckPathPrefix(route.path_prefix()));
  if (!route.dialect().empty()) LMGATE_RETURN_IF_ERROR(CheckDialect("dialect", route.dialect()));
  if (!route.group().empty()) {
    LMGATE_RETURN_IF_ERROR(groups.CheckReference("group", route.group()));
  }
  LMGATE_RETURN_IF_ERROR(CheckHeaderConditions(route));
  LMGATE_RETURN_IF_ERROR(CheckTargets(route, connections));
  LMGATE_RETURN_IF_ERROR(CheckStrategy(route.strategy()));
  LMGATE_RETURN_IF_ERROR(CheckForwardHeaders(route));
  LMGATE_RETURN_IF_ERROR(CheckSystemEdits(route.system()));
  return CheckModelInfo(route.model_info());
}

absl::Status CheckPatterns(std::string_view field,
                           const google::protobuf::RepeatedPtrField<std::string>& patterns) {
  for (int i = 0; i < patterns.size(); ++i) {
    const auto pattern = ModelPattern::Create(patterns[i]);
    if (!pattern.ok()) {
      return FieldError(StrCat(field, "[", i, "]"), ToStd(pattern.status().message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace lmgate::contract

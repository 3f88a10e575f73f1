#pragma once

#include <absl/status/status.h>
#include <gmock/gmock.h>

#include <string>

#include "common/base/error_detail.h"

namespace lmgate::testing {

// EXPECT_THAT(status, Refuses("routes[\"a\"].to[0].connection", HasSubstr("openai")));
// InvalidArgument with exactly this field, which the message begins with, and a hint that matches.
MATCHER_P2(Refuses, field, hint_matcher, "") {
  *result_listener << "with status " << arg.ToString();
  const auto detail = GetFieldHint(arg);
  if (arg.code() != absl::StatusCode::kInvalidArgument || !detail.has_value()) return false;
  *result_listener << " field " << detail->field << " hint " << detail->hint;
  return detail->field == field && ::testing::Matches(hint_matcher)(detail->hint) &&
         std::string(arg.message()).starts_with(field);
}

// EXPECT_THAT(status, Refuses("base_url"));
MATCHER_P(Refuses, field, "") {
  return ::testing::ExplainMatchResult(Refuses(std::string(field), ::testing::_), arg,
                                       result_listener);
}

}  // namespace lmgate::testing

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <utility>

// The one error idiom: return early with the Status of an expression. The CO twins are for
// coroutines (co_return); their expression must already be awaited: "name it, then await it".

#define LMGATE_RETURN_IF_ERROR(expr)                                             \
  do {                                                                           \
    if (absl::Status lmgate_status = (expr); !lmgate_status.ok()) [[unlikely]] { \
      return lmgate_status;                                                      \
    }                                                                            \
  } while (false)

#define LMGATE_CO_RETURN_IF_ERROR(expr)                                          \
  do {                                                                           \
    if (absl::Status lmgate_status = (expr); !lmgate_status.ok()) [[unlikely]] { \
      co_return lmgate_status;                                                   \
    }                                                                            \
  } while (false)

#define LMGATE_MACRO_CONCAT_INNER(a, b) a##b
#define LMGATE_MACRO_CONCAT(a, b) LMGATE_MACRO_CONCAT_INNER(a, b)

#define LMGATE_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                 \
  if (!tmp.ok()) [[unlikely]] {                      \
    return std::move(tmp).status();                  \
  }                                                  \
  lhs = *std::move(tmp)

// LMGATE_ASSIGN_OR_RETURN(auto config, ParseConfig(text));
#define LMGATE_ASSIGN_OR_RETURN(lhs, expr) \
  LMGATE_ASSIGN_OR_RETURN_IMPL(LMGATE_MACRO_CONCAT(lmgate_or_, __LINE__), lhs, expr)

#define LMGATE_CO_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                    \
  if (!tmp.ok()) [[unlikely]] {                         \
    co_return std::move(tmp).status();                  \
  }                                                     \
  lhs = *std::move(tmp)

#define LMGATE_CO_ASSIGN_OR_RETURN(lhs, expr) \
  LMGATE_CO_ASSIGN_OR_RETURN_IMPL(LMGATE_MACRO_CONCAT(lmgate_or_, __LINE__), lhs, expr)

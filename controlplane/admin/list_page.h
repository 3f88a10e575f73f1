#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/contract/model_pattern.h"
#include "controlplane/storage/resource_index.h"

namespace lmgate::admin {

inline constexpr uint32_t kPageSizeDefault = 100;
inline constexpr uint32_t kPageSizeMax = 1000;

// 0 = the default; larger than the maximum = the maximum.
int PageSize(uint32_t page_size);

// The number in a page token of ours; nullopt for the empty token. InvalidArgument for any other.
absl::StatusOr<std::optional<int64_t>> ParseNumberToken(std::string_view page_token);

// What every list call asks for.
struct ListQuery {
  std::string_view filter;  // pattern on the name; empty = all
  uint32_t page_size = 0;
  std::string_view page_token;
};

struct ListPage {
  std::vector<storage::ResourceIndex::ResourcePtr> resources;
  std::string next_page_token;  // empty = that was all
};

// One page in the order of names. `wanted` may leave out more than the filter does.
absl::StatusOr<ListPage> ListByName(const storage::ResourceIndex::ByName& resources,
                                    const ListQuery& query,
                                    absl::FunctionRef<bool(const v1::Resource&)> wanted);
// One page of the routes in their order.
absl::StatusOr<ListPage> ListRoutesByOrder(const storage::ResourceIndex& index,
                                           const ListQuery& query);

}  // namespace lmgate::admin

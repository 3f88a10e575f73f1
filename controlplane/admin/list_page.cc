#include "controlplane/admin/list_page.h"

#include <absl/strings/escaping.h>
#include <absl/strings/numbers.h>

#include <algorithm>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/field_error.h"
#include "common/contract/resource.h"

namespace lmgate::admin {
namespace {

absl::Status BadToken() {
  return contract::FieldError("page_token", "is not one that this call gave out");
}

absl::StatusOr<contract::ModelPattern> ParseFilter(std::string_view filter) {
  auto pattern = contract::ModelPattern::Create(filter.empty() ? "*" : filter);
  if (!pattern.ok()) return contract::InParent("filter", pattern.status());
  return pattern;
}

const std::string& ShownName(const v1::Resource& resource) {
  return resource.has_key() ? resource.key().name() : contract::NameOf(resource);
}

// One page of [begin, end); `token_of` gives the token after which the next page begins.
template <typename Iterator, typename Wanted, typename TokenOf>
ListPage ReadPage(Iterator begin, Iterator end, int size, const Wanted& wanted,
                  const TokenOf& token_of) {
  ListPage page;
  Iterator last = begin;
  for (Iterator at = begin; at != end; ++at) {
    if (!wanted(*at->second)) continue;
    if (static_cast<int>(page.resources.size()) == size) {
      page.next_page_token = token_of(last->first);
      break;
    }
    page.resources.push_back(at->second);
    last = at;
  }
  return page;
}

}  // namespace

int PageSize(uint32_t page_size) {
  return static_cast<int>(std::min(page_size == 0 ? kPageSizeDefault : page_size, kPageSizeMax));
}

absl::StatusOr<std::optional<int64_t>> ParseNumberToken(std::string_view page_token) {
  if (page_token.empty()) return std::nullopt;
  int64_t number = 0;
  if (!absl::SimpleAtoi(ToAbsl(page_token), &number)) return BadToken();
  return number;
}

absl::StatusOr<ListPage> ListByName(const storage::ResourceIndex::ByName& resources,
                                    const ListQuery& query,
                                    absl::FunctionRef<bool(const v1::Resource&)> wanted) {
  LMGATE_ASSIGN_OR_RETURN(const contract::ModelPattern pattern, ParseFilter(query.filter));
  std::string after;
  if (!query.page_token.empty() && !absl::WebSafeBase64Unescape(ToAbsl(query.page_token), &after)) {
    return BadToken();
  }
  const auto begin = after.empty() ? resources.begin() : resources.upper_bound(after);
  return ReadPage(
      begin, resources.end(), PageSize(query.page_size),
      [&](const v1::Resource& resource) {
        return pattern.Matches(ShownName(resource)) && wanted(resource);
      },
      [](const std::string& name) { return absl::WebSafeBase64Escape(name); });
}

absl::StatusOr<ListPage> ListRoutesByOrder(const storage::ResourceIndex& index,
                                           const ListQuery& query) {
  LMGATE_ASSIGN_OR_RETURN(const contract::ModelPattern pattern, ParseFilter(query.filter));
  LMGATE_ASSIGN_OR_RETURN(const auto after, ParseNumberToken(query.page_token));
  const auto& routes = index.routes_by_order();
  const auto begin = after.has_value() ? routes.upper_bound(*after) : routes.begin();
  return ReadPage(
      begin, routes.end(), PageSize(query.page_size),
      [&](const v1::Resource& route) { return pattern.Matches(ShownName(route)); },
      [](int64_t order) { return StrCat(order); });
}

}  // namespace lmgate::admin

// FindConfigWarnings of config_check.h: what is lawful but suspicious.
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/strings/ascii.h>

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/strings.h"
#include "common/contract/base_url.h"
#include "common/contract/config_check.h"
#include "common/contract/field_error.h"
#include "common/contract/model_pattern.h"
#include "common/contract/provider_preset.h"

namespace lmgate::contract {
namespace {

// Warnings are advice: a configuration that is too large to compare each pair of routes gets less
// of it, not a slower commit.
constexpr int kComparisonsMax = 2'000'000;
constexpr size_t kWarningsMax = 100;

struct ComparedRoute {
  const v1::Route* route;
  std::vector<ModelPattern> patterns;
  std::map<std::string, std::string> headers;  // names in lower case
};

std::vector<ComparedRoute> InOrder(const v1::ConfigSet& config) {
  std::vector<ComparedRoute> routes;
  for (const v1::Route& route : config.routes()) {
    ComparedRoute compared{.route = &route, .patterns = {}, .headers = {}};
    for (const std::string& text : route.model()) {
      // One that does not compile is refused by CheckConfig, and hides nothing.
      if (auto pattern = ModelPattern::Create(text); pattern.ok()) {
        compared.patterns.push_back(*std::move(pattern));
      }
    }
    for (const auto& [name, value] : route.headers()) {
      compared.headers.emplace(absl::AsciiStrToLower(name), value);
    }
    routes.push_back(std::move(compared));
  }
  std::stable_sort(routes.begin(), routes.end(), [](const auto& a, const auto& b) {
    return a.route->order() < b.route->order();
  });
  return routes;
}

// `wide` matches whatever `narrow` does. False also when that is too hard to tell.
bool Covers(const ModelPattern& wide, const ModelPattern& narrow) {
  if (wide.is_any() || wide.text() == narrow.text()) return true;
  if (narrow.is_exact()) return wide.Matches(narrow.text());
  // "gpt-*" over "gpt-4*": all that begins so, whatever follows.
  const std::string_view text = wide.text();
  if (text.starts_with("re:") || !text.ends_with('*')) return false;
  const std::string_view prefix = text.substr(0, text.size() - 1);
  return prefix.find_first_of("*?[") == std::string_view::npos &&
         std::string_view(narrow.text()).starts_with(prefix);
}

bool ConditionCovers(std::string_view wide, std::string_view narrow) {
  return wide.empty() || wide == narrow;
}

bool Hides(const ComparedRoute& earlier, const ComparedRoute& later) {
  if (earlier.route->path_prefix() != later.route->path_prefix() ||
      !ConditionCovers(earlier.route->dialect(), later.route->dialect()) ||
      !ConditionCovers(earlier.route->group(), later.route->group())) {
    return false;
  }
  for (const auto& [name, value] : earlier.headers) {
    const auto found = later.headers.find(name);
    if (found == later.headers.end() || found->second != value) return false;
  }
  return std::all_of(later.patterns.begin(), later.patterns.end(), [&](const auto& narrow) {
    return std::any_of(earlier.patterns.begin(), earlier.patterns.end(),
                       [&narrow](const auto& wide) { return Covers(wide, narrow); });
  });
}

void WarnOfHiddenRoutes(const v1::ConfigSet& config, std::vector<std::string>* warnings) {
  const std::vector<ComparedRoute> routes = InOrder(config);
  size_t comparisons = 0;
  for (size_t later = 0; later < routes.size(); ++later) {
    for (size_t earlier = 0; earlier < later; ++earlier) {
      comparisons += routes[earlier].patterns.size() * routes[later].patterns.size();
      if (comparisons > kComparisonsMax || warnings->size() >= kWarningsMax) return;
      if (!Hides(routes[earlier], routes[later])) continue;
      warnings->push_back(StrCat("route ", Quoted(routes[later].route->name()),
                                 " can never match: route ", Quoted(routes[earlier].route->name()),
                                 " before it matches all that it would"));
      break;
    }
  }
}

void WarnOfEmptyGroups(const v1::ConfigSet& config, std::vector<std::string>* warnings) {
  for (const v1::Group& group : config.groups()) {
    if (!group.connections().empty()) continue;
    warnings->push_back(StrCat("group ", Quoted(group.name()),
                               " grants nothing: it names no connections (\"*\" = all)"));
  }
}

// What the groups that a route is for may use.
struct Grants {
  bool all = false;
  absl::flat_hash_set<std::string> connections;

  void Add(const v1::Group& group) {
    for (const std::string& name : group.connections()) {
      all = all || name == "*";
      connections.insert(name);
    }
  }
  bool AllowOneOf(const v1::Route& route) const {
    return all || std::any_of(route.to().begin(), route.to().end(), [this](const auto& target) {
             return connections.contains(target.connection());
           });
  }
};

void WarnOfUngrantedRoutes(const v1::ConfigSet& config, std::vector<std::string>* warnings) {
  Grants any_group;
  absl::flat_hash_map<std::string, Grants> by_group;
  for (const v1::Group& group : config.groups()) {
    any_group.Add(group);
    by_group[group.name()].Add(group);
  }
  for (const v1::Route& route : config.routes()) {
    const Grants& grants = route.group().empty() ? any_group : by_group[route.group()];
    if (grants.AllowOneOf(route)) continue;
    warnings->push_back(StrCat("route ", Quoted(route.name()), " can never be used: ",
                               route.group().empty()
                                   ? std::string("no group grants")
                                   : StrCat("group ", Quoted(route.group()), " does not grant"),
                               " any of its connections"));
  }
}

void WarnOfTls(const v1::ConfigSet& config, std::vector<std::string>* warnings) {
  for (const v1::Connection& connection : config.connections()) {
    if (connection.tls().insecure_skip_verify()) {
      warnings->push_back(StrCat("connection ", Quoted(connection.name()),
                                 " accepts any TLS certificate: anybody on the way can read its "
                                 "credential"));
    }
    if (!connection.has_tls()) continue;
    const auto effective = ResolveConnection(connection);
    if (effective.ok() && effective->base_url.scheme != BaseUrl::Scheme::kHttps) {
      warnings->push_back(StrCat("connection ", Quoted(connection.name()),
                                 " has tls options, but its base_url is not https: they do "
                                 "nothing"));
    }
  }
}

}  // namespace

std::vector<std::string> FindConfigWarnings(const v1::ConfigSet& config) {
  std::vector<std::string> warnings;
  WarnOfTls(config, &warnings);
  WarnOfEmptyGroups(config, &warnings);
  WarnOfUngrantedRoutes(config, &warnings);
  WarnOfHiddenRoutes(config, &warnings);
  if (warnings.size() > kWarningsMax) {
    const size_t more = warnings.size() - kWarningsMax;
    warnings.resize(kWarningsMax);
    warnings.push_back(StrCat("and ", more, " more"));
  }
  return warnings;
}

}  // namespace lmgate::contract

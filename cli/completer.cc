#include "cli/completer.h"

#include <absl/strings/match.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "cli/endpoint.h"
#include "cli/session.h"
#include "common/base/strings.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::cli {
namespace {

// A person waits at the keyboard.
constexpr char kTimeout[] = "1s";
constexpr uint32_t kNamesMax = 1000;

bool IsFlag(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

const Parameter* FindFlag(const Command& command, std::string_view flag) {
  for (const Command* node = &command; node != nullptr; node = node->parent()) {
    for (const Parameter& parameter : node->parameters()) {
      if (std::find(parameter.flags.begin(), parameter.flags.end(), flag) !=
          parameter.flags.end()) {
        return &parameter;
      }
    }
  }
  return nullptr;
}

// The n-th argument of the command; the last one stands for all that follow when it is repeatable.
const Parameter* FindArgument(const Command& command, size_t index) {
  const Parameter* last = nullptr;
  for (const Parameter& parameter : command.parameters()) {
    if (!parameter.flags.empty()) continue;
    last = &parameter;
    if (index == 0) return last;
    --index;
  }
  return last != nullptr && last->repeatable ? last : nullptr;
}

void KeepFlag(const Parameter& parameter, const std::string& value, GlobalFlags* flags) {
  const std::string& flag = parameter.flags.back();
  if (flag == "--server") flags->server = value;
  if (flag == "--token-file") flags->token_file = value;
  if (flag == "--ca") flags->ca = value;
  if (flag == "--client-cert") flags->client_cert = value;
  if (flag == "--client-key") flags->client_key = value;
  if (flag == "--context") flags->context = value;
}

void AddWords(const Value& value, Completion* completion) {
  completion->source = value.source;
  for (const std::string_view word : value.words) completion->candidates.emplace_back(word);
}

void AddFlags(const Command& command, Completion* completion) {
  for (const Command* node = &command; node != nullptr; node = node->parent()) {
    for (const Parameter& parameter : node->parameters()) {
      if (!parameter.flags.empty()) completion->candidates.push_back(parameter.flags.back());
    }
  }
  completion->candidates.emplace_back("--help");
}

void AddCommands(const Command& command, Completion* completion) {
  for (const auto& child : command.children()) {
    if (!child->hidden()) completion->candidates.push_back(child->name());
  }
}

template <typename Stub, typename Request, typename Reply, typename Items>
std::vector<std::string> Names(Session& session,
                               grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                            Reply*),
                               const Items& items) {
  Request request;
  request.set_page_size(kNamesMax);
  const absl::StatusOr<Reply> reply = session.Call("list names", method, request);
  std::vector<std::string> names;
  if (!reply.ok()) return names;
  for (const auto& item : items(*reply)) names.push_back(item.name());
  return names;
}

std::vector<std::string> ResourceNames(Session& session, Value::Source source) {
  switch (source) {
    case Value::Source::kConnections:
      return Names(session, &v1::ConnectionService::Stub::ListConnections,
                   [](const v1::ListConnectionsReply& reply) { return reply.connections(); });
    case Value::Source::kRoutes:
      return Names(session, &v1::RouteService::Stub::ListRoutes,
                   [](const v1::ListRoutesReply& reply) { return reply.routes(); });
    case Value::Source::kGroups:
      return Names(session, &v1::GroupService::Stub::ListGroups,
                   [](const v1::ListGroupsReply& reply) { return reply.groups(); });
    case Value::Source::kKeys:
      return Names(session, &v1::KeyService::Stub::ListKeys,
                   [](const v1::ListKeysReply& reply) { return reply.keys(); });
    default:
      return {};
  }
}

std::vector<std::string> ContextNames(const Console& console) {
  std::vector<std::string> names;
  const absl::StatusOr<ContextFile> file = LoadContexts(console);
  if (!file.ok()) return names;
  for (const Context& context : file->contexts) names.push_back(context.name);
  return names;
}

void KeepFitting(const std::string& word, std::vector<std::string>* candidates) {
  std::erase_if(*candidates, [&word](const std::string& candidate) {
    return !absl::StartsWith(candidate, word);
  });
}

}  // namespace

Completion CompleteWords(const Command& root, const std::vector<std::string>& words) {
  Completion completion;
  const Command* command = &root;
  const Parameter* awaited = nullptr;  // the flag whose value comes next
  size_t argument = 0;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (awaited != nullptr) {
      KeepFlag(*awaited, word, &completion.flags);
      awaited = nullptr;
    } else if (IsFlag(word)) {
      const size_t equals = word.find('=');
      const Parameter* flag = FindFlag(*command, std::string_view(word).substr(0, equals));
      if (flag == nullptr || flag->value.name.empty()) continue;
      if (equals == std::string::npos) {
        awaited = flag;
      } else {
        KeepFlag(*flag, word.substr(equals + 1), &completion.flags);
      }
    } else if (const Command* child = command->Find(word); child != nullptr) {
      command = child;
    } else {
      ++argument;
    }
  }
  const std::string word = words.empty() ? "" : words.back();
  if (awaited != nullptr) {
    AddWords(awaited->value, &completion);
  } else if (IsFlag(word) || word == "-") {
    AddFlags(*command, &completion);
  } else if (!command->children().empty()) {
    AddCommands(*command, &completion);
  } else if (const Parameter* parameter = FindArgument(*command, argument); parameter != nullptr) {
    AddWords(parameter->value, &completion);
    if (parameter->value.source == Value::Source::kCommands) AddCommands(root, &completion);
  }
  KeepFitting(word, &completion.candidates);
  return completion;
}

std::vector<std::string> FindCandidates(const Command& root, const std::vector<std::string>& words,
                                        Console& console) {
  Completion completion = CompleteWords(root, words);
  std::vector<std::string> names;
  if (completion.source == Value::Source::kContexts) {
    names = ContextNames(console);
  } else if (completion.source != Value::Source::kNone) {
    completion.flags.timeout = kTimeout;
    completion.flags.quiet = true;
    const auto session = Session::Create(completion.flags, root, console);
    if (session.ok()) names = ResourceNames(**session, completion.source);
  }
  KeepFitting(words.empty() ? "" : words.back(), &names);
  completion.candidates.insert(completion.candidates.end(), names.begin(), names.end());
  return completion.candidates;
}

}  // namespace lmgate::cli

#include "dataplane/dialect/response_store.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::dialect {
namespace {

// List and map nodes, and the strings' own.
constexpr size_t kUpkeepBytes = 256;
// Longer ids are nobody's.
constexpr size_t kIdBytesMax = 256;

// Owners have no line breaks in their ids.
std::string KeyOf(std::string_view owner, std::string_view id) { return StrCat(owner, "\n", id); }

// No owner is "call".
std::string CallKeyOf(std::string_view owner, std::string_view id) {
  return KeyOf("call", KeyOf(owner, id));
}

size_t SizeOf(std::string_view key, std::string_view text) {
  return key.size() + text.size() + kUpkeepBytes;
}

bool IsReference(const Json& item) {
  if (!item.is_object()) return false;
  const std::string type = FindString(item, "type");
  // The type may be left out: OpenAI API reference, Responses, item reference.
  const bool bare = Find(item, "type") == nullptr && Find(item, "role") == nullptr;
  return type == "item_reference" || (bare && Find(item, "id") != nullptr);
}

Json MessageOf(std::string_view text) {
  return Json{{"type", "message"}, {"role", "user"}, {"content", text}};
}

// Without a tree: most requests refer to nothing.
bool MayRefer(std::string_view body) {
  return body.find("previous_response_id") != std::string_view::npos ||
         body.find("item_reference") != std::string_view::npos;
}

}  // namespace

absl::StatusOr<std::string> ResponseStore::ResolveState(std::string_view owner,
                                                        std::string_view body, absl::Time now) {
  if (!MayRefer(body)) return std::string(body);
  absl::StatusOr<Json> parsed = ParseObject(body);
  // DecodeRequest says what is wrong.
  if (!parsed.ok()) return std::string(body);
  const Json* const previous = Find(*parsed, "previous_response_id");
  if (previous != nullptr && !previous->is_string()) {
    return BadField("previous_response_id", "must be a string");
  }
  const Json* const input = Find(*parsed, "input");
  const bool is_list = input != nullptr && input->is_array();
  const bool refers = is_list && std::any_of(input->begin(), input->end(), IsReference);
  if (previous == nullptr && !refers) return std::string(body);
  size_t bytes_left =
      options_.request_bytes_max - std::min(options_.request_bytes_max, body.size());
  Json items = Json::array();
  if (previous != nullptr) {
    const std::string id = previous->get<std::string>();
    absl::StatusOr<Json> history = FindJson(KeyOf(owner, id), now, &bytes_left);
    if (absl::IsNotFound(history.status())) {
      return BadField("previous_response_id", StrCat("Previous response with id '",
                                                     id.substr(0, kIdBytesMax), "' not found."));
    }
    if (!history.ok()) return BadField("previous_response_id", ToStd(history.status().message()));
    items = *std::move(history);
  }
  if (is_list) {
    LMGATE_RETURN_IF_ERROR(ResolveItems(owner, *input, now, &bytes_left, &items));
  } else if (input != nullptr && input->is_string()) {
    items.push_back(MessageOf(input->get<std::string>()));
  } else if (input != nullptr) {
    return BadField("input", "must be a string or a list");
  }
  parsed->erase("previous_response_id");
  (*parsed)["input"] = std::move(items);
  return DumpJson(*parsed);
}

absl::Status ResponseStore::ResolveItems(std::string_view owner, const Json& input, absl::Time now,
                                         size_t* bytes_left, Json* items) {
  for (size_t i = 0; i < input.size(); ++i) {
    if (!IsReference(input[i])) {
      items->push_back(input[i]);
      continue;
    }
    const std::string field = StrCat("input[", i, "]");
    const std::string id = FindString(input[i], "id");
    absl::StatusOr<Json> item = FindJson(KeyOf(owner, id), now, bytes_left);
    if (absl::IsNotFound(item.status())) {
      return BadField(field, StrCat("Item with id '", id.substr(0, kIdBytesMax), "' not found."));
    }
    if (!item.ok()) return BadField(field, ToStd(item.status().message()));
    items->push_back(*std::move(item));
  }
  return absl::OkStatus();
}

// NotFound, or InvalidArgument when it is more than `bytes_left`.
absl::StatusOr<Json> ResponseStore::FindJson(const std::string& key, absl::Time now,
                                             size_t* bytes_left) {
  std::string text;
  {
    MutexLock lock(&mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end() || found->second->expires <= now) {
      return absl::NotFoundError("not known");
    }
    const auto entry = found->second;
    if (entry->text.size() > *bytes_left) {
      return absl::InvalidArgumentError(
          StrCat("the request is longer than ", options_.request_bytes_max, " bytes with it"));
    }
    text = entry->text;
    entry->expires = std::max(entry->expires, now + options_.ttl);
    entries_.splice(entries_.end(), entries_, entry);
  }
  *bytes_left -= text.size();
  return ParseJson(text);
}

bool ResponseStore::IsKept(std::string_view request_body) {
  // Without a tree for those that say nothing of it.
  if (request_body.find("\"store\"") == std::string_view::npos) return true;
  const absl::StatusOr<Json> request = ParseObject(request_body);
  return request.ok() && FindBool(*request, "store").value_or(true);
}

void ResponseStore::Remember(std::string_view owner, std::string_view request_body,
                             std::string_view response_json, absl::Time now) {
  const absl::StatusOr<Json> request = ParseObject(request_body);
  const absl::StatusOr<Json> response = ParseObject(response_json);
  if (!request.ok() || !response.ok()) return;
  if (!FindBool(*request, "store").value_or(true)) return;
  const std::string status = FindString(*response, "status");
  if (status != "completed" && status != "incomplete") return;
  const Json* const output = Find(*response, "output");
  if (output == nullptr || !output->is_array()) return;
  Json items = Json::array();
  const Json* const input = Find(*request, "input");
  if (input != nullptr && input->is_array()) {
    items = *input;
  } else if (input != nullptr && input->is_string()) {
    items.push_back(MessageOf(input->get<std::string>()));
  }
  for (const Json& item : *output) {
    items.push_back(item);
    const std::string id = FindString(item, "id");
    if (!id.empty()) Put(KeyOf(owner, id), DumpJson(item), now);
  }
  const std::string id = FindString(*response, "id");
  if (!id.empty()) Put(KeyOf(owner, id), DumpJson(items), now);
}

void ResponseStore::RememberCall(std::string_view owner, std::string_view call_id, const Json& call,
                                 absl::Time now) {
  if (call_id.size() > kIdBytesMax) return;
  Put(CallKeyOf(owner, call_id), DumpJson(call), now);
}

absl::StatusOr<Json> ResponseStore::FindCall(std::string_view owner, std::string_view call_id,
                                             absl::Time now, size_t* bytes_left) {
  if (call_id.size() > kIdBytesMax) return absl::NotFoundError("not known");
  return FindJson(CallKeyOf(owner, call_id), now, bytes_left);
}

void ResponseStore::Put(std::string key, std::string text, absl::Time now) {
  const size_t size = SizeOf(key, text);
  if (text.size() > options_.entry_bytes_max || size > options_.bytes_max ||
      options_.entries_max == 0) {
    return;
  }
  MutexLock lock(&mutex_);
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    // To the front, where it is dropped.
    entries_.splice(entries_.begin(), entries_, found->second);
    DropFirst();
  }
  while (!entries_.empty() &&
         (entries_.front().expires <= now || entries_.size() >= options_.entries_max ||
          bytes_ + size > options_.bytes_max)) {
    DropFirst();
  }
  entries_.push_back(
      Entry{.key = std::move(key), .text = std::move(text), .expires = now + options_.ttl});
  by_key_.emplace(entries_.back().key, std::prev(entries_.end()));
  bytes_ += size;
}

void ResponseStore::DropFirst() {
  const Entry& first = entries_.front();
  bytes_ -= SizeOf(first.key, first.text);
  by_key_.erase(first.key);
  entries_.pop_front();
}

size_t ResponseStore::entries() const {
  MutexLock lock(&mutex_);
  return entries_.size();
}

size_t ResponseStore::bytes() const {
  MutexLock lock(&mutex_);
  return bytes_;
}

}  // namespace lmgate::dialect

#pragma once

#include <absl/time/time.h>
#include <simdjson.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakeprovider/fault.h"
#include "tests/fakeprovider/http_request.h"

namespace lmgate::fakeprovider {

enum class ApiDialect { kOpenai, kAnthropic, kGemini, kBedrock };

// A request with what every dialect wants to know about it. Valid as long as the request, and the
// JSON until the parser reads the next one.
struct Call {
  const HttpRequest& request;
  uint64_t connection_id = 0;
  uint64_t number = 0;  // of the request, from 1: what an answer calls an id derives from it
  absl::Time received_at = {};
  std::optional<simdjson::dom::object> json = {};  // empty = the body is not a JSON object
  std::string model = {};                          // empty = none
  ApiDialect dialect = ApiDialect::kOpenai;
  std::string_view operation = {};  // what follows the model in the path; empty = nothing
  bool is_stream = false;           // the request asks for one
  Fault fault = {};
};

// Reads the body with `parser`. The model is named by the path /v1beta/models/{model}:{operation}
// or /model/{model}/{operation}, the JSON, a multipart field, the query or the last part of
// /v1/models/{id}, in this order.
Call ReadCall(const HttpRequest& request, simdjson::dom::parser& parser);

// Members of a JSON object; nullopt when absent, null or of another type.
std::optional<std::string_view> FindString(const simdjson::dom::object& object,
                                           std::string_view name);
std::optional<int64_t> FindInteger(const simdjson::dom::object& object, std::string_view name);
std::optional<simdjson::dom::array> FindArray(const simdjson::dom::object& object,
                                              std::string_view name);
std::optional<simdjson::dom::object> FindObject(const simdjson::dom::object& object,
                                                std::string_view name);
std::optional<simdjson::dom::element> FindElement(const simdjson::dom::object& object,
                                                  std::string_view name);
// Of the array of that name; empty = there is none.
std::vector<simdjson::dom::element> FindEntries(const simdjson::dom::object& object,
                                                std::string_view name);
bool IsTrue(const simdjson::dom::object& object, std::string_view name);

// The first member whose name is not in `known`; empty = all are known. Names with x_ are let
// through: tests watch how unknown members go through a gateway.
std::string_view FindUnknownMember(const simdjson::dom::object& object,
                                   std::initializer_list<std::string_view> known);

// %41 as A; what is no escape stays.
std::string PercentDecode(std::string_view text);

// The first part of that name in a multipart/form-data body (RFC 7578); empty = none.
std::string_view FindMultipartField(std::string_view body, std::string_view content_type,
                                    std::string_view name);

}  // namespace lmgate::fakeprovider

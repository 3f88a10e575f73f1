#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/logging.h"
#include "common/contract/dialect_feature.h"
#include "dataplane/dialect/dialects.h"
#include "dataplane/dialect/translation.h"
#include "tests/support/client_stream.h"

namespace {

using lmgate::dialect::BackendTraits;
using lmgate::dialect::Dialect;
using lmgate::dialect::FindDialect;
using lmgate::dialect::Translation;
using lmgate::testing::ClientKind;

// An input is four characters for client, backend, model and Gemini's array form; the client's
// request up to a NUL byte; the provider's answer.
struct Input {
  const ClientKind* client = nullptr;
  std::string_view backend;
  std::string_view model;
  bool gemini_array = false;
  std::string_view request;
  std::string_view answer;
};

constexpr std::string_view kModels[] = {
    "m", "gpt-4o", "claude-sonnet-4-5", "claude-opus-4-7", "gemini-2.5-pro", "gemini-3-pro"};

Input ReadInput(std::string_view bytes) {
  const auto kinds = lmgate::testing::ClientKinds();
  const auto at = [bytes](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  Input input;
  input.client = &kinds[at(0) % kinds.size()];
  input.backend = lmgate::contract::kDialectNames[at(1) % lmgate::contract::kDialectCount];
  input.model = kModels[at(2) % std::size(kModels)];
  input.gemini_array = at(3) == 'a';
  bytes.remove_prefix(4);
  const size_t end = bytes.find('\0');
  input.request = bytes.substr(0, end);
  if (end != std::string_view::npos) input.answer = bytes.substr(end + 1);
  return input;
}

std::unique_ptr<Translation> Begin(const Input& input) {
  auto translation = Translation::Create({.dialect = input.client->dialect,
                                          .id = "f",
                                          .created = 1,
                                          .gemini_array = input.gemini_array},
                                         {.body = input.request, .model = "m", .stream = true});
  if (!translation.ok()) return nullptr;
  const Dialect& backend = *FindDialect(input.backend);
  // The hub is for two dialects.
  if (input.client->dialect->name() == backend.name()) return nullptr;
  const auto body = (*translation)->Encode(backend, {.model = std::string(input.model)});
  if (!body.ok()) return nullptr;
  LMGATE_CHECK(nlohmann::json::accept(body->body));
  // What we ask is a request of the dialect, as we read it ourselves.
  const Dialect& coder = lmgate::dialect::CoderFor(backend, input.model);
  LMGATE_CHECK(coder.DecodeRequest({.body = body->body, .model = "m"}).ok());
  return *std::move(translation);
}

std::string Stream(std::string_view bytes, size_t piece_bytes, Translation* translation) {
  translation->BeginStream();
  std::string out;
  for (size_t branch = 0; branch < translation->branch_count(); ++branch) {
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::string_view piece = rest.substr(0, piece_bytes);
      translation->Feed(branch, piece, &out);
      rest.remove_prefix(piece.size());
    }
    translation->Finish(branch, &out);
  }
  LMGATE_CHECK(translation->ended());
  return out;
}

// The model's arguments may be no JSON, and its ids the same: that is not the gateway's fault.
void CheckStream(const Input& input, std::string_view bytes, bool failed) {
  const std::string wrong = lmgate::testing::CheckClientStream(*input.client, bytes);
  const bool is_models = wrong.find("no object") != std::string::npos ||
                         wrong.find("no JSON object") != std::string::npos ||
                         wrong.find("with one id") != std::string::npos ||
                         wrong.find("id of its own") != std::string::npos;
  if (!wrong.empty() && !is_models) std::fprintf(stderr, "%s\n", wrong.c_str());
  LMGATE_CHECK(wrong.empty() || is_models);
  LMGATE_CHECK(!wrong.empty() || lmgate::testing::EndsInError(*input.client, bytes) == failed);
}

}  // namespace

// Any client's request to any provider of another dialect, and any bytes as its answer: nothing
// crashes, the request that goes out can be read, the client's stream is lawful and ends once,
// whatever the pieces.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  const Input input = ReadInput({reinterpret_cast<const char*>(data), size});
  const std::unique_ptr<Translation> translation = Begin(input);
  if (translation == nullptr) return 0;

  const std::string whole = Stream(input.answer, input.answer.size() + 1, translation.get());
  CheckStream(input, whole, translation->failed());
  for (const size_t piece_bytes : {1u, 7u}) {
    LMGATE_CHECK(Stream(input.answer, piece_bytes, translation.get()) == whole);
  }

  const std::vector<std::string> bodies(translation->branch_count(), std::string(input.answer));
  const auto plain = translation->TranslateAnswer(bodies);
  if (!plain.ok()) return 0;
  LMGATE_CHECK(nlohmann::json::accept(*plain));
  const auto streamed = translation->TranslateAnswerAsStream(bodies);
  LMGATE_CHECK(streamed.ok());
  CheckStream(input, *streamed, false);
  return 0;
}

#include "dataplane/dialect/translation.h"

#include <algorithm>
#include <utility>

#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/dialect_feature.h"
#include "common/contract/dialect_name.h"
#include "common/contract/error_code.h"
#include "dataplane/chat/conversation.h"
#include "dataplane/dialect/claude_model.h"
#include "dataplane/dialect/dialects.h"
#include "dataplane/dialect/error_shape.h"
#include "dataplane/dialect/feature_check.h"
#include "dataplane/dialect/gemini_model.h"
#include "dataplane/dialect/json.h"
#include "dataplane/dialect/openai_model.h"
#include "dataplane/dialect/provider_error.h"
#include "dataplane/dialect/system_edits.h"
#include "dataplane/dialect/tool_id.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using contract::ErrorCode;
using contract::Feature;
using contract::Treatment;
using Kind = ChatEvent::Kind;

// Whether the dialect's clients send back what they know of a message, and that is no signature.
// Those of all others have a place for it, and send back the whole.
bool LosesSignatures(const Dialect& client) {
  return client.name() == contract::kDialectOpenAiChat;
}

// Answers that one request may ask for: each costs as much as a request.
constexpr int64_t kChoicesMax = 16;

// Gemini API reference, GenerationConfig.candidateCount.
constexpr int64_t kGeminiCandidatesMax = 8;

// What a provider's ids and names of tools may be (translation.md 5.1, 5.3).
struct ToolLimits {
  std::string_view dialect;
  std::string_view id_prefix;
  size_t id_bytes_max;
  size_t name_bytes_max;
};
constexpr ToolLimits kToolLimits[] = {
    {"openai-chat", "call_", 40, 64}, {"openai-responses", "call_", 64, 64},
    {"anthropic", "toolu_", 64, 64},  {"gemini", "call_", 64, 64},
    {"bedrock", "tooluse_", 64, 64},
};

// No client can carry out such a call.
constexpr char kNameless[] = "the provider calls a tool without its name";
bool IsNameless(const ChatEvent& event) {
  return event.kind == Kind::kPartOpen && event.part_kind == PartKind::kToolCall &&
         event.name.empty();
}

// Gives an error of a provider's stream its code. `unlawful`: where it is not the provider's word.
void NameError(ErrorCode unlawful, ChatEvent* event) {
  if (event->kind != Kind::kError) return;
  chat::ProviderError& error = event->error;
  error.code = error.code.empty() ? contract::ErrorCodeName(unlawful) : ErrorCodeOf(error.kind);
}

bool Is(std::string_view backend, Feature feature, Treatment treatment) {
  return contract::FindFeature(feature).treatment[contract::DialectColumn(backend)] == treatment;
}

chat::ConversationRules RulesOf(std::string_view backend) {
  const bool openai = backend.starts_with("openai-");
  return {.keeps_system_turns = openai,
          .user_first = !openai,
          .lifts_result_images = Is(backend, Feature::kToolResultImage, Treatment::kEmulated)};
}

// "Function calling with a response mime type: 'application/json' is unsupported": Gemini before 3.
bool TakesNoJsonBesideTools(std::string_view backend, std::string_view model) {
  return backend == contract::kDialectGemini && !GeminiModelOf(model).is_third();
}

// Where the dialect takes a schema for the answer but the model may not.
bool TakesNoSchema(std::string_view backend, std::string_view model) {
  return backend == contract::kDialectAnthropic && !ClaudeModelOf(model).takes_schema;
}

// Where the client's stop sequences are cut out here.
bool TakesNoStop(std::string_view backend, std::string_view model) {
  if (Is(backend, Feature::kStop, Treatment::kEmulated)) return true;
  return backend == contract::kDialectOpenAiChat && !OpenAiModelOf(model).takes_stop;
}

absl::Status CheckStops(const std::vector<std::string>& stops, std::string_view client) {
  size_t bytes = 0;
  for (const std::string& stop : stops) bytes += stop.size();
  if (stops.size() <= StopFilter::kStopsMax && bytes <= StopFilter::kStopBytesMax) {
    return absl::OkStatus();
  }
  return BadField(contract::FindFeature(Feature::kStop).field[contract::DialectColumn(client)],
                  StrCat("the model takes no stop sequences, and at most ", StopFilter::kStopsMax,
                         " of ", StopFilter::kStopBytesMax, " bytes in all are looked for here"));
}

bool AsksToThink(const chat::ReasoningRequest& reasoning) {
  using Mode = chat::ReasoningRequest::Mode;
  if (reasoning.mode == Mode::kEffort) {
    return reasoning.effort != "none" && !reasoning.effort_only;
  }
  return reasoning.mode == Mode::kBudget || reasoning.mode == Mode::kAdaptive;
}

// A provider that cannot be told which of the tools may be called is shown no other ones.
void FilterTools(ChatRequest* request) {
  using Mode = chat::ToolChoice::Mode;
  chat::ToolChoice& choice = request->tool_choice;
  const bool subset = choice.mode == Mode::kSubsetAuto || choice.mode == Mode::kSubsetAny;
  if (!subset) return;
  const auto is_out = [&choice](const chat::Tool& tool) {
    return std::find(choice.names.begin(), choice.names.end(), tool.name) == choice.names.end();
  };
  request->tools.erase(std::remove_if(request->tools.begin(), request->tools.end(), is_out),
                       request->tools.end());
  choice.mode = choice.mode == Mode::kSubsetAny ? Mode::kAny : Mode::kAuto;
  choice.names.clear();
}

// Whose names the client's fields have: those of InvokeModel are Anthropic's.
std::string_view WordsOf(const Dialect& client) {
  return &client == &BedrockInvokeDialect() ? contract::kDialectAnthropic : client.name();
}

// An encoder names a field by its own dialect's word for it, the client knows another.
absl::Status InClientsWords(const absl::Status& status, std::string_view client,
                            const ChatRequest& request) {
  const std::string own = GetFieldHint(status).value_or(FieldHint()).field;
  for (const contract::FeatureRow& row : contract::DialectFeatures()) {
    std::string_view field = row.field[contract::DialectColumn(client)];
    const bool names = std::find(row.field.begin(), row.field.end(), own) != row.field.end();
    if (own.empty() || field.empty() || !names) continue;
    const std::vector<std::string> media = MediaFields(request, row.feature);
    if (media.size() == 1) field = media.front();
    std::string_view message = ToStd(status.message());
    if (message.starts_with(StrCat(own, ": "))) message.remove_prefix(own.size() + 2);
    return BadField(field, message);
  }
  return status;
}

// With no part greater than its total, which some dialects have no way of saying.
chat::TokenUsage Consistent(chat::TokenUsage usage) {
  const auto limit = [](int64_t* part, int64_t total) {
    *part = std::min(*part, std::max<int64_t>(total, 0));
  };
  limit(&usage.cached_tokens, usage.prompt_tokens);
  limit(&usage.cache_write_tokens, usage.prompt_tokens - usage.cached_tokens);
  limit(&usage.reasoning_tokens, usage.completion_tokens);
  return usage;
}

void Add(const chat::TokenUsage& stated, bool first, chat::TokenUsage* sum) {
  const chat::TokenUsage usage = Consistent(stated);
  if (first) {
    *sum = usage;
    return;
  }
  sum->known = sum->known || usage.known;
  sum->prompt_tokens += usage.prompt_tokens;
  sum->completion_tokens += usage.completion_tokens;
  sum->total_tokens += usage.total_tokens;
  sum->cached_tokens += usage.cached_tokens;
  sum->cache_write_tokens += usage.cache_write_tokens;
  sum->reasoning_tokens += usage.reasoning_tokens;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Translation>> Translation::Create(const Client& client,
                                                                 const RequestSource& source) {
  std::unique_ptr<Translation> translation(new Translation(client));
  AnswerContext& context = translation->context_;
  LMGATE_ASSIGN_OR_RETURN(context.request, client.dialect->DecodeRequest(source));
  context.id = client.id;
  context.request_id = client.request_id;
  context.created = client.created;
  context.gemini_array = client.gemini_array;
  context.include_usage = context.request.include_usage;
  const std::string_view name = client.dialect->name();
  translation->reasoning_ = ReasoningFilter(ReasoningViewOf(name, context.request.reasoning));
  if (client.calls.store != nullptr && LosesSignatures(*client.dialect)) {
    RestoreSignedCalls(client.calls, absl::FromUnixSeconds(client.created), &context.request);
    translation->signed_calls_.emplace();
  }
  const int64_t choices_max = name == contract::kDialectGemini ? kGeminiCandidatesMax : kChoicesMax;
  if (context.request.n < 1 || context.request.n > choices_max) {
    const contract::FeatureRow& row = contract::FindFeature(Feature::kN);
    return BadField(row.field[contract::DialectColumn(WordsOf(*client.dialect))],
                    StrCat("must be from 1 to ", choices_max));
  }
  return translation;
}

absl::StatusOr<UpstreamBody> Translation::Encode(const Dialect& backend,
                                                 const BackendTraits& traits) {
  const std::string_view name = backend.name();
  LMGATE_RETURN_IF_ERROR(CheckFeatures(context_.request, WordsOf(*client_.dialect), name));
  backend_ = &CoderFor(backend, traits.model);
  context_.model = traits.model;
  ChatRequest request = context_.request;
  if (client_.edits != nullptr) LMGATE_RETURN_IF_ERROR(ApplyEdits(*client_.edits, &request));
  chat::Normalize(RulesOf(name), &request);
  if (Is(name, Feature::kToolChoiceSubset, Treatment::kEmulated)) FilterTools(&request);
  branch_count_ = 1;
  const bool too_many = name == contract::kDialectGemini && request.n > kGeminiCandidatesMax;
  if (too_many || (request.n > 1 && Is(name, Feature::kN, Treatment::kEmulated))) {
    branch_count_ = static_cast<size_t>(std::exchange(request.n, 1));
  }
  schema_tool_.reset();
  const bool tools_only = TakesNoJsonBesideTools(name, traits.model) && !request.tools.empty();
  if (request.response_format.kind == chat::ResponseFormat::Kind::kJsonObject && tools_only) {
    AddJsonInstruction(&request);
  }
  root_.reset();
  if (request.response_format.kind == chat::ResponseFormat::Kind::kJsonSchema) {
    AskForSchema(name, traits, &request);
  }
  stop_.reset();
  if (!request.stop.empty() && TakesNoStop(name, traits.model)) {
    LMGATE_RETURN_IF_ERROR(CheckStops(request.stop, WordsOf(*client_.dialect)));
    stop_.emplace(std::exchange(request.stop, {}));
  }
  FitTools(name, &request);
  absl::StatusOr<UpstreamBody> upstream = backend_->EncodeRequest(request, traits);
  if (!upstream.ok()) {
    return InClientsWords(upstream.status(), WordsOf(*client_.dialect), context_.request);
  }
  return upstream;
}

// A schema of the answer as the provider takes it: as it is, as a tool that must be called, or in
// words; and its root as an object where nothing else will do.
void Translation::AskForSchema(std::string_view backend, const BackendTraits& traits,
                               ChatRequest* request) {
  const bool tools_only = TakesNoJsonBesideTools(backend, traits.model) && !request->tools.empty();
  const bool as_tool = tools_only || TakesNoSchema(backend, traits.model) ||
                       Is(backend, Feature::kJsonSchema, Treatment::kEmulated);
  // A Claude that shall think cannot be made to call a tool.
  const ClaudeModel claude = ClaudeModelOf(traits.model);
  const bool thinks = claude.is_claude && claude.thinking != ClaudeModel::Thinking::kNone &&
                      (claude.thinks_by_default || AsksToThink(request->reasoning));
  const bool native = as_tool && thinks && claude.takes_bedrock_schema;
  if (as_tool && thinks && !native) return AddSchemaInstruction(request);
  const bool wraps = (as_tool || backend != contract::kDialectGemini) &&
                     !HasObjectRoot(request->response_format.schema);
  if (wraps) {
    WrapRoot(&request->response_format);
    root_.emplace();
  }
  if (!as_tool || native) return;
  const std::string tool = SchemaToolName(*request);
  schema_tool_.emplace(tool, request->response_format.schema);
  AddSchemaTool(tool, request);
}

// Ids and names as the provider takes them. Ids need no way back: the client's own history brings
// them again, and they come out the same.
void Translation::FitTools(std::string_view backend, ChatRequest* request) {
  const ToolLimits& limits =
      *std::find_if(std::begin(kToolLimits), std::end(kToolLimits),
                    [backend](const ToolLimits& row) { return row.dialect == backend; });
  tool_names_.clear();
  const auto fit_name = [&](std::string* name) {
    if (name->empty()) return;
    std::string fitted = ToolNameFor(*name, limits.name_bytes_max);
    if (fitted == *name) return;
    tool_names_.emplace(fitted, *name);
    *name = std::move(fitted);
  };
  for (chat::Tool& tool : request->tools) fit_name(&tool.name);
  for (std::string& name : request->tool_choice.names) fit_name(&name);
  for (chat::Turn& turn : request->turns) {
    for (Part& part : turn.parts) {
      if (part.kind != PartKind::kToolCall && part.kind != PartKind::kToolResult) continue;
      fit_name(&part.name);
      part.id = ToolIdFor(part.id, limits.id_prefix, limits.id_bytes_max);
    }
  }
}

// The client's names of tools; and no end by tool calls where there are none, which no client
// expects.
void Translation::Restore(ChatEvent* event) {
  const auto choice = static_cast<size_t>(event->choice);
  if (event->kind == Kind::kFinish && event->finish == chat::FinishReason::kToolCalls) {
    const bool has_calls = choice < has_calls_.size() && has_calls_[choice];
    if (!has_calls) event->finish = chat::FinishReason::kStop;
  }
  if (event->kind != Kind::kPartOpen || event->part_kind != PartKind::kToolCall) return;
  if (has_calls_.size() <= choice) has_calls_.resize(choice + 1);
  has_calls_[choice] = true;
  const auto found = tool_names_.find(event->name);
  if (found != tool_names_.end()) event->name = found->second;
}

absl::StatusOr<std::string> Translation::TranslateAnswer(const std::vector<std::string>& bodies) {
  LMGATE_ASSIGN_OR_RETURN(const chat::ChatResponse response, DecodeAnswer(bodies));
  return client_.dialect->EncodeResponse(response, context_);
}

absl::StatusOr<std::string> Translation::TranslateAnswerAsStream(
    const std::vector<std::string>& bodies) {
  LMGATE_ASSIGN_OR_RETURN(const chat::ChatResponse response, DecodeAnswer(bodies));
  encoder_ = client_.dialect->NewEventEncoder(context_);
  std::string out;
  for (const ChatEvent& event : chat::EventsOf(response)) encoder_->Encode(event, &out);
  return out;
}

absl::StatusOr<chat::ChatResponse> Translation::DecodeAnswer(
    const std::vector<std::string>& bodies) {
  chat::ResponseBuilder builder;
  usage_ = {};
  has_calls_.clear();
  if (signed_calls_.has_value()) signed_calls_.emplace();
  failed_ = false;
  for (size_t i = 0; i < bodies.size(); ++i) {
    const absl::StatusOr<chat::ChatResponse> response =
        backend_->DecodeResponse(bodies[i], context_);
    if (!response.ok()) {
      if (std::optional<chat::ProviderError> error = FindErrorInAnswer(bodies[i])) {
        failed_ = true;
        error_ = *std::move(error);
        error_.code = ErrorCodeOf(error_.kind);
      }
      return response.status();
    }
    Add(response->usage, i == 0, &usage_);
    for (ChatEvent& event : chat::EventsOf(*response)) {
      if (event.kind == Kind::kEnd || (event.kind == Kind::kStart && i > 0)) continue;
      if (branch_count_ > 1) event.choice = static_cast<int>(i);
      Filter(std::move(event));
      for (ChatEvent& each : filtered_) {
        if (IsNameless(each)) return absl::UnavailableError(kNameless);
        Restore(&each);
        if (signed_calls_.has_value()) signed_calls_->Add(each);
        builder.Add(each);
      }
    }
  }
  ChatEvent end;
  end.kind = Kind::kEnd;
  builder.Add(end);
  chat::ChatResponse whole = builder.Take();
  whole.usage = usage_;
  if (whole.created == 0) whole.created = context_.created;
  if (whole.model.empty()) whole.model = context_.model;
  return whole;
}

void Translation::BeginStream() {
  branches_.clear();
  branches_.resize(branch_count_);
  for (Branch& branch : branches_) branch.decoder = backend_->NewEventDecoder(context_);
  encoder_ = client_.dialect->NewEventEncoder(context_);
  started_ = said_anything_ = ended_ = failed_ = false;
  has_calls_.clear();
  if (signed_calls_.has_value()) signed_calls_.emplace();
  usage_ = {};
}

void Translation::Feed(size_t branch, std::string_view bytes, std::string* out) {
  events_.clear();
  branches_[branch].decoder->Feed(bytes, &events_);
  for (ChatEvent& event : events_) {
    NameError(ErrorCode::kUpstreamInvalidResponse, &event);
    OnEvent(branch, std::move(event), out);
  }
}

void Translation::Finish(size_t branch, std::string* out) {
  events_.clear();
  branches_[branch].decoder->Finish(&events_);
  for (ChatEvent& event : events_) {
    NameError(ErrorCode::kUpstreamTruncated, &event);
    OnEvent(branch, std::move(event), out);
  }
}

void Translation::Fail(const chat::ProviderError& error, std::string* out) {
  ChatEvent event;
  event.kind = Kind::kError;
  event.error = error;
  OnEvent(0, std::move(event), out);
}

// Several streams become one: one beginning, one end, and each branch's answer is one choice.
void Translation::OnEvent(size_t branch, ChatEvent event, std::string* out) {
  if (ended_) return;
  if (branch_count_ > 1) event.choice = static_cast<int>(branch);
  if (IsNameless(event)) {
    event = {};
    event.kind = Kind::kError;
    event.error.message = kNameless;
    NameError(ErrorCode::kUpstreamInvalidResponse, &event);
  }
  switch (event.kind) {
    case Kind::kStart:
      if (started_) return;
      started_ = true;
      if (event.created == 0) event.created = context_.created;
      if (event.name.empty()) event.name = context_.model;
      break;
    case Kind::kUsage:
      branches_[branch].usage = event.usage;
      CountUsage();
      event.usage = usage_;
      break;
    case Kind::kEnd:
      branches_[branch].ended = true;
      if (!std::all_of(branches_.begin(), branches_.end(),
                       [](const Branch& each) { return each.ended; })) {
        return;
      }
      break;
    case Kind::kError:
      failed_ = true;
      error_ = event.error;
      break;
    default:
      break;
  }
  Filter(std::move(event));
  for (ChatEvent& each : filtered_) Emit(std::move(each), out);
}

// Stop sequences last: they are looked for in what the client sees.
void Translation::Filter(ChatEvent event) {
  filtered_.clear();
  reasoning_.Apply(&event);
  filtered_.push_back(std::move(event));
  const auto pass = [this](auto* filter) {
    if (!filter->has_value()) return;
    std::vector<ChatEvent> passed;
    for (ChatEvent& each : filtered_) (*filter)->Add(std::move(each), &passed);
    filtered_ = std::move(passed);
  };
  pass(&schema_tool_);
  pass(&root_);
  pass(&stop_);
}

void Translation::Emit(ChatEvent event, std::string* out) {
  Restore(&event);
  if (signed_calls_.has_value()) signed_calls_->Add(event);
  const bool last = event.kind == Kind::kEnd || event.kind == Kind::kError;
  if (event.kind != Kind::kError) said_anything_ = true;
  encoder_->Encode(event, out);
  if (last) ended_ = true;
}

void Translation::RememberCalls(absl::Time now) {
  if (signed_calls_.has_value()) RememberSignedCalls(client_.calls, signed_calls_->Take(), now);
}

void Translation::CountUsage() {
  bool first = true;
  for (const Branch& branch : branches_) {
    if (!branch.usage.known) continue;
    Add(branch.usage, first, &usage_);
    first = false;
  }
}

}  // namespace lmgate::dialect

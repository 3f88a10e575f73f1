#include "dataplane/dialect/openai_responses_item.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::ErrorKind;
using chat::FinishReason;
using chat::Part;
using chat::PartKind;

AnswerContext Context() {
  AnswerContext context;
  context.id = "abc";
  context.created = 1730000000;
  context.model = "claude";
  context.request.tools = {
      {.name = "f"}, {.name = "apply_patch", .freeform = true}, {.name = "crm/find"}};
  return context;
}

Part MakePart(PartKind kind, std::string text) {
  Part part;
  part.kind = kind;
  part.text = std::move(text);
  return part;
}

Part Call(std::string name, std::string arguments) {
  Part part;
  part.kind = PartKind::kToolCall;
  part.id = "call_1";
  part.name = std::move(name);
  part.arguments = std::move(arguments);
  return part;
}

Json Parse(std::string_view text) { return *ParseJson(text); }

TEST(MakeItem, WritesEachKind) {
  const AnswerContext context = Context();

  EXPECT_EQ(DumpJson(MakeItem(chat::TextPart("hi"), context, 0)),
            R"({"id":"msg_abc_0","type":"message","status":"completed","role":"assistant",)"
            R"("content":[{"type":"output_text","text":"hi","annotations":[],"logprobs":[]}]})");
  EXPECT_EQ(DumpJson(MakeItem(MakePart(PartKind::kRefusal, "no"), context, 1)["content"]),
            R"([{"type":"refusal","refusal":"no"}])");
  EXPECT_EQ(DumpJson(MakeItem(Call("f", " "), context, 2)),
            R"({"id":"fc_abc_2","type":"function_call","status":"completed","call_id":"call_1",)"
            R"("name":"f","arguments":"{}"})");
  EXPECT_EQ(DumpJson(MakeItem(Call("apply_patch", R"({"input":"p"})"), context, 3)),
            R"({"id":"ctc_abc_3","type":"custom_tool_call","status":"completed",)"
            R"("call_id":"call_1","name":"apply_patch","input":"p"})");
  EXPECT_EQ(DumpJson(MakeItem(Call("crm/find", "{}"), context, 4)),
            R"({"id":"fc_abc_4","type":"function_call","status":"completed","call_id":"call_1",)"
            R"("name":"find","namespace":"crm","arguments":"{}"})");
  EXPECT_EQ(DumpJson(MakeItem(MakePart(PartKind::kReasoning, "why"), context, 5)),
            R"({"id":"rs_abc_5","type":"reasoning","summary":[{"type":"summary_text",)"
            R"("text":"why"}],"encrypted_content":"lmg1.e30"})");
}

TEST(MakeItem, SealsForeignSignatures) {
  Part part = MakePart(PartKind::kReasoning, "");
  part.signature = {.origin = "anthropic", .model = "claude", .data = "sig"};

  const Json item = MakeItem(part, Context(), 0);

  EXPECT_TRUE(item["summary"].empty());
  EXPECT_EQ(UnsealSignature(item["encrypted_content"].get<std::string>(), kOriginOpenAi).data,
            "sig");
}

TEST(MakeItem, CitationsAreAnnotationsWithAllMembers) {
  Part part = chat::TextPart("Größe");
  part.citations = {{.url = "https://e.com", .title = "E", .start = 1, .end = 3},
                    {.url = "https://f.com"},
                    {.title = "doc"}};

  EXPECT_EQ(DumpJson(MakeContent(part)["annotations"]),
            R"([{"type":"url_citation","start_index":1,"end_index":3,"url":"https://e.com",)"
            R"("title":"E"},{"type":"url_citation","start_index":5,"end_index":5,)"
            R"("url":"https://f.com","title":""},{"type":"file_citation","file_id":"",)"
            R"("filename":"doc","index":5}])");
}

TEST(IsItem, NeedsSomethingToShow) {
  EXPECT_FALSE(IsItem(chat::TextPart("")));
  EXPECT_FALSE(IsItem(MakePart(PartKind::kReasoning, "")));
  EXPECT_FALSE(IsItem(MakePart(PartKind::kImage, "x")));
  EXPECT_TRUE(IsItem(chat::TextPart("x")));
  EXPECT_TRUE(IsItem(Call("f", "")));
}

TEST(CarrierOf, TakesTheSignatureOfACall) {
  Part call = Call("f", "{}");
  EXPECT_FALSE(CarrierOf(call).has_value());
  call.signature = {.origin = "gemini", .data = "t"};

  const auto carrier = CarrierOf(call);

  ASSERT_TRUE(carrier.has_value());
  EXPECT_EQ(carrier->kind, PartKind::kReasoning);
  EXPECT_EQ(carrier->signature.data, "t");
}

TEST(MakeResponse, EchoesTheRequest) {
  AnswerContext context = Context();
  context.request.system = {chat::TextPart("be terse")};
  context.request.temperature = 0;
  context.request.max_tokens = 64;
  context.request.parallel_tool_calls = false;
  context.request.tool_choice = {.mode = chat::ToolChoice::Mode::kOne, .names = {"apply_patch"}};
  context.request.reasoning = {.mode = chat::ReasoningRequest::Mode::kEffort, .effort = "high"};

  const Json response = MakeResponse(context, "", 0);

  EXPECT_EQ(response["id"], "resp_abc");
  EXPECT_EQ(response["created_at"], 1730000000);
  EXPECT_EQ(response["model"], "claude");
  EXPECT_EQ(response["instructions"], "be terse");
  EXPECT_EQ(response["temperature"], 0);
  EXPECT_EQ(response["max_output_tokens"], 64);
  EXPECT_EQ(response["parallel_tool_calls"], false);
  EXPECT_EQ(DumpJson(response["tool_choice"]), R"({"type":"custom","name":"apply_patch"})");
  EXPECT_EQ(response["reasoning"]["effort"], "high");
  EXPECT_EQ(response["tools"][0]["strict"], false);
  EXPECT_EQ(response["tools"][1]["type"], "custom");
  EXPECT_EQ(response["tools"][2]["namespace"], "crm");
}

TEST(MakeResponse, EchoesHints) {
  AnswerContext context = Context();
  EXPECT_EQ(MakeResponse(context, "", 0)["store"], true);
  EXPECT_EQ(MakeResponse(context, "", 0)["truncation"], "disabled");
  context.request.openai_fields =
      R"({"metadata":{"k":"v"},"prompt_cache_key":"pk","safety_identifier":"si","user":"u",)"
      R"("truncation":"auto","store":false})";

  const Json response = MakeResponse(context, "", 0);

  EXPECT_EQ(DumpJson(response["metadata"]), R"({"k":"v"})");
  EXPECT_EQ(response["prompt_cache_key"], "pk");
  EXPECT_EQ(response["safety_identifier"], "si");
  EXPECT_EQ(response["user"], "u");
  EXPECT_EQ(response["truncation"], "auto");
  EXPECT_EQ(response["store"], false);
}

TEST(CompleteResponse, SaysHowItEnded) {
  const auto ended = [](FinishReason finish) {
    Json response = MakeResponse(Context(), "m", 1);
    CompleteResponse(finish, {}, &response);
    std::string text = response["status"].get<std::string>();
    if (response["incomplete_details"].is_object()) {
      text += "/" + response["incomplete_details"]["reason"].get<std::string>();
    }
    return text;
  };

  EXPECT_EQ(ended(FinishReason::kStop), "completed");
  EXPECT_EQ(ended(FinishReason::kStopSequence), "completed");
  EXPECT_EQ(ended(FinishReason::kToolCalls), "completed");
  EXPECT_EQ(ended(FinishReason::kRefusal), "completed");
  EXPECT_EQ(ended(FinishReason::kLength), "incomplete/max_output_tokens");
  EXPECT_EQ(ended(FinishReason::kContentFilter), "incomplete/content_filter");
}

TEST(CompleteResponse, UsageIsThereEvenWhenItIsNotKnown) {
  Json response = MakeResponse(Context(), "m", 1);
  CompleteResponse(FinishReason::kStop,
                   {.known = true,
                    .prompt_tokens = 10,
                    .completion_tokens = 5,
                    .cached_tokens = 4,
                    .cache_write_tokens = 1,
                    .reasoning_tokens = 2},
                   &response);

  EXPECT_EQ(DumpJson(response["usage"]),
            R"({"input_tokens":10,"input_tokens_details":{"cached_tokens":4,)"
            R"("cache_write_tokens":1},"output_tokens":5,)"
            R"("output_tokens_details":{"reasoning_tokens":2},"total_tokens":15})");
  CompleteResponse(FinishReason::kStop, {}, &response);
  EXPECT_EQ(response["usage"]["total_tokens"], 0);
}

TEST(FailResponse, UsesTheWordsThatClientsActOn) {
  const auto code = [](ErrorKind kind) {
    Json response = MakeResponse(Context(), "m", 1);
    FailResponse({.kind = kind, .message = "m"}, &response);
    return response["error"]["code"].get<std::string>();
  };

  EXPECT_EQ(code(ErrorKind::kRateLimit), "rate_limit_exceeded");
  EXPECT_EQ(code(ErrorKind::kQuota), "insufficient_quota");
  EXPECT_EQ(code(ErrorKind::kContextTooLong), "context_length_exceeded");
  EXPECT_EQ(code(ErrorKind::kOverloaded), "server_error");
  EXPECT_EQ(code(ErrorKind::kTimeout), "server_error");
}

TEST(FailResponse, SaysHowLongToWait) {
  Json response = MakeResponse(Context(), "m", 1);
  FailResponse({.kind = ErrorKind::kRateLimit, .message = "Slow down.", .retry_after_ms = 7000},
               &response);

  EXPECT_EQ(response["error"]["message"], "Slow down. Please try again in 7000ms.");
  EXPECT_EQ(response["status"], "failed");
}

TEST(AppendParts, CallsWithoutAnyIdGetOne) {
  std::vector<Part> parts;
  AppendParts(Parse(R"({"type":"function_call","name":"f","arguments":"{}"})"), Context(), &parts);
  AppendParts(Parse(R"({"type":"function_call","name":"f","arguments":"{}"})"), Context(), &parts);

  EXPECT_EQ(parts[0].id, "call_abc0");
  EXPECT_EQ(parts[1].id, "call_abc1");
}

TEST(AppendParts, RawReasoningGoesBeforeItsSummary) {
  std::vector<Part> parts;
  AppendParts(Parse(R"({"type":"reasoning","summary":[{"text":"short"}],
                        "content":[{"type":"reasoning_text","text":"long"}]})"),
              Context(), &parts);

  EXPECT_EQ(parts[0].text, "long");
}

TEST(AppendParts, OtherItemsHaveNone) {
  std::vector<Part> parts;
  for (const std::string_view item :
       {R"({"type":"web_search_call"})", R"({"type":"message","content":"x"})", "5", "{}",
        R"({"type":"reasoning","summary":[]})",
        R"({"type":"message","content":[{"type":"new"}]})"}) {
    AppendParts(Parse(item), Context(), &parts);
  }

  EXPECT_TRUE(parts.empty());
}

TEST(ReadUsage, IsNeverNegative) {
  const chat::TokenUsage usage =
      ReadUsage(Parse(R"({"usage":{"input_tokens":-5,"output_tokens":9223372036854775807}})"));

  EXPECT_TRUE(usage.known);
  EXPECT_EQ(usage.prompt_tokens, 0);
  EXPECT_GT(usage.total_tokens, 0);
  EXPECT_FALSE(ReadUsage(Parse("{}")).known);
}

TEST(ReadFinish, ToolCallsWin) {
  const Json completed = Parse(R"({"status":"completed"})");

  EXPECT_EQ(ReadFinish(completed, {PartKind::kText}), FinishReason::kStop);
  EXPECT_EQ(ReadFinish(completed, {PartKind::kRefusal}), FinishReason::kRefusal);
  EXPECT_EQ(ReadFinish(completed, {PartKind::kRefusal, PartKind::kToolCall}),
            FinishReason::kToolCalls);
  EXPECT_EQ(ReadFinish(Parse(R"({"status":"incomplete"})"), {PartKind::kToolCall}),
            FinishReason::kLength);
}

}  // namespace
}  // namespace lmgate::dialect

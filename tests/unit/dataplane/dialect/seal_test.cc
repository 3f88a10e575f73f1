#include "dataplane/dialect/seal.h"

#include <gtest/gtest.h>

#include <string>

namespace lmgate::dialect {
namespace {

const chat::Signature kGemini = {.origin = "gemini", .model = "gemini-3-pro", .data = "c2ln"};

TEST(Seal, AClientOfTheSameOriginGetsTheSignatureItself) {
  EXPECT_EQ(SealSignature(kGemini, kOriginGemini), "c2ln");
}

TEST(Seal, AnyOtherGetsAnEnvelopeThatOpensToTheSame) {
  chat::Signature redacted = kGemini;
  redacted.redacted = true;
  for (const chat::Signature& signature : {kGemini, redacted}) {
    const std::string sealed = SealSignature(signature, kOriginAnthropic);

    EXPECT_TRUE(sealed.starts_with(kSealPrefix));
    const chat::Signature opened = UnsealSignature(sealed, kOriginAnthropic);
    EXPECT_EQ(opened.origin, "gemini");
    EXPECT_EQ(opened.model, "gemini-3-pro");
    EXPECT_EQ(opened.data, "c2ln");
    EXPECT_EQ(opened.redacted, signature.redacted);
  }
}

TEST(Seal, NoOriginOrNoDataIsNoSignature) {
  EXPECT_EQ(SealSignature({}, kOriginGemini), "");
  EXPECT_EQ(SealSignature({.origin = "gemini"}, kOriginAnthropic), "");
  EXPECT_EQ(SealSignature({.data = "x"}, kOriginAnthropic), "");
}

TEST(Seal, TextWithoutAnEnvelopeIsTheClientsOwn) {
  const chat::Signature signature = UnsealSignature("EqQB", kOriginAnthropic);
  EXPECT_EQ(signature.origin, "anthropic");
  EXPECT_EQ(signature.data, "EqQB");
  EXPECT_EQ(signature.model, "");
}

TEST(Seal, AnEnvelopeThatCannotBeReadIsNobodys) {
  for (const char* const text : {"lmg1.", "lmg1.!!", "lmg1.e30", "lmg1.W10", "lmg1.eyJvIjoiZyJ9",
                                 "lmg1.eyJvIjoxLCJkIjoyfQ"}) {
    const chat::Signature signature = UnsealSignature(text, kOriginAnthropic);
    EXPECT_EQ(signature.origin, "") << text;
    EXPECT_EQ(signature.data, "") << text;
  }
}

TEST(Seal, IsTakenBackByItsOriginAndModelOnly) {
  EXPECT_TRUE(IsSignedFor(kGemini, kOriginGemini, "gemini-3-pro"));
  EXPECT_FALSE(IsSignedFor(kGemini, kOriginGemini, "gemini-3-flash"));
  EXPECT_FALSE(IsSignedFor(kGemini, kOriginAnthropic, "gemini-3-pro"));
  EXPECT_FALSE(IsSignedFor({.origin = "gemini"}, kOriginGemini, ""));
}

TEST(Seal, AModelThatIsNotKnownCountsAsTheSame) {
  EXPECT_TRUE(IsSignedFor(kGemini, kOriginGemini, ""));
  EXPECT_TRUE(IsSignedFor({.origin = "gemini", .data = "x"}, kOriginGemini, "gemini-3-pro"));
}

}  // namespace
}  // namespace lmgate::dialect

#include "dataplane/dialect/gemini_schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "common/base/strings.h"

namespace lmgate::dialect {
namespace {

std::string Subset(std::string_view schema) {
  return DumpJson(GeminiSchemaOf(ParseJson(schema).value_or(Json())));
}

std::string Reverse(std::string_view schema) {
  return DumpJson(JsonSchemaOfGemini(ParseJson(schema).value_or(Json())));
}

TEST(GeminiSchema, DropsWhatTheSubsetDoesNotKnow) {
  EXPECT_EQ(Subset(R"({"$schema":"x","$id":"y","type":"object","additionalProperties":false,
                      "patternProperties":{},"propertyNames":{},"title":"T","properties":{
                      "a":{"type":"array","uniqueItems":true,"items":{"type":"number",
                      "multipleOf":2},"maxItems":3,"examples":[1],"not":{},"if":{},"then":{}}},
                      "required":["a","b"]})"),
            R"({"type":"OBJECT","title":"T","properties":{"a":{"type":"ARRAY","maxItems":3,)"
            R"("items":{"type":"NUMBER"}}},"required":["a"]})");
}

TEST(GeminiSchema, NullTypeIsNullable) {
  EXPECT_EQ(Subset(R"({"type":["string","null"]})"), R"({"type":"STRING","nullable":true})");
  EXPECT_EQ(Subset(R"({"anyOf":[{"type":"integer"},{"type":"null"}]})"),
            R"({"type":"INTEGER","nullable":true})");
  EXPECT_EQ(Subset(R"({"enum":["a",null]})"), R"({"type":"STRING","nullable":true,"enum":["a"]})");
}

TEST(GeminiSchema, SeveralTypesAreAlternatives) {
  EXPECT_EQ(Subset(R"({"type":["string","integer"],"minLength":1,"minimum":2})"),
            R"({"anyOf":[{"type":"STRING","minLength":1},{"type":"INTEGER","minimum":2}]})");
}

TEST(GeminiSchema, AlternativesStandAlone) {
  EXPECT_EQ(Subset(R"({"type":"object","description":"d","properties":{"k":{"type":"string"}},
                      "oneOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},
                               {"properties":{"b":{"type":"number"}}}]})"),
            R"({"anyOf":[{"type":"OBJECT","properties":{"a":{"type":"STRING"},)"
            R"("k":{"type":"STRING"}},"required":["a"],"description":"d"},)"
            R"({"type":"OBJECT","properties":{"b":{"type":"NUMBER"},"k":{"type":"STRING"}},)"
            R"("description":"d"}]})");
}

TEST(GeminiSchema, AllOfIsMerged) {
  EXPECT_EQ(Subset(R"({"allOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},
                                {"properties":{"b":{"type":"string"}},"required":["b"]}]})"),
            R"({"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"STRING"}},)"
            R"("required":["a","b"]})");
}

TEST(GeminiSchema, OnlyStringsAreEnumerated) {
  EXPECT_EQ(Subset(R"({"const":"x"})"), R"({"type":"STRING","enum":["x"]})");
  EXPECT_EQ(Subset(R"({"type":"integer","enum":[1,2]})"), R"({"type":"INTEGER"})");
  EXPECT_EQ(Subset(R"({"type":"string","enum":["a",""]})"), R"({"type":"STRING","enum":["a"]})");
}

TEST(GeminiSchema, ExclusiveBoundsBecomeBounds) {
  EXPECT_EQ(Subset(R"({"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":9})"),
            R"({"type":"INTEGER","minimum":1,"maximum":8})");
  EXPECT_EQ(Subset(R"({"type":"number","exclusiveMinimum":0})"),
            R"({"type":"NUMBER","minimum":0})");
}

TEST(GeminiSchema, FormatsFitTheType) {
  EXPECT_EQ(Subset(R"({"type":"string","format":"uri"})"), R"({"type":"STRING"})");
  EXPECT_EQ(Subset(R"({"type":"string","format":"date-time"})"),
            R"({"type":"STRING","format":"date-time"})");
  EXPECT_EQ(Subset(R"({"type":"integer","format":"int32"})"),
            R"({"type":"INTEGER","format":"int32"})");
}

TEST(GeminiSchema, ArraysHaveItems) {
  EXPECT_EQ(Subset(R"({"type":"array"})"), R"({"type":"ARRAY","items":{"type":"STRING"}})");
  EXPECT_EQ(Subset(R"({"prefixItems":[{"type":"string"},{"type":"number"}]})"),
            R"({"type":"ARRAY","items":{"anyOf":[{"type":"STRING"},{"type":"NUMBER"}]}})");
}

TEST(GeminiSchema, ReferencesAreWrittenOut) {
  EXPECT_EQ(Subset(R"({"properties":{"a":{"$ref":"#/$defs/x~1y","description":"mine"}},
                      "$defs":{"x/y":{"type":"string","description":"theirs"}}})"),
            R"({"type":"OBJECT","properties":{"a":{"type":"STRING","description":"mine"}}})");
}

TEST(GeminiSchema, RecursionEndsInAnyObject) {
  EXPECT_EQ(Subset(R"({"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{
                      "next":{"$ref":"#/$defs/n"}}}}})"),
            R"({"type":"OBJECT","properties":{"next":{"type":"OBJECT","properties":{)"
            R"("next":{"type":"OBJECT"}}}}})");
}

TEST(GeminiSchema, ReferencesThatLeadNowhereAreAnyObject) {
  for (const std::string_view reference : {"#/$defs/none", "https://example.com/x", "#x", "x"}) {
    EXPECT_EQ(Subset(StrCat(R"({"$ref":")", reference, R"("})")), R"({"type":"OBJECT"})");
  }
}

TEST(GeminiSchema, BlowUpHasALimit) {
  // Each level names the next one ten times: 10^12 in all.
  std::string defs;
  for (int level = 0; level < 12; ++level) {
    StrAppend(&defs, level > 0 ? "," : "", "\"l", level, "\":{\"properties\":{");
    for (int i = 0; i < 10; ++i) {
      StrAppend(&defs, i > 0 ? "," : "", "\"p", i, "\":{\"$ref\":\"#/$defs/l", level + 1, "\"}");
    }
    defs += "}}";
  }

  const std::string subset = Subset(StrCat(R"({"$ref":"#/$defs/l0","$defs":{)", defs, "}}"));

  EXPECT_LT(subset.size(), 50 * kGeminiSchemaNodesMax);
}

TEST(GeminiSchema, AlternativesOfALargeBaseHaveALimit) {
  std::string properties;
  for (int i = 0; i < 1000; ++i) {
    StrAppend(&properties, i > 0 ? "," : "", "\"p", i, "\":{\"type\":\"string\"}");
  }
  std::string alternatives;
  for (int i = 0; i < 1000; ++i) {
    StrAppend(&alternatives, i > 0 ? "," : "", R"({"required":["p)", i, R"("]})");
  }

  const std::string subset =
      Subset(StrCat(R"({"properties":{)", properties, R"(},"anyOf":[)", alternatives, "]}"));

  EXPECT_LT(subset.size(), 50 * kGeminiSchemaNodesMax);
}

TEST(GeminiSchema, WhatIsNoSchemaIsAString) {
  EXPECT_EQ(Subset("true"), R"({"type":"STRING"})");
  EXPECT_EQ(Subset(R"({"properties":{"a":true},"required":7,"anyOf":7,"type":7,"enum":7})"),
            R"({"type":"OBJECT","properties":{"a":{"type":"STRING"}}})");
}

TEST(GeminiSchemaReverse, TypesAreLowerCase) {
  EXPECT_EQ(Reverse(R"({"type":"OBJECT","properties":{"type":{"type":"STRING","format":"enum",
                       "enum":["A"]},"n":{"type":"ARRAY","items":{"type":"NUMBER"},
                       "minItems":"1"}},"required":["type"],"propertyOrdering":["n"]})"),
            R"({"type":"object","properties":{"type":{"type":"string","enum":["A"]},)"
            R"("n":{"type":"array","items":{"type":"number"},"minItems":1}},"required":["type"]})");
}

TEST(GeminiSchemaReverse, NullableIsAType) {
  EXPECT_EQ(Reverse(R"({"type":"STRING","nullable":true})"), R"({"type":["string","null"]})");
  EXPECT_EQ(Reverse(R"({"nullable":true,"type":"STRING","enum":["a"]})"),
            R"({"type":["string","null"],"enum":["a",null]})");
  EXPECT_EQ(Reverse(R"({"any_of":[{"type":"STRING"}],"nullable":true})"),
            R"({"anyOf":[{"type":"string"},{"type":"null"}]})");
  EXPECT_EQ(Reverse(R"({"type":"STRING","nullable":false})"), R"({"type":"string"})");
}

}  // namespace
}  // namespace lmgate::dialect

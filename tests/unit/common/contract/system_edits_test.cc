#include "common/contract/system_edits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lmgate::contract {
namespace {

v1::SystemEdits Edits(const std::string& from, const std::string& to, const std::string& append) {
  v1::SystemEdits edits;
  if (!from.empty()) {
    edits.add_replace()->set_from(from);
    edits.mutable_replace(0)->set_to(to);
  }
  edits.set_append(append);
  return edits;
}

TEST(CompileSystemEdits, KeepsTheOrderOfReplacements) {
  v1::SystemEdits edits = Edits("b", "a", "");
  edits.add_replace()->set_from("a");

  const auto compiled = CompileSystemEdits(edits);

  ASSERT_TRUE(compiled.has_value());
  ASSERT_EQ(compiled->replace.size(), 2u);
  EXPECT_EQ(compiled->replace[0].from, "b");
  EXPECT_EQ(compiled->replace[0].to, "a");
  EXPECT_EQ(compiled->replace[1].from, "a");
  EXPECT_EQ(compiled->replace[1].to, "");
}

TEST(CompileSystemEdits, TrimsWhatIsAppended) {
  const auto compiled = CompileSystemEdits(Edits("", "", "\n  Be brief.\n\nVery.\n"));

  ASSERT_TRUE(compiled.has_value());
  EXPECT_EQ(compiled->append, "Be brief.\n\nVery.");
}

TEST(CompileSystemEdits, WhatDoesNothingIsNone) {
  EXPECT_FALSE(CompileSystemEdits({}).has_value());
  EXPECT_FALSE(CompileSystemEdits(Edits("", "", " \n ")).has_value());
  EXPECT_FALSE(CompileSystemEdits(Edits("same", "same", "")).has_value());
}

TEST(CompileSystemEdits, ProgressAloneIsAnEdit) {
  v1::SystemEdits edits;
  edits.set_inject_progress(true);

  const auto compiled = CompileSystemEdits(edits);

  ASSERT_TRUE(compiled.has_value());
  EXPECT_TRUE(compiled->inject_progress);
}

}  // namespace
}  // namespace lmgate::contract

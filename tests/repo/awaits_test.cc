#include "tests/repo/awaits.h"

#include <gmock/gmock.h>

namespace lmgate::repo {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

Complaints Check(const std::string& statement) {
  return CheckAwaits({{.path = "a.cc", .text = "awaitable<void> F() {\n  " + statement + "\n}\n"}});
}

TEST(Awaits, TemporariesBesideCoAwaitAreFound) {
  for (const char* statement : {
           "co_await Send(Target{.name = x});",
           "co_await Send({.name = x});",
           "co_await Send(a, {1, 2});",
           "auto r = co_await Send(std::vector<int>{1});",
           "auto r = co_await Send(\n      Target{\n          .name = x});",
           "co_await Send([&] { return 1; });",
           "co_await Send(a, [=]() mutable { return 1; });",
           "co_await Send([this, x = y](int z) { return z; });",
           "f(Target{1}, co_await Send());",
           "f(co_await Send(), Target{1});",
           "const Target t{co_await Send()};",
           "auto t = Target{.name = co_await Send()};",
           "co_return Target{.name = co_await Send()};",
           "co_return {1, co_await Send()};",
           "if (co_await Send(Target{1})) { f(); }",
           "if (auto r = co_await Send({1}); r.ok()) return;",
           "while (co_await Send([&] { return 1; })) f();",
           "{ int x; } co_await Send(Target{1});",
       }) {
    EXPECT_THAT(Check(statement), SizeIs(1)) << statement;
  }
}

TEST(Awaits, NamedValuesAreFine) {
  for (const char* statement : {
           "const Target t{.name = x};\n  auto r = co_await Send(t);",
           "auto [error, n] = co_await Send(asio::as_tuple(kToken));",
           "if (co_await Send(t)) {\n    f(Target{1});\n  }",
           "if (!x) {\n    co_await Send(t);\n  }\n  f([&] { return 1; });",
           "f(Target{1});\n  co_await Send(t);\n  f(Target{2});",
           "co_await Send(x[1], y[i]);",
           "co_await Send([](int z) { return z; });",
           "for (int i{0}; i < 3; ++i) {\n    co_await Send(t);\n  }",
           "for (;;) co_await Send(t);",
           "// co_await Send(Target{1});",
       }) {
    EXPECT_THAT(Check(statement), IsEmpty()) << statement;
  }
}

TEST(Awaits, UnbalancedTextIsNoCrash) {
  for (const char* text : {"co_await", "}}) co_await x", "co_await f({[(", "[", "{ co_await ["}) {
    CheckAwaits({{.path = "a.cc", .text = text}});
  }
}

}  // namespace
}  // namespace lmgate::repo

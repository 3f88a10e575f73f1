#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace lmgate::contract {

// What a connection speaks, and a client: `dialect` of a connection, columns of `lmctl dialects`.
inline constexpr std::string_view kDialectOpenAiChat = "openai-chat";
inline constexpr std::string_view kDialectOpenAiResponses = "openai-responses";
inline constexpr std::string_view kDialectAnthropic = "anthropic";
inline constexpr std::string_view kDialectGemini = "gemini";
inline constexpr std::string_view kDialectBedrock = "bedrock";

// In the order of a feature's columns (dialect_feature.h).
inline constexpr size_t kDialectCount = 5;
inline constexpr std::array<std::string_view, kDialectCount> kDialectNames = {
    kDialectOpenAiChat, kDialectOpenAiResponses, kDialectAnthropic, kDialectGemini,
    kDialectBedrock};

}  // namespace lmgate::contract

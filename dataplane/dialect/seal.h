#pragma once

#include <string>
#include <string_view>

#include "dataplane/chat/part.h"

namespace lmgate::dialect {

// A signature as a client is given it, to be sent back with the next turn. A client whose dialect
// is of the signature's own origin gets it as it is, so that it also works on that provider
// directly; any other gets an envelope that says whose it is: "lmg1." and base64url of a small
// JSON. It hides nothing: the provider shows the same bytes to its own clients. No origin = "".
std::string SealSignature(const chat::Signature& signature, std::string_view own_origin);

// The inverse. Text without the envelope is of `own_origin`. An envelope that cannot be read, or
// empty text, gives a signature without origin and data.
chat::Signature UnsealSignature(std::string_view text, std::string_view own_origin);

// True when a provider of `origin` that is asked for `model` takes the signature back. An unknown
// model on either side counts as the same.
bool IsSignedFor(const chat::Signature& signature, std::string_view origin, std::string_view model);

inline constexpr std::string_view kOriginAnthropic = "anthropic";
inline constexpr std::string_view kOriginBedrock = "bedrock";  // Converse, whoever made the model
inline constexpr std::string_view kOriginGemini = "gemini";
inline constexpr std::string_view kOriginOpenAi = "openai";

// How every envelope begins.
inline constexpr std::string_view kSealPrefix = "lmg1.";
// The envelope of {}: for reasoning that nobody signed, where the client's own dialect would have a
// signature. Without it, a provider of that dialect would be shown reasoning (or a call) as its
// own that it has not signed, and refuse the history; with it, StripSealed finds what to leave out.
inline constexpr std::string_view kSealOfNothing = "lmg1.e30";

}  // namespace lmgate::dialect

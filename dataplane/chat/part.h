#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lmgate::chat {

enum class PartKind : uint8_t {
  kText,
  kImage,
  kFile,
  kAudio,
  kToolCall,
  kToolResult,
  kReasoning,
  kRefusal,
};

// A place in the text that a source supports. Offsets in code points of the part's text; -1 =
// not known.
struct Citation {
  std::string url = {};
  std::string title = {};
  std::string cited_text = {};  // the source's words; empty = not known
  int64_t start = -1;
  int64_t end = -1;
  // The place in a document of the request, as Anthropic and Bedrock count: documents from 0, and
  // from `from` up to `to` the unit's.
  enum class Unit : uint8_t { kNone, kCharacters, kPages, kBlocks };
  Unit unit = Unit::kNone;  // kNone = it is in none
  int64_t document = 0;
  int64_t from = 0;
  int64_t to = 0;
};

// What proves to a provider that reasoning, or a call, is its own: opaque bytes that only the same
// provider and model take back. Travels through clients of other dialects sealed (dialect/seal.h).
struct Signature {
  // Who made it: "anthropic" (its own API, Bedrock's InvokeModel and Vertex alike), "bedrock"
  // (Converse), "gemini", "openai"; empty = nobody: there is none, or the client's dialect says
  // nothing of its origin.
  std::string origin = {};
  std::string model = {};  // the upstream's name of it; empty = not known
  std::string data = {};   // as on the wire
  // The data is the whole (encrypted) reasoning, which the provider takes back under another name
  // than reasoning whose text it merely left out (Anthropic: redacted_thinking).
  bool redacted = false;
  // The words of reasoning that the client is not shown, where they must go back with the proof.
  std::string text = {};
};

// One piece of a turn's content. Which members mean something depends on the kind; all others are
// empty. Values; the order of a turn's parts is kept.
struct Part {
  PartKind kind = PartKind::kText;

  // kText, kRefusal: what is said. kReasoning: its readable text; empty = hidden.
  std::string text = {};
  std::vector<Citation> citations = {};  // kText
  std::string logprobs = {};             // kText: as ChatEvent::logprobs
  // kText: begins a message of its own, of which and the one before the turn was made. Other texts
  // that follow one another are one, cut anywhere by citations or a stream.
  bool apart = false;

  // kImage, kFile, kAudio: exactly one of data (base64, padded, no line breaks), url and file_id.
  // media_type is lower case without parameters ("image/png", "application/pdf", "audio/wav").
  std::string media_type = {};
  std::string data = {};
  std::string url = {};
  std::string file_id = {};   // a file that the provider holds
  std::string filename = {};  // kFile; may be empty
  bool cites = false;         // kFile: the answer shall say which places of it support what
  std::string detail = {};    // kImage: "low", "high", "auto"; may be empty
  std::string field = {};     // its path in the client's request, for errors; may be empty

  // kToolCall, kToolResult: the call's id, the same in both. Never empty after Normalize.
  std::string id = {};
  std::string name = {};         // of the tool; a result's is filled in by Normalize
  std::string arguments = {};    // kToolCall: JSON text, as the model wrote it; empty = {}
  std::vector<Part> parts = {};  // kToolResult: kText, kImage, kFile
  bool is_error = false;         // kToolResult

  // The client asks the provider to cache the prompt up to the end of this part.
  bool cache = false;

  // kReasoning; kToolCall and kText where the provider signs those (Gemini).
  Signature signature = {};
};

// Characters of UTF-8 text, as citations count.
inline int64_t CodePoints(std::string_view text) {
  int64_t points = 0;
  for (const char c : text) points += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return points;
}

inline Part TextPart(std::string text) {
  Part part;
  part.text = std::move(text);
  return part;
}

// Whether it is empty or JSON's white space only: no text that a provider would take, no arguments.
inline bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace lmgate::chat

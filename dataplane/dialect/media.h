#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

#include "dataplane/chat/part.h"

namespace lmgate::dialect {

// Fills media_type and data of `part` from "data:image/png;base64,…" (RFC 2397; parameters, upper
// case, percent-encoded and base64url text are understood), or url from anything else.
// InvalidArgument without the text: a data URL that cannot be read.
absl::Status ReadUrl(std::string_view url, chat::Part* part);

// "data:TYPE;base64,DATA" of a part with data, its url otherwise.
std::string WriteUrl(const chat::Part& part);

// Lower case, without parameters; image/jpg is image/jpeg.
std::string NormalizeMediaType(std::string_view text);

// The type that the data of an image has, whatever it is called: Anthropic and Bedrock refuse an
// image whose type is another one's. What is none of png, jpeg, gif and webp has the type that is
// said.
std::string ImageTypeOf(const chat::Part& image);

// "png" of "image/png", "mp3" of "audio/mpeg": what OpenAI and Converse call a format. Empty for a
// type that has none.
std::string_view FormatOf(std::string_view media_type);
// "image/png" of kind "image" and format "png".
std::string MediaTypeOf(std::string_view kind, std::string_view format);

// True for base64 text without white space, padded or not.
bool IsBase64(std::string_view text);

}  // namespace lmgate::dialect

#pragma once

#include "dataplane/chat/chat_request.h"

namespace lmgate::chat {

// What a dialect asks of the order of turns (translation.md 4.2, 5.4).
struct ConversationRules {
  // Role::kSystem turns stay where they are; false = each becomes a user's text in <system> tags.
  bool keeps_system_turns = false;
  // The first turn must be the user's: one with "." is put before an assistant's.
  bool user_first = false;
  // Images in results go behind the results of that run, as the user's (chat, Gemini 2).
  bool lifts_result_images = false;
};

// Makes the turns lawful for every provider, with nothing said lost:
//  - parts and turns that say nothing (empty texts) are dropped, neighbours of one role merged;
//  - the results of a turn's calls stand at the beginning of the next user turn, in the order of
//  the
//    calls, before its texts; what stood between call and result stands behind;
//  - a conversation that says nothing at all has a user's ".";
//  - a call without a result gets one that says so; a result without a call becomes the user's
//  text;
//  - results get the name of their call; two calls with one id get different ones, and so do their
//    results.
void Normalize(const ConversationRules& rules, ChatRequest* request);

}  // namespace lmgate::chat

#include "dataplane/chat/conversation.h"

namespace lmgate::chat {

void Normalize(const ConversationRules&, ChatRequest*) {}

}  // namespace lmgate::chat

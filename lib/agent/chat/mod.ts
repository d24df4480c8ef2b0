/**
 * Language models behind one interface: ours, endpoints, and scripts for tests.
 *
 * @module
 */
export type { ChatEvent, ChatModel, ChatRequest, ChatUsage, FinishReason } from "./chat_model.ts";
export { addEvent, type ChatReply, collectReply, emptyReply, replyMessage, resultMessage } from "./collect_reply.ts";
export { addUsage, CountedReply } from "./counted_reply.ts";
export { ChatEndpointError, type EndpointFailure } from "./endpoint_error.ts";
export { estimateTextTokens, estimateTokens } from "./estimate_tokens.ts";
export { geminiChatModel, type GeminiChatModelOptions } from "./gemini_chat_model.ts";
export type { GeminiThinking } from "./gemini_request.ts";
export {
  type LocalChatModel,
  localChatModel,
  type LocalChatModelOptions,
  type LocalChatRequest,
  PromptTooLongError,
} from "./local_chat_model.ts";
export { openaiChatModel, type OpenaiChatModelOptions } from "./openai_chat_model.ts";
export { type PlainChat, plainChat } from "./plain_chat.ts";
export { pooledChatModel, type PooledChatModelOptions } from "./pooled_chat_model.ts";
export { saidBy } from "./said_by.ts";
export {
  type ChatScript,
  type ScriptedCall,
  type ScriptedChatModel,
  scriptedChatModel,
  type ScriptedReply,
  type ScriptedText,
  type ScriptLine,
} from "./scripted_chat_model.ts";
export { TaggedText } from "./tagged_text.ts";

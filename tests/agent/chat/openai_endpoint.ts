/** An OpenAI-compatible model on loopback, and the chunks that such endpoints send. */
import assert from "node:assert/strict";
import {
  ChatEndpointError,
  type ChatModel,
  type ChatRequest,
  openaiChatModel,
  type OpenaiChatModelOptions,
} from "../../../lib/agent/chat/mod.ts";
import type { ChatServer } from "./chat_server.ts";

export const SECRET = "sk-very-secret-0123456789";
export const messages = [{ role: "system", content: "Be brief." }, {
  role: "user",
  content: "How warm is it in Malmö?",
}];
export const USAGE = { choices: [], usage: { prompt_tokens: 21, completion_tokens: 7, total_tokens: 28 } };

export const delta = (content: Record<string, unknown>, finish_reason: string | null = null) => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1,
  model: "some-model",
  choices: [{ index: 0, delta: content, finish_reason }],
});
/** What an endpoint sends when all of a reply comes at once. */
export const wholeReply = (content: string) => [delta({ role: "assistant", content }), delta({}, "stop"), "[DONE]"];
export const part = (index: number, id: string | undefined, name: string | undefined, text: string) =>
  delta({
    tool_calls: [{
      index,
      ...(id ? { id, type: "function" } : {}),
      function: { ...(name ? { name } : {}), arguments: text },
    }],
  });

export const HELLO = [
  delta({ role: "assistant", content: "" }),
  delta({ content: "Grüß " }),
  delta({ content: "Gott 👋" }),
  delta({}, "stop"),
  USAGE,
  "[DONE]",
];

export function modelAt(server: ChatServer, options: Partial<OpenaiChatModelOptions> = {}): ChatModel {
  return openaiChatModel({
    baseURL: `${server.origin}/v1`,
    model: "some-model",
    apiKey: SECRET,
    maxRetries: 0,
    ...options,
  });
}

export async function eventsOf(
  server: ChatServer,
  options: Partial<OpenaiChatModelOptions> = {},
  request: Partial<ChatRequest> = {},
) {
  return await Array.fromAsync(modelAt(server, options).stream({ messages, ...request }));
}

export async function failureOf(
  server: ChatServer,
  options: Partial<OpenaiChatModelOptions> = {},
  request: Partial<ChatRequest> = {},
) {
  try {
    await eventsOf(server, options, request);
  } catch (error) {
    assert.ok(error instanceof ChatEndpointError, String(error));
    // Whatever is printed of it.
    assert.ok(!Deno.inspect(error).includes(SECRET), error.message);
    assert.match(error.message, /127\.0\.0\.1:\d+\/v1, model "some-model": /);
    return error;
  }
  assert.fail("nothing went wrong");
}

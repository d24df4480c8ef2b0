/** A conversation as the chat completions API takes it. */
import type { OpenAI } from "openai";
import type { ChatMessage } from "../../tokenizer/mod.ts";
import { readTurns } from "./turns.ts";

type Message = OpenAI.ChatCompletionMessageParam;

/**
 * The messages for a request.
 *
 * @param keepReasoning Whether earlier reasoning is sent too, as `reasoning_content`.
 * @throws {TypeError} For a message that cannot be sent, naming it.
 */
export function openaiMessages(messages: readonly ChatMessage[], keepReasoning: boolean): Message[] {
  return readTurns(messages).flatMap((turn): Message[] => {
    switch (turn.role) {
      case "system":
        return [{ role: "system", content: turn.text }];
      case "user":
        return [{ role: "user", content: turn.text }];
      case "results":
        return turn.results.map(({ id, text }) => ({ role: "tool", tool_call_id: id, content: text }));
      case "assistant": {
        const { text, reasoning, calls } = turn;
        const message: Message & { reasoning_content?: string } = {
          role: "assistant",
          content: text === "" && calls.length > 0 ? null : text,
        };
        if (keepReasoning && reasoning !== "") message.reasoning_content = reasoning;
        if (calls.length > 0) {
          message.tool_calls = calls.map(({ id, name, arguments: given }) => ({
            id,
            type: "function",
            function: { name, arguments: JSON.stringify(given) },
          }));
        }
        return [message];
      }
    }
  });
}

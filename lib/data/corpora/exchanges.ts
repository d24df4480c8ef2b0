/** Chats of several short questions about one text. */
import type { Random } from "../../random/mod.ts";
import type { ChatMessage } from "../../tokenizer/mod.ts";
import type { GeneratedExample } from "./corpus.ts";

/** A question and the only right answer to it. */
export interface Exchange {
  question: string;
  answer: string;
}

/** How such a chat is made. */
export interface ExchangesOptions {
  kind: string;
  /** What the questions are about; it comes before the first. */
  before: string;
  /** The case's metric: 1 where the reply is exactly the answer. */
  metric: string;
}

/** The exchanges as one chat, with a case that asks one of its questions after those before it. */
export function exchangesChat(
  random: Random,
  exchanges: readonly Exchange[],
  { kind, before, metric }: ExchangesOptions,
): GeneratedExample {
  const messages = exchanges.flatMap(({ question, answer }, index): ChatMessage[] => [
    { role: "user", content: (index === 0 ? before : "") + question },
    { role: "assistant", content: answer },
  ]);
  const asked = random.integer(0, exchanges.length - 1);
  const reference = exchanges[asked].answer;
  return {
    kind,
    messages,
    cases: [{
      messages: messages.slice(0, 2 * asked + 1),
      reference,
      grade: (reply) => ({ [metric]: reply === reference ? 1 : 0 }),
    }],
  };
}

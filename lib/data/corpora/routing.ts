/** Questions that are sent to the right expert with one word. */
import { Random } from "../../random/mod.ts";
import type { ChatMessage } from "../../tokenizer/mod.ts";
import { type Route, routingQuestionAt } from "../routing/mod.ts";
import type { Corpus, CorpusOptions, GeneratedExample } from "./corpus.ts";

/** Asks for one of the routes. */
export const ROUTING_PROMPT = "Which expert is the question for? Answer with one word: math, medical or others.";

/** A question as a router puts it to a model. */
export function toRoutingChat(question: string): ChatMessage[] {
  return [{ role: "system", content: ROUTING_PROMPT }, { role: "user", content: question }];
}

const MOST_TURNS = 6;

/**
 * Several questions in one chat, as a one-word answer teaches little for its prompt; the case asks the first one alone.
 * Chat number `index` begins with `routingQuestionAt(6 * index)`. Metric: `route`.
 */
export const routingCorpus: Corpus = {
  name: "routing",
  exampleAt(index: number, options: CorpusOptions = {}): GeneratedExample {
    const { seed = 0, split = "train" } = options;
    const turns = new Random(seed).fork("routing chats").fork(split).fork(index).integer(1, MOST_TURNS);
    const questions = Array.from({ length: turns }, (_, turn) => routingQuestionAt(MOST_TURNS * index + turn, options));
    const [{ question, route }, ...others] = questions;
    const messages = [
      ...toRoutingChat(question),
      answerOf(route),
      ...others.flatMap(({ question, route }) => [{ role: "user", content: question }, answerOf(route)]),
    ];
    const grade = (reply: string) => ({ route: reply.trim() === route ? 1 : 0 });
    return { kind: route, messages, cases: [{ messages: toRoutingChat(question), reference: route, grade }] };
  },
};

function answerOf(route: Route): ChatMessage {
  return { role: "assistant", content: route };
}

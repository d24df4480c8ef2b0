/** One question, with each piece as it comes: for a service and for whoever watches. */
import type { SearchResult } from "../data/mod.ts";
import { type Completion, Decoder, PrefixCache, streamGenerate } from "../models/mod.ts";
import { type AnswerOptions, drawing, openDialogues, requestOf, turnSeed } from "./answer_questions.ts";
import type { RetrieverAnswer } from "./dialogue.ts";
import type { Repair } from "./read_turn.ts";

/**
 * A piece of an answer. `text` is what the model draws, tags included, as it is drawn; what of it is repaired is told after
 * it. `answer` comes last and once.
 */
export type AnswerEvent =
  | { type: "text"; text: string }
  | { type: "repairs"; repairs: Repair[] }
  | { type: "query"; query: string }
  | { type: "found"; pages: SearchResult[] }
  | { type: "answer"; answer: RetrieverAnswer };

/**
 * Answers one question as `answerQuestions` does, with the same answer at the same seed. A consumer that stops listening stops the
 * generation.
 *
 * @throws As `answerQuestions` does.
 */
export async function* streamAnswer(question: string, options: AnswerOptions): AsyncGenerator<AnswerEvent> {
  const { model, retriever, signal } = options;
  const [dialogue] = openDialogues([question], options);
  const decoder = options.decoder ?? new Decoder(model, { adapter: options.adapter ?? null, weights: "inputs" });
  const prefixCache = new PrefixCache({ maxBytes: options.prefixCacheBytes });
  try {
    while (dialogue.state !== "over") {
      let drawn: Completion | null = null;
      const events = streamGenerate(model, {
        ...drawing(options, decoder, prefixCache),
        prompts: [dialogue.ids],
        seeds: [turnSeed(dialogue, options.seed)],
        maxNewTokens: dialogue.turnTokens,
      });
      for await (const event of events) {
        if (event.kind === "completion") drawn = event.completion;
        else if (event.textDelta !== "") yield { type: "text", text: event.textDelta };
      }
      signal?.throwIfAborted();
      const repairs = dialogue.take(drawn!);
      if (repairs.length > 0) yield { type: "repairs", repairs };
      // A search may end it, or leave room for the outcome only.
      if (dialogue.state as string !== "searching") continue;
      yield { type: "query", query: dialogue.query };
      const [found] = await retriever.find([requestOf(dialogue)], { signal });
      yield { type: "found", pages: dialogue.read(found) };
    }
  } finally {
    if (!options.decoder) await decoder.dispose();
  }
  yield { type: "answer", answer: dialogue.answer() };
}

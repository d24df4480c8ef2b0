/**
 * What a generated corpus is: an endless, seedable stream of chats whose assistant's turns are worth learning, with
 * questions to ask a model about each.
 */
import { Random, type RandomSeed } from "../../random/mod.ts";
import type { ChatMessage, ToolDefinition } from "../../tokenizer/mod.ts";

/** Training and held-out texts share no instance: no template with the same parts. */
export type Split = "train" | "test";

/** Which stream of a corpus. */
export interface CorpusOptions {
  /** Default 0. */
  seed?: RandomSeed;
  /** Default "train". */
  split?: Split;
}

/** One chat of a corpus. */
export interface GeneratedExample {
  /** Which sort of text it is within its corpus, such as "no tool". */
  kind: string;
  /**
   * The conversation, with right turns of the assistant. What stands between `<query_res>` and `</query_res>` in them is
   * what a search gave: it is read and never learned.
   */
  messages: ChatMessage[];
  /** Tools that are offered in it. */
  tools?: ToolDefinition[];
  /** Indexes of assistant's messages that are read and not learned, such as a mistake that is mended afterwards. */
  notLearned?: readonly number[];
  /** Questions to a model, from this chat. Empty where the text is only for reading. */
  cases: GradedCase[];
}

/** A question to a model and how its reply is judged. */
export interface GradedCase {
  messages: ChatMessage[];
  tools?: ToolDefinition[];
  /** The beginning of the assistant's turn, given to the model. */
  prefill?: string;
  /** Text that ends the reply, other than the end of the turn; it is part of the reply no more. */
  stop?: string;
  /** A right reply, as the corpus writes it: `grade(reference)` is all ones. */
  reference: string;
  /** Shares from 0 to 1 by the metric's name; only those that this case is about. A reply is what follows the prefill. */
  grade(reply: string): Record<string, number>;
}

/** A corpus by its name. */
export interface Corpus {
  name: string;
  /**
   * Number `index` of the stream: any one can be had without those before it, so a run resumes by its index.
   *
   * @throws {RangeError} When an option is out of range.
   */
  exampleAt(index: number, options?: CorpusOptions): GeneratedExample;
}

/** What was drawn, and what makes it different from others of its kind: its template and the parts that matter. */
export interface Drawn<Value> {
  instance: string;
  value: Value;
}

/** Draws again and again, from number `index` of a corpus' stream, until an instance belongs to the wanted split. */
export function drawInSplit<Value>(
  corpus: string,
  index: number,
  { seed = 0, split = "train" }: CorpusOptions,
  draw: (random: Random) => Drawn<Value>,
): Value {
  const random = new Random(seed).fork(corpus).fork(split).fork(index);
  for (;;) {
    const { instance, value } = draw(random);
    if (splitOf(`${corpus}:${instance}`) === split) return value;
  }
}

/** One instance in ten is held out, whatever the seed. */
export function splitOf(instance: string): Split {
  return new Random(instance).bits() % 10 === 0 ? "test" : "train";
}

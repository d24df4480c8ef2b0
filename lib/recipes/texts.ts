/** From recorded token ids back to texts, and whether other tools read the same tokens from them. */
import type { Tokenizer } from "../tokenizer/mod.ts";
import type { ExampleRow, PairRow, RecordedPromptRow } from "./read_run.ts";

/** A stretch of a text, all of it learned or none. */
export interface Segment {
  text: string;
  trained: boolean;
}

/** A row as text. */
export interface TextRow {
  segments: Segment[];
  /** Whether its segments, encoded each by itself, give the recorded tokens. */
  sameApart: boolean;
  /** Whether prompt and completion, encoded together, give the recorded tokens and the recorded border. */
  sameTogether: boolean;
}

/** A pair as text. */
export interface TextPair {
  prompt: string;
  chosen: string;
  rejected: string;
  sameApart: boolean;
  sameTogether: boolean;
}

/** Turns rows into texts. */
export class RowTexts {
  readonly #tokenizer: Tokenizer;
  /** The tokens that the tokenizer itself puts before a text; tools that read texts get them once more unless they are left out. */
  readonly #before: readonly number[];
  /** The text that ends a text, which tools add where it is missing. */
  readonly eos: string;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    this.#before = tokenizer.encode("", { addSpecialTokens: true });
    this.eos = tokenizer.eosTokenId === undefined ? "" : tokenizer.idToToken(tokenizer.eosTokenId) ?? "";
  }

  /** Stretches of a row. What follows the last learned one is left out: nothing learns from it. */
  row({ ids, trained }: ExampleRow): TextRow {
    const end = trained.at(-1)![1];
    const parts: { ids: number[]; trained: boolean }[] = [];
    let at = 0;
    for (const [from, to] of trained) {
      if (from > at) parts.push({ ids: ids.slice(at, from), trained: false });
      parts.push({ ids: ids.slice(from, to), trained: true });
      at = to;
    }
    const segments = parts.map((part) => ({ text: this.#tokenizer.decode(part.ids), trained: part.trained }));
    const sameApart = segments.every(({ text }, i) => same(this.#tokenizer.encode(text), parts[i].ids));
    return { segments, sameApart, sameTogether: this.#sameTogether(ids.slice(0, end), parts.map((part) => part.ids)) };
  }

  pair({ promptIds, chosenIds, rejectedIds }: PairRow): TextPair {
    const [prompt, chosen, rejected] = [promptIds, chosenIds, rejectedIds].map((ids) => this.#tokenizer.decode(ids));
    const apart = [[prompt, promptIds], [chosen, chosenIds], [rejected, rejectedIds]] as const;
    return {
      ...{ prompt, chosen, rejected },
      sameApart: apart.every(([text, ids]) => same(this.#tokenizer.encode(text), ids)),
      sameTogether: [chosenIds, rejectedIds].every((ids) =>
        this.#sameTogether([...promptIds, ...ids], [promptIds, ids])
      ),
    };
  }

  /**
   * A prompt for a tool that puts the tokenizer's own tokens before texts, and its length in tokens. A chat template has
   * written those already: they are left out.
   */
  prompt({ prompt, addSpecialTokens }: RecordedPromptRow): { text: string; bare: string; tokens: number } {
    const ids = this.#tokenizer.encode(prompt, { addSpecialTokens });
    const bare = addSpecialTokens ? this.#tokenizer.decode(this.#before) + prompt : prompt;
    return { text: addSpecialTokens ? prompt : this.withoutBefore(prompt), bare, tokens: ids.length };
  }

  /** A text without what the tokenizer will put before it. */
  withoutBefore(text: string): string {
    const before = this.#tokenizer.decode(this.#before);
    return before !== "" && text.startsWith(before) ? text.slice(before.length) : text;
  }

  /** As TRL reads texts: prompt, then prompt and completion, each with the tokenizer's own tokens, and the end added. */
  #sameTogether(ids: readonly number[], parts: readonly (readonly number[])[]): boolean {
    if (parts.length > 2) return false;
    const [prompt, completion] = parts.length === 2 ? parts : [[], parts[0]];
    const promptText = this.withoutBefore(this.#tokenizer.decode(prompt));
    const completionText = this.#tokenizer.decode(completion);
    const ended = completionText.endsWith(this.eos) ? completionText : completionText + this.eos;
    const encode = (text: string) => this.#tokenizer.encode(text, { addSpecialTokens: true });
    return same(encode(promptText + ended), ids) && (prompt.length === 0 || same(encode(promptText), prompt));
  }
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/** The text of a completion as its tokens come, cut at the first stop string. */
import { StreamDecoder, type Tokenizer } from "../../tokenizer/mod.ts";

/** How tokens become text. */
export interface TextOptions {
  /** The text ends before the first of these that it would contain, also where one spans several tokens. */
  stopStrings: readonly string[];
  /** Leave special tokens out of the text. */
  skipSpecialTokens: boolean;
}

/**
 * Decodes a completion token by token. Text that may turn out to be the start of a stop string is held back, so that what
 * was given out never has to be taken back.
 */
export class CompletionText {
  /** What was given out so far. */
  text = "";
  /** Whether a stop string was found. */
  stopped = false;
  #held = "";
  readonly #decoder: StreamDecoder;

  constructor(readonly tokenizer: Tokenizer, readonly options: TextOptions) {
    this.#decoder = new StreamDecoder(tokenizer, { skipSpecialTokens: options.skipSpecialTokens });
  }

  /** Takes the next token and returns the text that is certain with it. */
  push(id: number): string {
    // A model may have more embeddings than the tokenizer has tokens; those mean nothing.
    return this.tokenizer.idToToken(id) === undefined ? "" : this.#take(this.#decoder.push(id));
  }

  /** Ends the text and returns what was held back. */
  finish(): string {
    if (this.stopped) return "";
    const piece = this.#take(this.#decoder.flush());
    if (this.stopped) return piece;
    const rest = this.#held;
    this.#held = "";
    this.text += rest;
    return piece + rest;
  }

  #take(piece: string): string {
    if (this.stopped || piece === "") return "";
    const text = this.#held + piece;
    let end = text.length;
    for (const stop of this.options.stopStrings) {
      const found = text.indexOf(stop);
      if (found >= 0 && found <= end) [end, this.stopped] = [found, true];
    }
    if (!this.stopped) end -= longestStart(text, this.options.stopStrings);
    this.#held = this.stopped ? "" : text.slice(end);
    this.text += text.slice(0, end);
    return text.slice(0, end);
  }
}

/** The length of the longest end of `text` that a stop string starts with. */
function longestStart(text: string, stopStrings: readonly string[]): number {
  let longest = 0;
  for (const stop of stopStrings) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}

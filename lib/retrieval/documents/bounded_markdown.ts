/** marked's tokenizer with bounds: without them some short texts take it minutes. */
import { Tokenizer, type Tokens } from "marked";

/** What stands deeper in lists and quotes is text. */
const DEEPEST = 64;
/** A heading that is underlined is no longer than that; to look for the line below it takes as long as the paragraph is. */
const LONGEST_HEADING = 2000;
/** What of a list is longer goes on as another one: a line of an item may cost as much as all before it. */
const LONGEST_LIST = 100_000;
/** The same for quotes, where each line without `>` costs as much as all that follow. */
const LONGEST_QUOTE = 20_000;

/** Reads what marked's own reads, but for these bounds. Make one for each text. */
export class BoundedTokenizer extends Tokenizer {
  #depth = 0;

  override list(src: string): Tokens.List | undefined {
    return this.#inside(() => super.list(firstLines(src, LONGEST_LIST)));
  }

  override blockquote(src: string): Tokens.Blockquote | undefined {
    return this.#inside(() => super.blockquote(firstLines(src, LONGEST_QUOTE)));
  }

  override lheading(src: string): Tokens.Heading | undefined {
    return super.lheading(firstLines(src, LONGEST_HEADING));
  }

  #inside<Token>(read: () => Token | undefined): Token | undefined {
    if (this.#depth >= DEEPEST) return undefined;
    this.#depth++;
    try {
      return read();
    } finally {
      this.#depth--;
    }
  }
}

/** Whole lines of at most so many characters; the start of the first where it alone is longer. */
function firstLines(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = text.lastIndexOf("\n", length - 1);
  return text.slice(0, end < 0 ? length : end + 1);
}

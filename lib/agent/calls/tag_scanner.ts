/** What a tag means. */
export type TagName = "call" | "end of call" | "think" | "end of think" | "tool code";

export const CALL_TAG = "<tool_call>";
export const CALL_END_TAG = "</tool_call>";
export const FENCE = "```";
const TOOL_CODE_FENCE = "```tool_code";

const TAGS: readonly (readonly [string, TagName])[] = [
  [CALL_TAG, "call"],
  [CALL_END_TAG, "end of call"],
  ["<think>", "think"],
  ["</think>", "end of think"],
];

/** Quotes that a tag is only spoken of in. */
const CLOSING_QUOTES: ReadonlyMap<string, string> = new Map(Object.entries({
  "`": "`",
  '"': '"',
  "'": "'",
  "“": "”",
  "‘": "’",
}));

/** Half a tag of so many characters at the end of a reply is a tag that was cut off, and no text. */
const CLEARLY_A_TAG = 6;

/** What a character brought. */
export interface Scanned {
  tag: TagName;
  /** Whether the character stands after the tag, and is to be read again as what it is there. */
  reread: boolean;
}

/**
 * Finds the tags in one stream of text and gives out all the rest, as early as it can be known to be no tag: at most the
 * beginning of one tag is held back. What is given out never holds a tag, not even one that comes together when another
 * is taken out of its middle. Two exceptions are text: a tag between quotes, with a space or a bracket before them
 * (`<tool_call>` in an explanation), and the fence of `tool_code` where no line begins.
 */
export class TagScanner {
  /** What was given out and not taken yet. */
  #out = "";
  /** The longest end of all text that begins a tag; its last `#held` characters are not given out. */
  #match = "";
  #held = 0;
  /** The longest end of what was given out that begins a tag: half a tag whose other half is no text either. */
  #shownMatch = "";
  /** The last two characters given out. */
  #last = "";
  #isLineStart = true;
  /** A whole tag, held back until the next character tells whether it is one. */
  #undecided: TagName | null = null;
  /** Whether white space is being dropped, and what stands for it if text follows and text went before. */
  #skips = false;
  #gap = "";
  readonly #hasFences: boolean;

  /** @param hasFences Whether the fence of `tool_code` counts. */
  constructor(hasFences: boolean) {
    this.#hasFences = hasFences;
  }

  /** Text that may be shown, since the last time. */
  take(): string {
    const out = this.#out;
    this.#out = "";
    return out;
  }

  /** From here white space is dropped; where it keeps words apart, one character is left of it. */
  skipSpace(): void {
    this.#skips = true;
    this.#gap = "";
    this.#isLineStart = true;
  }

  /** Reads a character; the tag that ends at it or before it, or null. */
  push(ch: string): Scanned | null {
    if (this.#undecided !== null) {
      const tag = this.#undecided;
      this.#undecided = null;
      if (!this.#isText(tag, ch)) return this.#found(tag, true);
      this.#show(this.#match);
      this.#match = "";
      this.#held = 0;
    }
    if (this.#skips) {
      if (isSpace(ch)) {
        if (this.#last !== "" && !isSpace(this.#last[this.#last.length - 1])) {
          this.#gap = ch === "\n" || this.#gap === "\n" ? "\n" : " ";
        }
        return null;
      }
      this.#skips = false;
    }
    if (this.#match === "" && ch !== "<" && ch !== "`") {
      this.#show(ch);
      this.#shownMatch = "";
      return null;
    }
    const text = this.#match + ch;
    const tag = tagOf(text);
    if (tag !== null) {
      if (this.#held + 1 < text.length) return this.#drop(); // its first half was shown already
      this.#match = text;
      this.#held = text.length;
      if (tag !== "tool code" && !CLOSING_QUOTES.has(this.#last.slice(-1))) return this.#found(tag, false);
      this.#undecided = tag;
      return null;
    }
    const match = this.#longestMatch(text);
    const shown = text.length - match.length;
    const before = this.#match.length - this.#held;
    if (shown > before) {
      this.#show(text.slice(before, shown));
      this.#shownMatch = longestBeginning(text.slice(0, shown));
    }
    this.#held = match.length - Math.max(0, before - shown);
    this.#match = match;
    return null;
  }

  /** The stream has ended: what was held back is text, a tag, or the half of one (`cut`), which is dropped. */
  end(): { tag: TagName } | { cut: string } | null {
    const tag = this.#undecided;
    if (tag !== null) {
      this.#undecided = null;
      this.#found(tag, false);
      return { tag };
    }
    const held = this.#match.slice(this.#match.length - this.#held);
    this.#match = "";
    this.#held = 0;
    if (held.length >= CLEARLY_A_TAG) return { cut: held };
    this.#show(held);
    return null;
  }

  /** Whether a whole tag is only text, with what comes after it. */
  #isText(tag: TagName, next: string): boolean {
    if (tag === "tool code") return !isSpace(next);
    const before = this.#last.slice(0, -1);
    const isOpening = before === "" || isSpace(before) || before === "(" || before === "[";
    return isOpening && CLOSING_QUOTES.get(this.#last.slice(-1)) === next;
  }

  #found(tag: TagName, reread: boolean): Scanned {
    this.#drop();
    return { tag, reread };
  }

  /** Throws away what is held back. */
  #drop(): null {
    this.#match = this.#shownMatch;
    this.#held = 0;
    return null;
  }

  #show(more: string): void {
    if (more === "") return;
    const text = this.#gap + more;
    this.#gap = "";
    this.#out += text;
    this.#last = (this.#last + text).slice(-2);
    for (let at = 0; at < text.length; at++) {
      const ch = text[at];
      if (ch === "\n") this.#isLineStart = true;
      else if (ch !== " " && ch !== "\t") this.#isLineStart = false;
    }
  }

  /** The longest end of a text that begins a tag: a fence only where a line does. */
  #longestMatch(text: string): string {
    if (text.startsWith("`")) {
      if (text.length > 1) return TOOL_CODE_FENCE.startsWith(text) ? text : longestBeginning(text);
      return this.#hasFences && this.#isLineStart ? text : "";
    }
    return longestBeginning(text);
  }
}

function tagOf(text: string): TagName | null {
  if (text === TOOL_CODE_FENCE) return "tool code";
  if (!text.endsWith(">")) return null;
  return TAGS.find(([tag]) => tag === text)?.[1] ?? null;
}

/** The longest end of a text that begins one of the tags in angle brackets. */
function longestBeginning(text: string): string {
  // No tag has a second "<", so only the last one can begin a match.
  const at = text.lastIndexOf("<");
  if (at < 0) return "";
  const end = text.slice(at);
  return TAGS.some(([tag]) => tag.startsWith(end)) ? end : "";
}

/** White space as JSON has it. */
export function isSpace(ch: string): boolean {
  return ch === " " || ch === "\n" || ch === "\r" || ch === "\t";
}

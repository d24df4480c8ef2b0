import { quoted, toNumber, wordProblem } from "./plain_values.ts";

/** An object as it was read: own keys only, no prototype. */
export type JsonObject = Record<string, unknown>;

type Container = JsonObject | unknown[];

interface Frame {
  container: Container;
  /** Of the value that is being read; objects only. */
  key: string;
}

type Expected = "object" | "key or end" | "key" | "colon" | "value" | "value or end" | "comma or end" | "nothing";

/** Objects and arrays inside each other at most. */
export const MAX_DEPTH = 64;

/**
 * Reads one JSON object (RFC 8259, strictly) character by character and finds what is wrong at the very character, in words
 * that a language model can act on. Other than `JSON.parse`: objects have no prototype, a key written twice and the key
 * `__proto__` are refused, and numbers that would lose digits stay text. No number of characters is read twice.
 */
export class JsonObjectReader {
  /** The object, as far as it is read; null before its brace. */
  root: JsonObject | null = null;
  #frames: Frame[] = [];
  #expected: Expected = "object";
  #objects = 0;
  /** Whether a string is open. */
  #inString = false;
  #isEscaped = false;
  /** The string, number or word that is being read, as written. */
  #token = "";

  /** Whether the last brace was read. */
  get isWhole(): boolean {
    return this.#expected === "nothing";
  }

  /** Whether the next character stands in a string. */
  get inString(): boolean {
    return this.#inString;
  }

  /**
   * Reads the next character; not to be called when the object is whole.
   *
   * @returns What is wrong, or null. After a problem the reader is of no more use, but for `root`.
   */
  push(ch: string): string | null {
    if (this.#inString) return this.#readString(ch);
    if (isTokenCharacter(ch)) {
      if (this.#token === "" && !this.#wantsValue) return this.#misplaced(ch);
      this.#token += ch;
      return null;
    }
    const problem = this.#endToken();
    if (problem !== null) return problem;
    if (ch === " " || ch === "\n" || ch === "\r" || ch === "\t") return null;
    return this.#readSign(ch);
  }

  /**
   * Closes what is open, where only braces are missing and there is one way to read it: when the object and one object in it
   * are all there are. Otherwise a brace could have been lost in several places.
   *
   * @returns Whether the object is whole now.
   */
  closeLostBraces(): boolean {
    if (this.#inString || this.#endToken() !== null) return false;
    if (this.#expected !== "comma or end" || this.#objects > 2) return false;
    if (this.#frames.some(({ container }) => Array.isArray(container))) return false;
    this.#frames = [];
    this.#expected = "nothing";
    return true;
  }

  get #wantsValue(): boolean {
    return this.#expected === "value" || this.#expected === "value or end";
  }

  #readString(ch: string): string | null {
    if (ch < " ") {
      return `a string runs over ${
        ch === "\n" || ch === "\r" ? "the end of its line" : "a control character"
      }: close it ` +
        'with ", or write \\n for a line break';
    }
    if (ch !== '"' || this.#isEscaped) {
      this.#isEscaped = ch === "\\" && !this.#isEscaped;
      this.#token += ch;
      return null;
    }
    this.#inString = false;
    const text = this.#token;
    this.#token = "";
    let value: string;
    try {
      value = JSON.parse(`"${text}"`);
    } catch {
      return 'a string holds an escape that JSON has not: expected \\", \\\\, \\/, \\n, \\t, \\r, \\b, \\f or \\u and four digits';
    }
    return this.#expected === "key" || this.#expected === "key or end" ? this.#takeKey(value) : this.#take(value);
  }

  #takeKey(key: string): string | null {
    const frame = this.#frames[this.#frames.length - 1];
    if (key === "__proto__") return 'the key "__proto__" is not allowed';
    if (Object.hasOwn(frame.container, key)) return `the key ${quoted(key)} is written twice: expected it once`;
    frame.key = key;
    this.#expected = "colon";
    return null;
  }

  /** Puts a value where it belongs. */
  #take(value: unknown): null {
    const frame = this.#frames[this.#frames.length - 1];
    if (Array.isArray(frame.container)) frame.container.push(value);
    else frame.container[frame.key] = value;
    this.#expected = "comma or end";
    return null;
  }

  #readSign(ch: string): string | null {
    switch (this.#expected) {
      case "object":
        if (ch === "{") return this.#open(Object.create(null));
        return this.#misplaced(ch);
      case "colon":
        if (ch !== ":") return `expected : after a key, found ${quoted(ch)}`;
        this.#expected = "value";
        return null;
      case "key":
      case "key or end":
        if (ch === '"') return this.#openString();
        if (ch === "}" && this.#expected === "key or end") return this.#close(ch);
        if (ch === "}") return "a comma stands before }: leave it out";
        return this.#misplaced(ch);
      case "value":
      case "value or end":
        if (ch === '"') return this.#openString();
        if (ch === "{") return this.#open(Object.create(null));
        if (ch === "[") return this.#open([]);
        if (ch === "]" && this.#expected === "value or end") return this.#close(ch);
        if (ch === "]") return "a comma stands before ]: leave it out";
        return this.#misplaced(ch);
      default:
        if (ch === ",") {
          this.#expected = Array.isArray(this.#frames[this.#frames.length - 1].container) ? "value" : "key";
          return null;
        }
        return this.#close(ch);
    }
  }

  #openString(): null {
    this.#inString = true;
    this.#isEscaped = false;
    return null;
  }

  #open(container: Container): string | null {
    if (this.#frames.length === MAX_DEPTH) return `more than ${MAX_DEPTH} objects or lists inside each other`;
    if (this.#frames.length > 0) this.#take(container);
    this.#frames.push({ container, key: "" });
    if (Array.isArray(container)) {
      this.#expected = "value or end";
    } else {
      this.root ??= container;
      this.#objects++;
      this.#expected = "key or end";
    }
    return null;
  }

  #close(ch: string): string | null {
    const { container } = this.#frames[this.#frames.length - 1];
    const end = Array.isArray(container) ? "]" : "}";
    if (ch !== end) return this.#misplaced(ch, `expected , or ${end}`);
    this.#frames.pop();
    this.#expected = this.#frames.length > 0 ? "comma or end" : "nothing";
    return null;
  }

  /** Takes the number or word that was being read. */
  #endToken(): string | null {
    const token = this.#token;
    if (token === "") return null;
    this.#token = "";
    if (token === "true" || token === "false") return this.#take(token === "true");
    if (token === "null") return this.#take(null);
    if (NUMBER.test(token)) return this.#take(toNumber(token));
    return wordProblem(token);
  }

  #misplaced(ch: string, expected = EXPECTED[this.#expected]): string {
    if (ch === "/" || ch === "#") return "JSON has no comments: leave them out";
    if (this.#expected !== "object" && QUOTES.includes(ch)) {
      return `${expected}, found ${quoted(ch)}: strings and keys stand in double quotes`;
    }
    return `${expected}, found ${quoted(ch)}`;
  }
}

const EXPECTED: Readonly<Record<Expected, string>> = {
  "object": "expected an object, which begins with {",
  "key or end": "expected a key in double quotes or }",
  "key": "expected a key in double quotes",
  "colon": "expected : after a key",
  "value": "expected a value",
  "value or end": "expected a value or ]",
  "comma or end": "expected a comma or the end",
  "nothing": "expected nothing more",
};

/** Quotes that models write where JSON has double ones. */
const QUOTES = "'`‘’“”";

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Whether it can stand in a number or in a word such as `true`. */
function isTokenCharacter(ch: string): boolean {
  const code = ch.charCodeAt(0);
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) ||
    ch === "-" || ch === "+" || ch === "." || ch === "_";
}

/**
 * A text that is one JSON object, with white space around it at most.
 *
 * @returns The object, or what is wrong.
 */
export function readJsonObject(text: string): { value: JsonObject } | { problem: string } {
  const reader = new JsonObjectReader();
  for (let at = 0; at < text.length; at++) {
    if (reader.isWhole) {
      if (text.slice(at).trim() !== "") return { problem: "more follows after the object: expected nothing" };
      break;
    }
    const ch = text[at];
    if (reader.root === null && ch === "\ufeff") continue;
    const problem = reader.push(ch);
    if (problem !== null) return { problem };
  }
  return reader.isWhole && reader.root !== null ? { value: reader.root } : { problem: "the object is not closed" };
}

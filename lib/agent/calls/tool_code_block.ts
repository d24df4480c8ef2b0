import { type Block, type BlockStep, type Found, RawText } from "./block.ts";
import { type ParameterNames, readPythonCalls } from "./python_calls.ts";
import { TOO_LONG } from "./read_call.ts";
import { FENCE } from "./tag_scanner.ts";
import { MAX_CALL_CHARACTERS, MAX_RAW_CHARACTERS } from "./tool_call.ts";

/**
 * Reads what follows the fence of `tool_code`: calls as Python writes them, up to a closing fence outside of strings. A
 * string ends with its line at the latest, and where it ends so, a fence in it was the closing one.
 */
export class ToolCodeBlock implements Block {
  rest = "";
  #found: Found[] = [];
  #text = "";
  #raw = new RawText();
  #backticks = 0;
  /** The quote of the string that is open, or "". */
  #quote = "";
  #isEscaped = false;
  /** Whether quotes on the rest of the line mean nothing. */
  #isComment = false;
  /** Where a fence in the string that is open ends, in the text; -1 without one. */
  #fenceInString = -1;
  readonly #parameterNames: ParameterNames | undefined;

  constructor(parameterNames?: ParameterNames) {
    this.#parameterNames = parameterNames;
  }

  take(): readonly Found[] {
    const found = this.#found;
    if (found.length > 0) this.#found = [];
    return found;
  }

  push(ch: string): BlockStep {
    this.#raw.push(ch);
    const isTooLong = this.#raw.length > MAX_CALL_CHARACTERS;
    if (isTooLong && this.#text !== "") {
      this.#text = "";
      this.#found.push({ raw: this.#raw.text(), ...TOO_LONG });
    }
    if (!isTooLong) this.#text += ch;
    this.#backticks = ch === "`" ? this.#backticks + 1 : 0;
    const isFence = this.#backticks === FENCE.length;
    if (isFence) this.#backticks = 0;
    // Once it is thrown away, nothing is known of strings.
    if (isTooLong) return isFence ? "closed" : "more";
    if (ch === "\n") {
      if (this.#quote !== "" && this.#fenceInString >= 0) return this.#closeAt(this.#fenceInString);
      this.#quote = "";
      this.#isComment = false;
      this.#fenceInString = -1;
    } else if (isFence) {
      if (this.#quote === "") return this.#closeAt(this.#text.length);
      if (this.#fenceInString < 0) this.#fenceInString = this.#text.length;
    } else if (!this.#isComment) this.#followString(ch);
    return "more";
  }

  end(): void {
    if (this.#raw.length > MAX_CALL_CHARACTERS) return;
    if (this.#quote !== "" && this.#fenceInString >= 0) return void this.#closeAt(this.#fenceInString);
    this.#give(this.#text, false);
  }

  #followString(ch: string): void {
    if (this.#quote === "") {
      // A backslash belongs into strings: whatever follows it is no call, so the rest of the line is not followed either.
      if (ch === "#" || ch === "\\") this.#isComment = true;
      else if (ch === '"' || ch === "'") this.#quote = ch;
      this.#isEscaped = false;
    } else if (ch === this.#quote && !this.#isEscaped) {
      this.#quote = "";
      this.#fenceInString = -1;
    } else {
      this.#isEscaped = ch === "\\" && !this.#isEscaped;
    }
  }

  /** The block ends with the fence that ends here. */
  #closeAt(end: number): BlockStep {
    this.rest = this.#text.slice(end);
    this.#give(this.#text.slice(0, end - FENCE.length), true);
    return "closed";
  }

  #give(text: string, isClosed: boolean): void {
    const { calls, wrong } = readPythonCalls(text, this.#parameterNames);
    calls.forEach((call, index) => {
      const isLast = !isClosed && wrong === undefined && index === calls.length - 1;
      this.#found.push(isLast ? { ...call, mended: ["lost closing tag"] } : call);
    });
    if (wrong !== undefined) {
      const { at, name, problem, isUnfinished } = wrong;
      const raw = text.slice(at, at + MAX_RAW_CHARACTERS);
      const named = name === undefined ? {} : { name };
      this.#found.push(
        isUnfinished && !isClosed
          ? { raw, ...named, kind: "unclosed", problem: "the reply ended within the call: write it whole" }
          : { raw, ...named, kind: "not a call", problem },
      );
    } else if (calls.length === 0) {
      const problem = 'no call stands in the block: expected one such as weather(city="Oslo")';
      this.#found.push({ raw: "", kind: isClosed ? "not a call" : "unclosed", problem });
    }
  }
}

import { type Block, type BlockStep, type Found, RawText, TagMatch } from "./block.ts";
import { JsonObjectReader } from "./json_object_reader.ts";
import { nameIn, readCall, TOO_LONG } from "./read_call.ts";
import { CALL_END_TAG, CALL_TAG, isSpace } from "./tag_scanner.ts";
import { type InvalidCall, MAX_CALL_CHARACTERS, type MendedPart } from "./tool_call.ts";

/**
 * - "json": the object is being read, or white space before it.
 * - "after": it is whole; what comes next decides.
 * - "wrong": something was wrong; all up to the next tag belongs to the invalid call.
 */
type State = "json" | "after" | "wrong";

/**
 * Reads what follows `<tool_call>`: one JSON object, and the closing tag. A tag in a string of the object is text.
 *
 * Where the tag came without the quote that should close a string, the call seems to go on. So the first closing tag in a
 * string is remembered, and when the object turns out wrong, the call ended there and what follows is read again. That
 * happens once to a character at most: read again, it stands in a string where it did not before, and the other way
 * round, so that no tag is in a string both times.
 */
export class JsonBlock implements Block {
  rest = "";
  #state: State = "json";
  #json = new JsonObjectReader();
  #found: Found[] = [];
  #raw = new RawText();
  /** What was written up to the object's end. */
  #wholeRaw = "";
  /** A tag outside of strings, as far as it came. */
  #tag = "";
  #problem: { kind: InvalidCall["kind"]; problem: string } | null = null;
  #hasExtraBrace = false;
  /** Whether the invalid call was given out before its end. */
  #isReported = false;
  readonly #endInString = new TagMatch(CALL_END_TAG);
  /** What came after the first closing tag in a string; null before one. */
  #afterEndTag: string | null = null;
  readonly #anyEnd = new TagMatch(CALL_END_TAG);
  readonly #anyStart = new TagMatch(CALL_TAG);

  take(): readonly Found[] {
    const found = this.#found;
    if (found.length > 0) this.#found = [];
    return found;
  }

  push(ch: string): BlockStep {
    this.#raw.push(ch);
    if (this.#afterEndTag !== null && this.#state === "json") this.#afterEndTag += ch;
    if (this.#state === "wrong") return this.#pass(ch);
    if (this.#raw.length > MAX_CALL_CHARACTERS && this.#state === "json" && this.#tag === "") {
      return this.#fail(TOO_LONG.kind, TOO_LONG.problem, ch);
    }
    if (this.#json.inString) return this.#pushInString(ch);
    if (this.#tag !== "" || ch === "<") return this.#pushTag(ch);
    return this.#state === "after" ? this.#pushAfter(ch) : this.#pushJson(ch);
  }

  end(): void {
    if (this.#state === "after") return this.#giveCall("lost closing tag");
    if (this.#state === "json") {
      const problem = "the reply ended within the call: write it whole, with the closing tag";
      if (this.#afterEndTag !== null) return void this.#endInStringAfterAll("a string is not closed");
      this.#problem = { kind: "unclosed", problem };
    }
    this.#giveInvalid(0);
  }

  #pushInString(ch: string): BlockStep {
    const problem = this.#json.push(ch);
    if (problem !== null) return this.#fail("not json", problem, ch);
    if (this.#endInString.push(ch)) this.#afterEndTag ??= "";
    return "more";
  }

  #pushJson(ch: string): BlockStep {
    if (this.#json.root === null) {
      if (ch === "\ufeff") return "more";
      if (ch === "[") {
        return this.#fail("not a call", "found a list: expected one object between each pair of tags", ch);
      }
    }
    const problem = this.#json.push(ch);
    if (problem !== null) return this.#fail("not json", problem, ch);
    if (this.#json.isWhole) {
      this.#state = "after";
      this.#wholeRaw = this.#raw.text();
      this.#afterEndTag = null; // its strings were whole too
    }
    return "more";
  }

  /** A character of a tag outside of strings: the call's end, another call, or something wrong. */
  #pushTag(ch: string): BlockStep {
    const tag = this.#tag + ch;
    if (CALL_END_TAG.startsWith(tag) || CALL_TAG.startsWith(tag)) {
      this.#tag = tag;
      if (tag === CALL_END_TAG) return this.#close(tag);
      if (tag === CALL_TAG) return this.#reopen(tag);
      return "more";
    }
    this.#tag = "";
    if (this.#state === "after") return this.#leave(tag);
    return this.#fail("not json", "expected JSON, found < outside of a string", tag);
  }

  #close(tag: string): BlockStep {
    if (this.#state === "after") this.#giveCall();
    else if (this.#hasArguments() && this.#json.closeLostBraces()) {
      this.#wholeRaw = this.#raw.text(tag.length);
      this.#giveCall("lost brace");
    } else {
      this.#problem = {
        kind: "not json",
        problem: this.#json.root === null
          ? 'nothing stands between the tags: expected {"name": ..., "arguments": {...}}'
          : "the object is not closed before the closing tag: expected its } and nothing left out",
      };
      this.#giveInvalid(tag.length);
    }
    return "closed";
  }

  /** Whether braces are all that can be missing: what comes before the arguments' end does not. */
  #hasArguments(): boolean {
    const { root } = this.#json;
    return root !== null && nameIn(root) !== undefined &&
      (Object.hasOwn(root, "arguments") || Object.hasOwn(root, "parameters"));
  }

  #reopen(tag: string): BlockStep {
    if (this.#state === "after") this.#giveCall("lost closing tag");
    else {
      this.#problem = { kind: "unclosed", problem: "another call begins within the call: close the first one" };
      this.#giveInvalid(tag.length);
    }
    return "opened";
  }

  /** The object is whole, and this is neither white space nor a tag. */
  #pushAfter(ch: string): BlockStep {
    if (isSpace(ch)) return "more";
    if (ch === "}") {
      this.#hasExtraBrace = true;
      return "more";
    }
    if (ch === "{") {
      // Some models write several objects between one pair of tags.
      this.#giveCall();
      this.#json = new JsonObjectReader();
      this.#raw = new RawText();
      this.#raw.push(ch);
      this.#state = "json";
      return this.#pushJson(ch);
    }
    // The object goes on behind its end, so the first part of it is not what was meant.
    if (ch === "," || ch === ":" || ch === "]" || ch === '"') {
      return this.#fail("not json", "more follows after the closing brace: expected the closing tag", ch);
    }
    return this.#leave(ch);
  }

  /** The call is whole, and this is text after it. */
  #leave(text: string): BlockStep {
    this.#giveCall("lost closing tag");
    this.rest = text;
    return "closed";
  }

  /** Something is wrong at these characters, the last that came. */
  #fail(kind: InvalidCall["kind"], problem: string, last: string): BlockStep {
    if (this.#afterEndTag !== null) return this.#endInStringAfterAll(problem);
    const { before } = this.#raw;
    const where = before === "" || kind !== "not json" ? "" : `, after ${JSON.stringify(before)}`;
    this.#problem = { kind, problem: `${problem}${where}` };
    this.#state = "wrong";
    if (kind === "too long") {
      this.#giveInvalid(0);
      this.#isReported = true;
    }
    return this.#pass(last);
  }

  /** The first closing tag in a string was the call's end: a quote is missing before it. */
  #endInStringAfterAll(problem: string): BlockStep {
    this.rest = this.#afterEndTag ?? "";
    this.#problem = { kind: "not json", problem: `${problem}; the closing tag stands in a string that is not closed` };
    this.#giveInvalid(this.rest.length + CALL_END_TAG.length);
    return "closed";
  }

  /** Passes over what is wrong, up to a tag. */
  #pass(text: string): BlockStep {
    for (const ch of text) {
      const isStart = this.#anyStart.push(ch);
      if (!this.#anyEnd.push(ch) && !isStart) continue;
      if (!this.#isReported) this.#giveInvalid(isStart ? CALL_TAG.length : CALL_END_TAG.length);
      return isStart ? "opened" : "closed";
    }
    return "more";
  }

  #giveCall(...mended: MendedPart[]): void {
    const { root } = this.#json;
    if (root === null) return;
    if (this.#hasExtraBrace) mended.push("extra brace");
    this.#hasExtraBrace = false;
    const read = readCall(root);
    if ("problem" in read) {
      this.#found.push({ raw: this.#wholeRaw, ...read });
    } else {
      this.#found.push(mended.length === 0 ? read : { ...read, mended });
    }
  }

  #giveInvalid(withoutLast: number): void {
    if (this.#isReported || this.#problem === null) return;
    const name = nameIn(this.#json.root);
    this.#found.push({ raw: this.#raw.text(withoutLast), ...(name === undefined ? {} : { name }), ...this.#problem });
  }
}

/** What stands between the tags of a call. */
import type { JsonObject } from "./json_object_reader.ts";
import { type InvalidCall, MAX_RAW_CHARACTERS, type MendedPart } from "./tool_call.ts";

/** A call or an invalid one, before it has an id. */
export type Found =
  | { name: string; arguments: JsonObject; mended?: readonly MendedPart[] }
  | Omit<InvalidCall, "id">;

/** How a block goes on: with the next character, not at all, or not at all because another one begins. */
export type BlockStep = "more" | "closed" | "opened";

/** Reads what follows an opening tag, until the block is over. */
export interface Block {
  push(ch: string): BlockStep;
  /** The reply has ended within the block. */
  end(): void;
  /** Calls and invalid calls since the last time. */
  take(): readonly Found[];
  /** When the block is over: text behind its end, read too far, which is to be read again. */
  readonly rest: string;
}

/** The beginning of what was written, for an invalid call. */
export class RawText {
  /** Characters that came in all. */
  length = 0;
  #kept = "";

  push(text: string): void {
    this.length += text.length;
    if (this.#kept.length < MAX_RAW_CHARACTERS) this.#kept += text.slice(0, MAX_RAW_CHARACTERS - this.#kept.length);
  }

  /** Without the characters at the end that were no part of it. */
  text(withoutLast = 0): string {
    return this.#kept.slice(0, Math.max(0, this.length - withoutLast));
  }

  /** What stands just before the character that was read last, for messages; empty when it is not kept. */
  get before(): string {
    return this.length <= this.#kept.length ? this.#kept.slice(Math.max(0, this.length - 31), -1) : "";
  }
}

/** How far a text has followed a tag that begins with `<` and has no second one. */
export class TagMatch {
  #count = 0;
  readonly #tag: string;

  constructor(tag: string) {
    this.#tag = tag;
  }

  /** Whether the tag ends at this character. */
  push(ch: string): boolean {
    this.#count = ch === this.#tag[this.#count] ? this.#count + 1 : ch === "<" ? 1 : 0;
    if (this.#count < this.#tag.length) return false;
    this.#count = 0;
    return true;
  }
}

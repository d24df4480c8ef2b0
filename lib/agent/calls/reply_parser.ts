import type { Block } from "./block.ts";
import { JsonBlock } from "./json_block.ts";
import type { ParameterNames } from "./python_calls.ts";
import { CALL_TAG, type TagName, TagScanner } from "./tag_scanner.ts";
import { type InvalidCall, MAX_RAW_CHARACTERS, type ToolCallRequest } from "./tool_call.ts";
import { ToolCodeBlock } from "./tool_code_block.ts";

/** A piece of a reply, in the order in which it was written. */
export type ReplyPiece =
  | { type: "text"; text: string }
  | { type: "reasoning"; text: string }
  | { type: "call"; call: ToolCallRequest }
  | { type: "invalidCall"; call: InvalidCall };

export interface ReplyParserOptions {
  /** Whether the prompt ended in `<think>`, so that the reply begins with reasoning. Default false. */
  startsInReasoning?: boolean;
  /** The parameters of a tool in their order, so that `tool_code` may give values without names. Default: it may not. */
  parameterNames?: ParameterNames;
  /** The number in the id of the first call: one more than the calls that the conversation has. Default 1. */
  firstCall?: number;
}

/**
 * Reads a reply while it is written, in one pass, in linear time and with bounded memory:
 *
 *     const parser = new ReplyParser();
 *     for await (const piece of pieces) show(parser.push(piece));
 *     show(parser.end());
 *
 * Calls are `<tool_call>{"name": ..., "arguments": {...}}</tool_call>`, as Hermes and Qwen write them, and Python-like
 * calls in a fence ```` ```tool_code ````, as data. Reasoning is what stands in `<think>...</think>`. However a reply is
 * cut into pieces, the same comes of it once neighbouring pieces of text are joined. Whatever it holds, nothing throws.
 *
 * - Text without tags comes out as it is. White space after a block is dropped, but for one character between words.
 * - No tag is in the text: one that closes nothing is dropped, and half a tag at the reply's end too. Only a tag between
 *   quotes is text, since it is spoken of.
 * - A call in a code fence is a call: models put their calls in fences, and a fence that somebody forgot to close would
 *   otherwise end all calling.
 * - A call in reasoning is none, but a thought; when the reasoning never ends it is reported as unclosed.
 * - `<think>` in reasoning is dropped, since models repeat it; the first `</think>` ends the reasoning.
 */
export class ReplyParser {
  readonly #options: ReplyParserOptions;
  readonly #text = new TagScanner(true);
  readonly #reasoning = new TagScanner(false);
  /** The stream that is being read, between blocks. */
  #stream: "text" | "reasoning" = "text";
  #block: Block | null = null;
  #pieces: ReplyPiece[] = [];
  #calls = 0;
  #steps = 0;
  #hasEnded = false;
  /** The last call in the reasoning, from behind its tag on. */
  #draft: string | null = null;

  constructor(options: ReplyParserOptions = {}) {
    this.#options = options;
    if (options.startsInReasoning === true) {
      this.#stream = "reasoning";
      this.#reasoning.skipSpace();
    }
  }

  /** How many characters were looked at; those that were read again count again. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Reads the next piece of the reply.
   *
   * @returns What is certain by now; empty when it depends on what comes.
   * @throws {Error} After `end()`.
   */
  push(piece: string): ReplyPiece[] {
    if (this.#hasEnded) throw new Error("push() after end(): a reply has its own ReplyParser");
    this.#read(piece);
    return this.#take();
  }

  /** The reply has ended; the rest of what it says. */
  end(): ReplyPiece[] {
    while (!this.#hasEnded) {
      if (this.#block !== null) {
        this.#block.end();
        // What follows a block that ended earlier than it seemed is read again, and may leave another one open.
        this.#leaveBlock();
        continue;
      }
      const left = this.#scanner.end();
      this.#takeText();
      if (left !== null && "tag" in left) this.#meet(left.tag);
      else {
        if (left !== null) this.#reportCut(left.cut);
        this.#hasEnded = true;
      }
    }
    this.#reportDraft();
    return this.#take();
  }

  get #scanner(): TagScanner {
    return this.#stream === "text" ? this.#text : this.#reasoning;
  }

  #read(text: string): void {
    // A stack, so that text that is read again costs no copy of what comes after it.
    const stack = [{ text, at: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.at === top.text.length) {
        stack.pop();
        continue;
      }
      const ch = top.text[top.at++];
      this.#steps++;
      if (this.#block === null) {
        if (this.#scan(ch)) top.at--;
        continue;
      }
      const { rest } = this.#pushToBlock(ch);
      if (rest !== "") stack.push({ text: rest, at: 0 });
    }
  }

  /** Reads a character between blocks; whether it is to be read again. */
  #scan(ch: string): boolean {
    if (this.#draft !== null && this.#draft.length < MAX_RAW_CHARACTERS) this.#draft += ch;
    const scanned = this.#scanner.push(ch);
    if (scanned === null) return false;
    this.#takeText();
    this.#meet(scanned.tag);
    return scanned.reread;
  }

  #pushToBlock(ch: string): { rest: string } {
    const block = this.#block;
    const step = block?.push(ch) ?? "closed";
    if (step === "more") {
      for (const found of block?.take() ?? []) this.#give(found);
      return { rest: "" };
    }
    const rest = this.#closeBlock();
    if (step === "opened") this.#block = new JsonBlock();
    return { rest };
  }

  /** Ends the block that is open: its calls are given out, and what it read too far is returned. */
  #closeBlock(): string {
    const block = this.#block;
    this.#block = null;
    for (const found of block?.take() ?? []) this.#give(found);
    this.#scanner.skipSpace();
    return block?.rest ?? "";
  }

  #leaveBlock(): void {
    this.#read(this.#closeBlock());
  }

  /** A tag between blocks. */
  #meet(tag: TagName): void {
    if (this.#stream === "reasoning") {
      if (tag === "end of think") {
        this.#stream = "text";
        this.#draft = null;
        this.#text.skipSpace();
      } else if (tag === "call") this.#draft = "";
      else if (tag === "think") this.#reasoning.skipSpace();
      return;
    }
    switch (tag) {
      case "call":
        this.#block = new JsonBlock();
        break;
      case "tool code":
        this.#block = new ToolCodeBlock(this.#options.parameterNames);
        break;
      case "think":
        this.#stream = "reasoning";
        this.#reasoning.skipSpace();
        break;
      default: // it closes nothing
    }
  }

  /** The reply's last characters were half a tag. */
  #reportCut(cut: string): void {
    const isCall = this.#stream === "text" && (CALL_TAG.startsWith(cut) || cut.startsWith("`"));
    if (isCall) {
      this.#give({ raw: cut, kind: "unclosed", problem: "the reply ended where a call begins: write it whole" });
    }
  }

  #reportDraft(): void {
    if (this.#stream !== "reasoning" || this.#draft === null) return;
    this.#give({
      raw: this.#draft,
      kind: "unclosed",
      problem: "the call stands in reasoning that was not closed: write </think> before it",
    });
    this.#draft = null;
  }

  #give(found: DistributiveOmit<ToolCallRequest | InvalidCall, "id">): void {
    const id = `call_${(this.#options.firstCall ?? 1) + this.#calls++}`;
    this.#pieces.push(
      "arguments" in found ? { type: "call", call: { id, ...found } } : { type: "invalidCall", call: { id, ...found } },
    );
  }

  #takeText(): void {
    const text = this.#scanner.take();
    if (text !== "") this.#pieces.push({ type: this.#stream, text });
  }

  #take(): ReplyPiece[] {
    this.#takeText();
    const pieces = this.#pieces;
    this.#pieces = [];
    return joinText(pieces);
  }
}

/** Pieces of a whole reply. */
export function readReply(reply: string, options: ReplyParserOptions = {}): ReplyPiece[] {
  const parser = new ReplyParser(options);
  return joinText([...parser.push(reply), ...parser.end()]);
}

/** The same pieces with neighbours of the same kind of text made one. */
export function joinText(pieces: readonly ReplyPiece[]): ReplyPiece[] {
  const joined: ReplyPiece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (piece.type === "text" && last?.type === "text") last.text += piece.text;
    else if (piece.type === "reasoning" && last?.type === "reasoning") last.text += piece.text;
    else joined.push({ ...piece });
  }
  return joined;
}

type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

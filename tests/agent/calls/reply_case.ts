/** How a reply is written down with what is to come of it. */
import type { ReplyParserOptions, ReplyPiece } from "../../../lib/agent/calls/mod.ts";

/** A piece in short: text, reasoning in brackets, a call as `name{...}`, an invalid call as `!kind`. */
export type Short = string;

export interface ReplyCase {
  what: string;
  reply: string;
  pieces: readonly Short[];
  options?: ReplyParserOptions;
  /** Of an invalid call: what its problem says. */
  says?: RegExp;
}

/** Pieces in short, to be compared. */
export function short(pieces: readonly ReplyPiece[]): Short[] {
  return pieces.map((piece) => {
    switch (piece.type) {
      case "text":
        return piece.text;
      case "reasoning":
        return `[${piece.text}]`;
      case "call": {
        const { name, arguments: given, mended } = piece.call;
        return `${name}${JSON.stringify(given)}${mended === undefined ? "" : ` ${mended.join(", ")}`}`;
      }
      case "invalidCall":
        return `!${piece.call.kind}${piece.call.name === undefined ? "" : ` ${piece.call.name}`}`;
    }
  });
}

/** As the house model and Qwen write it. */
export const tagged = (json: string) => `<tool_call>\n${json}\n</tool_call>`;
export const fenced = (code: string) => "```tool_code\n" + code + "\n```";

/** Plain text. */
import type { BlockDraft } from "./build_document.ts";
import { cleanText } from "./clean_text.ts";
import { decodeText } from "./decode_text.ts";
import { type FoundDocument, nameOf, type ReadingInput } from "./reading.ts";

/** Paragraphs are what blank lines part. A short first line that stands alone and is no sentence is the title. */
export function readText(input: ReadingInput): FoundDocument {
  const blocks = paragraphs(decodeText(input.bytes, input.charset));
  const [first] = blocks;
  const titled = blocks.length > 1 && looksLikeTitle(first.text);
  if (titled) first.kind = "heading";
  return { title: titled ? first.text : nameOf(input.source), blocks };
}

/** The paragraphs of a plain text. */
export function paragraphs(text: string): BlockDraft[] {
  return cleanText(text)
    .split(/\n[^\S\n]*\n/)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => ({ kind: "paragraph", text: part }));
}

function looksLikeTitle(text: string): boolean {
  return text.length <= 120 && !text.includes("\n") && /\p{L}/u.test(text) && !/[.!?:;,。！？]$/u.test(text);
}

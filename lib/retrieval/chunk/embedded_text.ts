/** What an embedder reads of a chunk. */
import type { Chunk } from "./chunk.ts";

/** Bytes of UTF-8, for title and for headings: a token has at least one, so that a title in any script leaves room for text. */
const LONGEST_TITLE = 48;
const LONGEST_HEADINGS = 48;

/**
 * A chunk's text below one line that says where it stands: title and headings, shortened, without those that the text itself
 * begins with. Ingestion and search both embed exactly this.
 */
export function embeddedText(chunk: Pick<Chunk, "title" | "headings" | "text">): string {
  const place = placeOf(chunk);
  return place === "" ? chunk.text : `${place}\n${chunk.text}`;
}

function placeOf({ title, headings, text }: Pick<Chunk, "title" | "headings" | "text">): string {
  let rest = text;
  const said = (heading: string) => {
    if (!rest.startsWith(heading)) return false;
    const after = rest.slice(heading.length);
    // "Pain" is not said by "Painting".
    if (/^[\p{L}\p{M}\p{N}]/u.test(after)) return false;
    rest = after.trimStart();
    return true;
  };
  const titleSaid = title === "" || said(title);
  const path = headings.filter((heading, index) =>
    heading !== title && heading !== headings[index - 1] && !said(heading)
  );
  const parts = titleSaid ? [] : [shortened(title, LONGEST_TITLE)];
  // The nearest headings say most; there may be room for those above.
  const nearest: string[] = [];
  let left = LONGEST_HEADINGS;
  for (const heading of path.toReversed()) {
    const short = shortened(heading, left);
    if (short === "" || (short !== heading && nearest.length > 0)) break;
    nearest.unshift(short);
    left -= byteLength(short);
  }
  return [...parts, ...nearest].join(" > ");
}

/** As many whole words (or, of a long word, characters) as fit into so many bytes of UTF-8. */
function shortened(text: string, bytes: number): string {
  if (byteLength(text) <= bytes) return text;
  let end = 0;
  let left = bytes;
  for (const character of text) {
    left -= byteLength(character);
    if (left < 0) break;
    end += character.length;
  }
  const cut = text.slice(0, end);
  const words = /\s/.test(text[end]) ? cut : cut.replace(/\s+\S*$/, "");
  return (words.length > end / 2 ? words : cut).trim();
}

function byteLength(text: string): number {
  return encoder.encode(text).length;
}

const encoder = new TextEncoder();

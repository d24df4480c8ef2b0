import { characterWidth, type FontWeight } from "./font.ts";

/** Width taken for a character that the shipped font lacks: an ideograph or an emoji fills a square. */
const UNKNOWN_WIDTH = 1;

/** Width of one line of text in pixels at a font size in pixels, kerning left aside. */
export function textWidth(text: string, size: number, weight: FontWeight = "normal"): number {
  let width = 0;
  for (const character of text) width += characterWidth(character.codePointAt(0)!, weight) ?? UNKNOWN_WIDTH;
  return width * size;
}

/** The text, shortened with an ellipsis where it is wider than `maxWidth` pixels. */
export function ellipsize(text: string, maxWidth: number, size: number, weight: FontWeight = "normal"): string {
  if (textWidth(text, size, weight) <= maxWidth) return text;
  const characters = [...text];
  while (characters.length > 0 && textWidth(characters.join("").trimEnd() + "…", size, weight) > maxWidth) {
    characters.pop();
  }
  return characters.join("").trimEnd() + "…";
}

/**
 * The same from the other end, for names such as `evaluation/held_out/accuracy`, whose last part says most; text of
 * several words is shortened at its end.
 */
export function ellipsizeName(text: string, maxWidth: number, size: number): string {
  if (/\s/.test(text) || textWidth(text, size) <= maxWidth) return ellipsize(text, maxWidth, size);
  const characters = [...text];
  while (characters.length > 0 && textWidth("…" + characters.join(""), size) > maxWidth) characters.shift();
  return "…" + characters.join("");
}

/** Breaks text at spaces into at most `maxLines` lines of `maxWidth` pixels; the last ends in an ellipsis if cut. */
export function wrap(text: string, maxWidth: number, size: number, maxLines: number): string[] {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const lines: string[] = [];
  let line = "";
  for (const [index, word] of words.entries()) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || textWidth(longer, size) <= maxWidth) {
      line = longer;
      continue;
    }
    if (lines.length === maxLines - 1) {
      line = [line, ...words.slice(index)].join(" ");
      break;
    }
    lines.push(line);
    line = word;
  }
  if (line !== "") lines.push(line);
  return lines.map((each) => ellipsize(each, maxWidth, size));
}

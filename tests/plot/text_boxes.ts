import { parseHTML } from "linkedom";
import type { SvgString } from "../../lib/plot/mod.ts";
import { textWidth } from "../../lib/plot/text.ts";

/** A line of text in a drawing and the rectangle it fills, in the drawing's own pixels. */
export interface TextBox {
  text: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

interface State {
  x: number;
  y: number;
  size: number;
  anchor: string;
  bold: boolean;
}

interface Node {
  readonly nodeType: number;
  readonly localName: string;
  readonly textContent: string;
  readonly childNodes: Iterable<Node>;
  getAttribute(name: string): string | null;
}

/** Where the capitals of DejaVu Sans end above the baseline and its descenders below, as parts of the font size. */
const ASCENT = 0.73;
const DESCENT = 0.2;

/** Every line of text in the drawing, with its rectangle. */
export function textBoxes(svg: SvgString): TextBox[] {
  const { document } = parseHTML(`<html><body>${svg}</body></html>`) as unknown as {
    document: { querySelector(selector: string): Node };
  };
  const boxes: TextBox[] = [];
  visit(document.querySelector("svg"), { x: 0, y: 0, size: 16, anchor: "start", bold: false }, boxes);
  return boxes;
}

/** Pairs of texts that cover each other. */
export function overlaps(boxes: readonly TextBox[]): string[] {
  const found: string[] = [];
  boxes.forEach((a, i) => {
    for (const b of boxes.slice(0, i)) {
      // Rectangles that only touch are apart for the eye: half a pixel of rounding is no overlap.
      const apart = a.left >= b.right - 0.5 || b.left >= a.right - 0.5 || a.top >= b.bottom - 0.5 ||
        b.top >= a.bottom - 0.5;
      if (!apart) found.push(`"${b.text}" and "${a.text}"`);
    }
  });
  return found;
}

function visit(node: Node, outer: State, boxes: TextBox[]): void {
  const size = Number.parseFloat(node.getAttribute("font-size") ?? "") || outer.size;
  const length = (name: string) => pixels(node.getAttribute(name), size);
  const [dx, dy] = /translate\(([^)]*)\)/.exec(node.getAttribute("transform") ?? "")?.[1].split(/[ ,]+/).map(Number) ??
    [0, 0];
  const state: State = {
    size,
    anchor: node.getAttribute("text-anchor") ?? outer.anchor,
    bold: outer.bold || node.getAttribute("font-weight") === "bold",
    x: outer.x + dx,
    y: outer.y + dy,
  };
  if (node.localName === "svg" || node.localName === "text") {
    state.x += length("x");
    state.y += length("y") + length("dy");
  }
  const elements = [...node.childNodes].filter((child) => child.nodeType === 1);
  let line = state.y;
  for (const child of elements) {
    if (child.localName !== "tspan") {
      visit(child, state, boxes);
      continue;
    }
    // A line starts at its own `y`, or `dy` below the one before.
    const y = child.getAttribute("y");
    line = (y === null ? line : outer.y + dy + pixels(y, size)) + pixels(child.getAttribute("dy"), size);
    visit(child, { ...state, y: line }, boxes);
  }
  const isText = node.localName === "text" || node.localName === "tspan";
  // The parser makes several text nodes of one text with entities in it.
  if (isText && elements.length === 0 && node.textContent.trim() !== "") boxes.push(boxOf(node.textContent, state));
}

function boxOf(text: string, { x, y, size, anchor, bold }: State): TextBox {
  const width = textWidth(text, size, bold ? "bold" : "normal");
  const left = anchor === "end" ? x - width : anchor === "middle" ? x - width / 2 : x;
  return { text, left, right: left + width, top: y - ASCENT * size, bottom: y + DESCENT * size };
}

function pixels(value: string | null, size: number): number {
  if (value === null) return 0;
  const number = Number.parseFloat(value) || 0;
  return value.endsWith("em") ? number * size : number;
}

import assert from "node:assert/strict";
import { Resvg } from "@resvg/resvg-js";
import type { SvgString } from "../../lib/plot/mod.ts";

/**
 * Fails unless the drawing is one that can be shown: XML that a strict parser takes (the PNG renderer's own), every
 * coordinate a number, no element of a browser's page.
 */
export function assertDrawing(svg: SvgString, name: string): void {
  try {
    new Resvg(svg, { font: { loadSystemFonts: false } });
  } catch (error) {
    assert.fail(`${name}: ${error}\n${svg.slice(0, 500)}`);
  }
  const markup = svg.replace(/>[^<]*</g, "><").replace(/aria-label="[^"]*"/g, "");
  assert.doesNotMatch(markup, /NaN|Infinity|undefined|null/, name);
  assert.doesNotMatch(markup, /<(?:style|script|figure|div|canvas)/, name);
}

/** Texts in the drawing as a reader sees them, in order. */
export function texts(svg: SvgString): string[] {
  return [...svg.matchAll(/<(?:text|tspan)\b[^>]*>([^<]+)</g)].map(([, text]) =>
    text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&")
  );
}

/** Circles of a radius. */
export function circles(svg: SvgString, radius: number): string[] {
  return [...svg.matchAll(/<circle\b[^>]*>/g)].map(([circle]) => circle).filter((circle) =>
    circle.includes(` r="${radius}"`)
  );
}

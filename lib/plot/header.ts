import { element, escapeXml } from "./svg.ts";
import { ellipsize, textWidth, wrap } from "./text.ts";
import { theme } from "./theme.ts";

/** One entry of a legend: a name and how its series is drawn. */
export interface LegendEntry {
  label: string;
  color: string;
  /** A line, a line with dots on it, light dots under a line, a translucent band, or a filled square. */
  shape: "line" | "dotted line" | "points and line" | "band" | "square";
  /** SVG stroke-dasharray. */
  dash?: string;
}

/** What stands above a drawing. */
export interface Header {
  title?: string;
  subtitle?: string;
  /** A short text at the right of the title, such as the latest value. */
  note?: string;
  legend?: readonly LegendEntry[];
}

const { colors, sizes, strokes } = theme;
const SWATCH = 18;
const LEGEND_ROW = 18;
const LEGEND_LABEL_WIDTH = 230;

/**
 * Title, subtitle and legend as markup, from the top edge of the area given.
 *
 * @returns the markup and the height in pixels it takes, 0 when there is nothing to show
 */
export function drawHeader(
  header: Header,
  area: { x: number; y: number; width: number },
  titleSize: number = sizes.title,
): { markup: string; height: number } {
  let markup = "";
  let y = area.y;
  const noteWidth = header.note ? textWidth(header.note, sizes.small) + 16 : 0;
  if (header.note) {
    markup += textElement(header.note, area.x + area.width, y + titleSize * 0.8, {
      "font-size": sizes.small,
      fill: colors.muted,
      "text-anchor": "end",
    });
  }
  if (header.title) {
    const title = ellipsize(header.title, area.width - noteWidth, titleSize, "bold");
    markup += textElement(title, area.x, y + titleSize * 0.8, {
      "font-size": titleSize,
      "font-weight": "bold",
      fill: colors.ink,
    });
  }
  if (header.title || header.note) y += titleSize + 5;
  for (const line of wrap(header.subtitle ?? "", area.width, sizes.subtitle, 2)) {
    markup += textElement(line, area.x, y + sizes.subtitle * 0.85, {
      "font-size": sizes.subtitle,
      fill: colors.muted,
    });
    y += sizes.subtitle + 4.5;
  }
  if (header.legend?.length) {
    const legend = drawLegend(header.legend, { ...area, y: y + 4 });
    markup += legend.markup;
    y += 4 + legend.height;
  }
  return { markup, height: y - area.y };
}

/** Legend entries in reading order, on as many rows as they need. */
function drawLegend(
  entries: readonly LegendEntry[],
  area: { x: number; y: number; width: number },
): { markup: string; height: number } {
  let markup = "";
  let x = area.x;
  let y = area.y;
  const labelWidth = Math.min(LEGEND_LABEL_WIDTH, area.width - SWATCH - 6);
  for (const entry of entries) {
    const label = ellipsize(entry.label, labelWidth, sizes.small);
    const width = SWATCH + 6 + textWidth(label, sizes.small);
    if (x > area.x && x + width > area.x + area.width) {
      x = area.x;
      y += LEGEND_ROW;
    }
    const middle = y + LEGEND_ROW / 2;
    markup += swatch(entry, x, middle);
    markup += textElement(label, x + SWATCH + 6, middle + sizes.small * 0.36, {
      "font-size": sizes.small,
      fill: colors.ink,
    });
    x += width + 16;
  }
  return { markup, height: y + LEGEND_ROW - area.y };
}

function swatch({ shape, color, dash }: LegendEntry, x: number, y: number): string {
  if (shape === "square") return element("rect", { x: x + 4, y: y - 5, width: 10, height: 10, rx: 2, fill: color });
  if (shape === "band") {
    return element("rect", { x, y: y - 5, width: SWATCH, height: 10, fill: color, "fill-opacity": "0.2" });
  }
  const line = element("line", {
    x1: x,
    x2: x + SWATCH,
    y1: y,
    y2: y,
    stroke: color,
    "stroke-width": String(strokes.smooth),
    "stroke-dasharray": dash,
  });
  const dot = (cx: number, cy: number, r: number, opacity?: string) =>
    element("circle", { cx, cy, r, fill: color, "fill-opacity": opacity });
  if (shape === "line") return line;
  if (shape === "dotted line") return line + dot(x + SWATCH / 2, y, strokes.markRadius);
  return dot(x + 3, y - 4, 1.6, "0.45") + dot(x + 9, y + 4, 1.6, "0.45") + dot(x + 15, y - 4, 1.6, "0.45") + line;
}

/** One line of text; `y` is its baseline. */
export function textElement(
  text: string,
  x: number,
  y: number,
  values: Record<string, string | number | undefined>,
): string {
  return element("text", { x, y, ...values }, escapeXml(text));
}

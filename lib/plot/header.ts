import { element, escapeXml } from "./svg.ts";
import { ellipsize, textWidth, wrap } from "./text.ts";
import { theme } from "./theme.ts";

/** One entry of a legend: a name and how its series is drawn. */
export interface LegendEntry {
  label: string;
  color: string;
  /**
   * A line, a line with dots on it, a line with a faint one behind it, a translucent band, a filled square, or all
   * colours of the ramp.
   */
  shape: "line" | "dotted line" | "smoothed line" | "band" | "square" | "ramp";
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
/** Width in pixels of one colour of the ramp. */
const RAMP_STEP = 12;
const LEGEND_ROW = 18;
const LEGEND_GAP = 16;
const LEGEND_LABEL_WIDTH = 230;
/** Part of a drawing's height that its legend may take. */
const LEGEND_SHARE = 0.26;

/**
 * Title, subtitle and legend as markup, from the top edge of the area given; its height is that of the whole drawing.
 *
 * @returns the markup and the height in pixels it takes, 0 when there is nothing to show
 */
export function drawHeader(
  header: Header,
  area: { x: number; y: number; width: number; height: number },
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
    const maxRows = Math.max(1, Math.floor((area.height * LEGEND_SHARE) / LEGEND_ROW));
    const legend = drawLegend(header.legend, { ...area, y: y + 4, maxRows });
    markup += legend.markup;
    y += 8 + legend.height;
  }
  return { markup, height: y - area.y };
}

/** Legend entries in reading order, on as few rows as they need; in equal columns where that costs no further row. */
function drawLegend(
  entries: readonly LegendEntry[],
  area: { x: number; y: number; width: number; maxRows: number },
): { markup: string; height: number } {
  const shareOfRow = area.width / entries.length - SWATCH - 6 - LEGEND_GAP;
  const labelWidth = Math.min(Math.max(LEGEND_LABEL_WIDTH, shareOfRow), area.width - SWATCH - 6);
  const labels = entries.map((entry) => ellipsize(entry.label, labelWidth, sizes.small));
  const swatches = entries.map(({ shape }) => 6 + (shape === "ramp" ? RAMP_STEP * theme.ramp.length : SWATCH));
  const widths = labels.map((label, i) => swatches[i] + textWidth(label, sizes.small) + LEGEND_GAP);
  const flowing = rowsOf(widths, area.width + LEGEND_GAP);
  const columns = rowsOf(widths.map(() => Math.max(...widths)), area.width + LEGEND_GAP);
  const aligned = flowing.length > 1 && columns.length <= flowing.length;
  const rows = aligned ? columns : flowing;
  let markup = "";
  rows.slice(0, area.maxRows).forEach((row, rowIndex) => {
    let x = area.x;
    const middle = area.y + (rowIndex + 0.5) * LEGEND_ROW;
    const baseline = middle + sizes.small * 0.36;
    const isCut = rowIndex === area.maxRows - 1 && rows.length > area.maxRows;
    for (const index of row) {
      if (isCut && index === row[row.length - 1]) {
        const missing = `and ${entries.length - index} more`;
        markup += textElement(missing, x, baseline, { "font-size": sizes.small, fill: colors.muted });
        break;
      }
      markup += swatch(entries[index], x, middle);
      markup += textElement(labels[index], x + swatches[index], baseline, {
        "font-size": sizes.small,
        fill: colors.ink,
      });
      x += aligned ? Math.max(...widths) : widths[index];
    }
  });
  return { markup, height: Math.min(rows.length, area.maxRows) * LEGEND_ROW };
}

/** Indices of boxes, filled into rows of a width from left to right; each row holds at least one. */
function rowsOf(widths: readonly number[], rowWidth: number): number[][] {
  const rows: number[][] = [];
  let left = 0;
  widths.forEach((width, index) => {
    if (rows.length === 0 || width > left) {
      rows.push([]);
      left = rowWidth;
    }
    rows[rows.length - 1].push(index);
    left -= width;
  });
  return rows;
}

function swatch({ shape, color, dash }: LegendEntry, x: number, y: number): string {
  if (shape === "square") return element("rect", { x: x + 4, y: y - 5, width: 10, height: 10, rx: 2, fill: color });
  if (shape === "band") {
    return element("rect", { x, y: y - 5, width: SWATCH, height: 10, fill: color, "fill-opacity": "0.2" });
  }
  if (shape === "ramp") {
    const cell = { y: y - 5, width: RAMP_STEP, height: 10 };
    return theme.ramp.map((fill, i) => element("rect", { x: x + i * RAMP_STEP, ...cell, fill })).join("");
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
  if (shape === "line") return line;
  if (shape === "dotted line") {
    return line + element("circle", { cx: x + SWATCH / 2, cy: y, r: strokes.markRadius, fill: color });
  }
  const raw = [0, 3, 6, 9, 12, 15, 18].map((dx, i) => `${x + dx},${y + (i % 2 ? 4 : -4)}`).join("L");
  return element("path", { d: `M${raw}`, fill: "none", stroke: color, "stroke-opacity": "0.4" }) + line;
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

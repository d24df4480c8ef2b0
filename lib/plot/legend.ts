import { formatNumber } from "./axes.ts";
import type { LegendEntry } from "./header.ts";
import type { DrawnLine } from "./line.ts";

/** Entries for lines: how each is drawn. */
export function lineEntries(lines: readonly DrawnLine[]): LegendEntry[] {
  return lines.map((line): LegendEntry => ({
    label: line.label,
    color: line.color,
    dash: line.dash,
    shape: line.marked ? "dotted line" : line.raw.length > 0 ? "smoothed line" : "line",
  }));
}

/** Entries for the bands of lines. */
export function bandEntries(lines: readonly DrawnLine[]): LegendEntry[] {
  return lines.filter((line) => line.band && line.edges.length > 0)
    .map((line): LegendEntry => ({ label: line.band!.label, color: line.color, shape: "band" }));
}

/** The last value of the line as drawn, and whether it is an average. */
export function latestNote(line: DrawnLine): string {
  const value = formatNumber(line.path[line.path.length - 1].value);
  return line.weight > 0 ? `smoothed ${value}` : `last ${value}`;
}

import type * as Plot from "@observablehq/plot";
import type { DrawnLine } from "./line.ts";
import { ellipsize, textWidth } from "./text.ts";
import { theme } from "./theme.ts";

/** Names of lines written at their ends. */
export interface EndLabels {
  /** Pixels they need right of the plot. */
  width: number;
  mark: Plot.Markish;
}

const { sizes, colors } = theme;
/** Height in pixels of a label with the room around it. */
const ROW = 15;
/** Pixels between the plot and the labels, crossed by the leaders. */
const LEADER = 18;
const MOST_LABELS = 8;
/** Part of the chart's width that labels may take. */
const WIDTH_SHARE = 0.26;
/** Part of the horizontal axis that every line must reach for its end to be near the labels. */
const REACH = 0.9;

/**
 * Labels right of the plot, each joined to the end of its line and moved up or down just enough not to cover another: a
 * reader need not look up colours in a legend. Undefined where they would not work: one line or more than eight, lines
 * that end early, long names, or too little height.
 *
 * @param lines that are to be named
 * @param chart width and height in pixels of the plot, and the ends of its horizontal axis
 */
export function endLabels(
  lines: readonly DrawnLine[],
  chart: { width: number; height: number; domain: readonly [number, number] },
): EndLabels | undefined {
  const { domain: [from, to] } = chart;
  if (lines.length < 2 || lines.length > MOST_LABELS || lines.length * ROW > chart.height) return undefined;
  if (lines.some(({ path }) => path[path.length - 1].x < from + REACH * (to - from))) return undefined;
  const widest = Math.max(...lines.map(({ label }) => textWidth(label, sizes.small)));
  const room = chart.width * WIDTH_SHARE - LEADER - 4;
  if (widest > room) return undefined;
  return { width: LEADER + Math.ceil(widest) + 4, mark: labelMark(lines) };
}

/** Shortest moves that leave `gap` between neighbours and keep all within `[low, high]`; the order stays. */
export function spreadOut(wanted: readonly number[], gap: number, [low, high]: readonly [number, number]): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b] || a - b);
  // Blocks of labels that touch each other; each stands where its members' wishes agree on average.
  let blocks: { members: number[]; start: number }[] = [];
  const startOf = (members: readonly number[]) => {
    const mean = members.reduce((sum, member, i) => sum + wanted[member] - i * gap, 0) / members.length;
    return Math.max(low, Math.min(high - (members.length - 1) * gap, mean));
  };
  for (const index of order) {
    let block = { members: [index], start: startOf([index]) };
    for (;;) {
      const last = blocks[blocks.length - 1];
      if (!last || last.start + last.members.length * gap <= block.start) break;
      blocks = blocks.slice(0, -1);
      const members = [...last.members, ...block.members];
      block = { members, start: startOf(members) };
    }
    blocks.push(block);
  }
  const placed = new Array<number>(wanted.length);
  for (const { members, start } of blocks) members.forEach((member, i) => placed[member] = start + i * gap);
  return placed;
}

function labelMark(lines: readonly DrawnLine[]): Plot.RenderFunction {
  return (_index, scales, _values, dimensions, context) => {
    const { width, height, marginRight, marginTop, marginBottom } = dimensions;
    const right = width - marginRight;
    const [top, bottom] = [marginTop, height - marginBottom];
    const ends = lines.map(({ path }) => path[path.length - 1]);
    const at = ends.map(({ value }) => Math.max(top, Math.min(bottom, scales.y!(value) as number)));
    const places = spreadOut(at, ROW, [top, bottom]);
    const create = (name: string, attributes: Record<string, string | number>, text?: string) => {
      const node = context.document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
      if (text !== undefined) node.textContent = text;
      return node;
    };
    const group = create("g", { "text-anchor": "start", "font-size": sizes.small }) as unknown as {
      append(...nodes: object[]): void;
    };
    lines.forEach(({ color, label }, i) => {
      const x = scales.x!(ends[i].x) as number;
      const points = [[x + 2, at[i]], [Math.max(x, right) + 3, at[i]], [right + LEADER - 5, places[i]]];
      group.append(
        create("path", {
          d: `M${points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join("L")}`,
          fill: "none",
          stroke: color,
          "stroke-width": 1.25,
        }),
        create(
          "text",
          { x: right + LEADER, y: places[i] + sizes.small * 0.36, fill: colors.ink },
          ellipsize(label, marginRight - LEADER, sizes.small),
        ),
      );
    });
    return group as unknown as ReturnType<Plot.RenderFunction>;
  };
}

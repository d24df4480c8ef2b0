import { drawHeader, type LegendEntry } from "./header.ts";
import { attributes, element, prefixIds, svgSize, type SvgString } from "./svg.ts";
import { theme } from "./theme.ts";

/** Size in pixels a dashboard gives each of its panels. */
export interface PanelSize {
  width: number;
  height: number;
}

/** A finished drawing, or a function that draws one at the size it is given. */
export type Panel = SvgString | ((size: PanelSize) => SvgString);

/** Words and grid of a dashboard. */
export interface DashboardOptions {
  title?: string;
  subtitle?: string;
  /** Panels side by side. Default 3, or fewer when there are fewer panels. */
  columns?: number;
  /** Size of a panel drawn by a function, in pixels. Default 372 by 276. */
  panelWidth?: number;
  panelHeight?: number;
  /** One legend for all panels, such as the names of the runs. */
  legend?: readonly LegendEntry[];
}

/**
 * Several charts as one drawing, row by row. A column is as wide as its widest panel, a row as high as its highest.
 *
 * ```ts
 * dashboard([(size) => lossCurve(rows, size), (size) => klCurve(rows, size)], { title: "Two charts" });
 * ```
 *
 * @throws {RangeError} when `columns` is not a positive whole number
 */
export function dashboard(panels: readonly Panel[], options: DashboardOptions = {}): SvgString {
  const { gap } = theme.panel;
  const columns = options.columns ?? Math.max(1, Math.min(3, panels.length));
  if (!(Number.isInteger(columns) && columns > 0)) {
    throw new RangeError(`dashboard needs a positive whole number of columns, got ${columns}.`);
  }
  const size = { width: options.panelWidth ?? theme.panel.width, height: options.panelHeight ?? theme.panel.height };
  const drawn = panels.map((panel) => {
    const svg = typeof panel === "string" ? panel : panel(size);
    return { svg, ...svgSize(svg) };
  });
  const rows = Math.ceil(drawn.length / columns);
  const widths = largest(columns, drawn.map(({ width }, index) => [index % columns, width]));
  const heights = largest(rows, drawn.map(({ height }, index) => [Math.floor(index / columns), height]));
  const width = Math.max(size.width + 2 * gap, sum(widths) + gap * (widths.filter((each) => each > 0).length + 1));

  const panelsHeight = sum(heights) + gap * rows;
  const area = { x: gap + 2, y: gap, width: width - 2 * gap - 4, height: panelsHeight };
  const header = drawHeader(options, area, theme.sizes.dashboardTitle);
  const top = gap + header.height + (header.height > 0 ? 6 : 0);
  const height = top + panelsHeight;
  let body = element("rect", { width, height, fill: theme.colors.canvas }) + header.markup;
  drawn.forEach(({ svg, ...own }, index) => {
    const x = gap + sum(widths.slice(0, index % columns)) + gap * (index % columns);
    const y = top + sum(heights.slice(0, Math.floor(index / columns))) + gap * Math.floor(index / columns);
    body += placed(prefixIds(svg, `p${index + 1}-`), x, y);
    body += element("rect", { x, y, ...own, rx: 4, fill: "none", stroke: theme.colors.border });
  });
  return element("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    "font-family": theme.fontFamily,
    role: "img",
    "aria-label": options.title,
    style: "max-width:100%;height:auto",
  }, body);
}

/** The drawing as a nested element: its own size and view box, at a place. */
function placed(svg: SvgString, x: number, y: number): string {
  const { width, height } = svgSize(svg);
  const viewBox = / viewBox="([^"]*)"/.exec(svg)?.[1];
  const open = `<svg${attributes({ x, y, width, height, viewBox })}>`;
  return svg.slice(svg.indexOf("<svg")).replace(/^<svg\b[^>]*>/, () => open).trimEnd();
}

function largest(length: number, entries: readonly (readonly [number, number])[]): number[] {
  const result = new Array<number>(length).fill(0);
  for (const [index, value] of entries) result[index] = Math.max(result[index], value);
  return result;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

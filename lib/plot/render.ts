import * as Plot from "@observablehq/plot";
import { drawHeader, type Header, type LegendEntry, textElement } from "./header.ts";
import { document, element, serializeChildren, type SvgNode, type SvgString } from "./svg.ts";
import { ellipsize, ellipsizeName, wrap } from "./text.ts";
import { seriesColor, theme } from "./theme.ts";

/** Size in pixels and words of a chart. */
export interface ChartOptions {
  title?: string;
  subtitle?: string;
  /** Width of the whole drawing in pixels. Default 640. */
  width?: number;
  /** Height of the whole drawing in pixels, title and legend included. Default 360. */
  height?: number;
  /**
   * True (default) names lines at their ends where there is room and in a legend above the plot where there is not;
   * "above" always takes the legend; false leaves it out, as in a dashboard that shows one for all its panels.
   */
  legend?: boolean | "above";
}

/**
 * One plot of a figure; `height` is its share of the room below the header in pixels, the last plot may leave it open.
 */
export interface FigurePart {
  options: Plot.PlotOptions;
  height?: number;
  /** Name of the value axis, written above its left end. */
  valueLabel?: string;
  /** Name of the horizontal axis, written below its right end. */
  baseLabel?: string;
}

/** The frame of a chart: words above, plots stacked below, all in the house style. */
export interface Figure extends Header {
  width: number;
  height: number;
  parts: readonly FigurePart[];
}

/**
 * Draws an Observable Plot in the house style as a self-contained SVG.
 *
 * ```ts
 * renderPlot({ marks: [Plot.dot(rows, { x: "completions/mean_length", y: "reward" })] }, { title: "Length and reward" });
 * ```
 *
 * @param options what `Plot.plot` takes; `width` and `height` are those of the whole drawing with its title.
 *   `color: { legend: true }` draws a legend for a colour scale of names.
 * @param header title and subtitle above the plot
 * @throws {TypeError} when a legend is asked for a colour scale that is not one of names
 */
export function renderPlot(
  options: Plot.PlotOptions,
  header: Pick<ChartOptions, "title" | "subtitle"> = {},
): SvgString {
  const { width = theme.chart.width, height = theme.chart.height, ...rest } = options;
  const { legend: wantsLegend, ...color } = options.color ?? {};
  const names = namedColors({ ...rest, color });
  if (wantsLegend && !names) {
    throw new TypeError(
      `A legend needs a colour scale of names. Give the colour channel strings, or color: { type: "categorical" }.`,
    );
  }
  return drawFigure({
    ...header,
    legend: wantsLegend ? names : undefined,
    width,
    height,
    parts: [{
      options: {
        marginLeft: 52,
        marginBottom: 38,
        marginTop: 24,
        marginRight: 12,
        ...rest,
        color: names ? { ...color, range: names.map((entry) => entry.color) } : color,
      },
    }],
  });
}

/** Pixels of height that a figure leaves for its parts. */
export function roomForParts(figure: Omit<Figure, "parts">): number {
  return figure.height - partsFrom(headerOf(figure).height) - theme.chart.padding / 2;
}

function headerOf(figure: Omit<Figure, "parts">): { markup: string; height: number } {
  const { padding } = theme.chart;
  const { width, height } = figure;
  return drawHeader(figure, { x: padding, y: padding, width: width - 2 * padding, height });
}

function partsFrom(headerHeight: number): number {
  return theme.chart.padding + headerHeight + (headerHeight > 0 ? 4 : 0);
}

/** Draws a figure: background, header, and each plot at its place. */
export function drawFigure(figure: Figure): SvgString {
  const { padding } = theme.chart;
  const { width, height } = figure;
  const header = headerOf(figure);
  let body = element("rect", { width, height, fill: theme.colors.background }) + header.markup;
  let top = partsFrom(header.height);
  const given = figure.parts.reduce((sum, part) => sum + (part.height ?? 0), 0);
  const open = figure.parts.filter((part) => part.height === undefined).length;
  // A header that fills a small drawing still leaves room for something that can be seen.
  const share = Math.max(40, (roomForParts(figure) - given) / Math.max(1, open));
  for (const part of figure.parts) {
    const partHeight = part.height ?? share;
    body += drawPart(part, { x: padding, y: top, width: width - 2 * padding, height: partHeight });
    top += partHeight;
  }
  return element("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    "font-family": theme.fontFamily,
    role: "img",
    "aria-label": figure.title,
    style: "max-width:100%;height:auto",
  }, body);
}

function drawPart(part: FigurePart, area: { x: number; y: number; width: number; height: number }): string {
  const drawn = Plot.plot({
    ...part.options,
    document,
    width: area.width,
    height: area.height,
  } as Plot.PlotOptions) as unknown as SvgNode;
  const small = { "font-size": theme.sizes.small, fill: theme.colors.muted };
  let words = "";
  const fitting = (text: string) => ellipsizeName(text, area.width, theme.sizes.small);
  if (part.valueLabel) words += textElement(fitting(part.valueLabel), 0, 11, { ...small, "text-anchor": "start" });
  if (part.baseLabel) {
    const { marginLeft = 0, marginRight = 0 } = part.options;
    const label = ellipsize(part.baseLabel, area.width - marginLeft - marginRight, theme.sizes.small);
    words += textElement(label, area.width - marginRight, area.height - 3, { ...small, "text-anchor": "end" });
  }
  return element("g", {
    transform: `translate(${Math.round(area.x)},${Math.round(area.y)})`,
    fill: theme.colors.ink,
    color: theme.colors.ink,
    "font-size": String(theme.sizes.small),
    "text-anchor": "middle",
  }, serializeChildren(drawn) + words);
}

/**
 * Names of the plot's colour scale and their colours, in the house's unless others were chosen; undefined for other
 * scales.
 */
function namedColors(options: Plot.PlotOptions): LegendEntry[] | undefined {
  const scale = Plot.plot({ ...options, document } as Plot.PlotOptions).scale("color");
  if (scale?.type !== "ordinal" && scale?.type !== "categorical") return undefined;
  const isChosen = options.color?.range !== undefined || options.color?.scheme !== undefined;
  const range = [...(scale.range ?? [])] as string[];
  return [...(scale.domain ?? [])].map((name, index) => ({
    label: String(name),
    color: isChosen && range.length > 0 ? range[index % range.length] : seriesColor(index),
    shape: "square",
  }));
}

/** A drawing that says in its middle why there is nothing else on it. */
export function emptyFigure(figure: Omit<Figure, "parts">, message: string): SvgString {
  const { axis, muted } = theme.colors;
  const fontSize = theme.sizes.subtitle;
  // A metric's name without spaces may be wider than the drawing.
  const lines = wrap(message, figure.width - 2 * theme.chart.padding - 24, fontSize, 3);
  return drawFigure({
    ...figure,
    parts: [{
      options: {
        margin: 1,
        marginBottom: 9,
        x: { domain: [0, 1], axis: null },
        y: { domain: [0, 1], axis: null },
        marks: [
          Plot.frame({ stroke: axis, strokeDasharray: "4 4", rx: 4 }),
          Plot.text([lines.join("\n")], { frameAnchor: "middle", fontSize, lineHeight: 1.35, fill: muted }),
        ],
      },
    }],
  });
}

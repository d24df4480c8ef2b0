/**
 * The one style of every chart: colours, sizes, fonts. Charts read from here and set nothing of their own.
 *
 * The series colours stay apart under protanopia, deuteranopia and tritanopia, and each has a contrast of at least 3 to
 * 1 with the white behind it (a test computes both).
 */
export const theme = {
  /** DejaVu Sans is shipped and used for PNG; Verdana has nearly the same widths where a browser lacks it. */
  fontFamily: `"DejaVu Sans", Verdana, sans-serif`,
  colors: {
    /** Behind a chart. */
    background: "#ffffff",
    /** Behind the panels of a dashboard. */
    canvas: "#f3f5f8",
    /** Border of a dashboard panel. */
    border: "#dfe3e9",
    /** Titles, and the line that matters most. */
    ink: "#1d2433",
    /** Axis labels, ticks, subtitles. */
    muted: "#5a6475",
    grid: "#e8ebf0",
    /** The line y = 0 and the bottom axis. */
    axis: "#aab2bf",
  },
  /** Series in order; a ninth series starts over with the next dash pattern. */
  series: ["#0e6fb8", "#df733b", "#01a484", "#ae3b7a", "#3f3a8e", "#946b00", "#6184af", "#902725"],
  /** Dash patterns (SVG stroke-dasharray), one for each time the colours were used up. */
  dashes: ["", "6 3", "2 3"],
  sizes: {
    dashboardTitle: 19,
    title: 15,
    subtitle: 12.5,
    /** Ticks, axis labels, legends: still easy to read in a notebook cell at 100 %. */
    small: 12,
  },
  /** From few to many, light to dark, in one hue: order survives any colour vision and a grey printer. */
  ramp: ["#e4eef7", "#b5d2ea", "#7fb2da", "#4290c7", "#0e6fb8", "#0a4a7d"],
  strokes: { smooth: 2, emphasis: 2.5, raw: 1, thin: 1.25, dotRadius: 1.8, markRadius: 2.8 },
  opacities: { raw: 0.32, rawOverlaid: 0.18, band: 0.13, bar: 0.95 },
  chart: { width: 640, height: 360, padding: 16 },
  panel: { width: 384, height: 284, gap: 14 },
} as const;

/** Colour of the series number `index`, counted from 0. */
export function seriesColor(index: number): string {
  return theme.series[index % theme.series.length];
}

/** Dash pattern of the series number `index`; an empty string is a solid line. */
export function seriesDash(index: number): string {
  return theme.dashes[Math.floor(index / theme.series.length) % theme.dashes.length];
}

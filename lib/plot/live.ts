import type { StepRow } from "./rows.ts";
import type { SvgString } from "./svg.ts";

/** Where a live chart appears: a notebook cell whose output can be replaced, or anything else that shows an SVG. */
export interface ChartDisplay {
  show(svg: SvgString): Promise<void> | void;
}

/** Options of a live chart. */
export interface LiveChartOptions {
  /** Draws all rows so far, such as `grpoDashboard`. */
  draw: (rows: readonly StepRow[]) => SvgString;
  display: ChartDisplay;
  /** Shortest time between two drawings in milliseconds. Default 1000. */
  everyMs?: number;
  /** Clock in milliseconds; replaced in tests. */
  now?: () => number;
}

/** A chart that follows a run. */
export interface LiveChart {
  /**
   * Takes all rows so far and redraws if the last drawing is long enough ago. Never throws: a chart must not end a run
   * that took hours; the first error stops further drawing and comes out of {@link LiveChart.finish}.
   */
  update(rows: readonly StepRow[]): Promise<void>;
  /**
   * Draws the last rows, whatever the clock says.
   *
   * @throws what drawing or showing threw first, now or during an update
   */
  finish(): Promise<void>;
}

/** Drawing takes at most one part in this many of the time, however slow the chart or the display is. */
const LARGEST_SHARE = 10;

/**
 * A chart in a notebook cell that is redrawn in place while a run goes on.
 *
 * ```ts
 * const chart = liveChart({ draw: grpoDashboard, display });
 * for await (const row of grpo(options)) {
 *   rows.push(row);
 *   await chart.update(rows);
 * }
 * await chart.finish();
 * ```
 */
export function liveChart(options: LiveChartOptions): LiveChart {
  const { draw, display, everyMs = 1000, now = () => performance.now() } = options;
  let latest: readonly StepRow[] = [];
  let nextAt = -Infinity;
  let inFlight: Promise<void> | undefined;
  let failure: { error: unknown } | undefined;

  async function redraw(): Promise<void> {
    const startedAt = now();
    try {
      await display.show(draw(latest));
    } catch (error) {
      failure ??= { error };
    }
    const finishedAt = now();
    nextAt = Math.max(startedAt + everyMs, finishedAt + (LARGEST_SHARE - 1) * (finishedAt - startedAt));
  }

  return {
    async update(rows) {
      latest = rows;
      if (failure || inFlight || now() < nextAt) return;
      inFlight = redraw();
      await inFlight;
      inFlight = undefined;
    },
    async finish() {
      await inFlight;
      if (!failure) await redraw();
      if (failure) throw failure.error;
    },
  };
}
